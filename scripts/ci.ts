// .ci/run: every `check:*` script of package.json and then the tests, one line each and the whole output of what failed.
// All run even if one fails. The last line counts checks and tests together: `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

export interface Count {
  passed: number;
  failed: number;
}

/** The totals that Hardhat prints at the end of a run: `3 passing (2 solidity, 1 mocha)` and `1 failing (1 mocha)`. */
export function countTests(output: string): Count {
  const total = (word: string) => {
    const lines = [...stripVTControlCharacters(output).matchAll(new RegExp(`^(\\d+) ${word} \\(`, "gm"))];
    return Number(lines.at(-1)?.[1] ?? 0);
  };
  return { passed: total("passing"), failed: total("failing") };
}

/** One check: prints its line and, if it failed, what it printed. */
function run(script: string): { ok: boolean; output: string } {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync("npm", ["run", "-s", script], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const ok = status === 0;
  console.log(`${ok ? "ok  " : "FAIL"}  ${script.replace("check:", "").padEnd(10)}  ${seconds}s`);
  if (!ok) console.log(`${stdout}${stderr}`);
  return { ok, output: stdout };
}

if (import.meta.main) {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const checks = Object.keys(scripts).filter((name) => name.startsWith("check:"));
  const count: Count = { passed: 0, failed: 0 };
  for (const script of [...checks, "test"]) {
    const { ok, output } = run(script);
    const tests = script === "test" ? countTests(output) : { passed: 0, failed: 0 };
    count.passed += tests.passed + (ok ? 1 : 0);
    count.failed += tests.failed + (ok ? 0 : 1);
  }
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed > 0 ? 1 : 0;
}
