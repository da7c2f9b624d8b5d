// .ci/run: every `check:*` script of package.json and then the tests, one line each and the whole output of what failed.
// All run even if one fails, the last two side by side. The last line counts checks and tests together: `N passed, N failed`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
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
async function run(script: string): Promise<{ ok: boolean; output: string }> {
  const started = performance.now();
  const child = spawn("npm", ["run", "-s", script], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
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
  const check = async (script: string) => {
    const { ok, output } = await run(script);
    const tests = script === "test" ? countTests(output) : { passed: 0, failed: 0 };
    count.passed += tests.passed + (ok ? 1 : 0);
    count.failed += tests.failed + (ok ? 0 : 1);
  };
  // The two long ones share nothing, coverage works in a copy of the project; the others share its artifacts.
  const long = ["check:coverage", "test"];
  for (const script of checks.filter((name) => !long.includes(name))) await check(script);
  await Promise.all(long.map(check));
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed > 0 ? 1 : 0;
}
