// npm run check:coverage: the lines of the core contracts that no test reaches, and a floor under those that one does.
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FLOOR_PERCENT = 95;
const COPY = "coverage/project";

/**
 * The tests that run contracts in their own process; what other processes run, nobody measures. The campaigns, long and random,
 * are left out: a line should have a test that is about it.
 */
const TEST = /\.test\.ts$/;
const CONTRACT_TEST =
  /^test\/((consumer|coordinator(?!\/campaign)|dispute(?!\/campaign)|parity)\/.*|tensors)\.test\.ts$/;

/**
 * TensorVM makes code from a part of its own and jumps into the middle of it: a probe in there would end up in every
 * kernel and count, or break, what is not its line. test/vm and scripts/bench/vm.ts run it as it is; here disputes meet a
 * contract of its name that deploys the code it is compiled to. What else is in its directory has no probes
 * (hardhat.config.ts): contracts that are measured use parts of it.
 */
const MACHINE = "contracts/vm";
const MACHINE_FILE = `${MACHINE}/TensorVM.sol`;

export interface FileCoverage {
  file: string;
  lines: number;
  hit: number;
  /** Line numbers without a hit, ascending. */
  missed: number[];
}

/** Reads an lcov tracefile: `SF:` opens a file, `DA:line,count` is one of its lines, `end_of_record` closes it. */
export function parseLcov(text: string): FileCoverage[] {
  return text
    .split("end_of_record")
    .map((record) => {
      const file = /^SF:(.*)$/m.exec(record)?.[1] ?? "";
      const counts = [...record.matchAll(/^DA:(\d+),(\d+)/gm)].map(([, line, count]) => [Number(line), Number(count)]);
      const missed = counts.flatMap(([line = 0, count = 0]) => (count === 0 ? [line] : [])).sort((a, b) => a - b);
      return { file, lines: counts.length, hit: counts.length - missed.length, missed };
    })
    .filter(({ file }) => file !== "");
}

/** Lines hit of all lines in percent; NaN where there are none, which is below any floor. */
export function percent(files: FileCoverage[]): number {
  const sum = (key: "lines" | "hit") => files.reduce((total, file) => total + file[key], 0);
  return (100 * sum("hit")) / sum("lines");
}

/** Ascending line numbers, neighbours joined: `3 7-9`. */
export function ranges(lines: number[]): string {
  const starts = lines.filter((line) => !lines.includes(line - 1));
  const ends = lines.filter((line) => !lines.includes(line + 1));
  return starts.map((start, index) => (start === ends[index] ? start : `${start}-${ends[index]}`)).join(" ");
}

/** The contracts the floor is about: not the examples, not the machine, and no tests or harnesses. */
export function isCore(file: string): boolean {
  const isOurs = file.startsWith("contracts/") && !file.endsWith(".t.sol");
  return isOurs && !file.startsWith("contracts/examples/") && !file.startsWith(MACHINE);
}

/**
 * Hardhat puts instrumented contracts where the real ones were, and TypeChain's factories with them. So the tests run in
 * a copy of the project, which finds node_modules above it and no ../shared beside it.
 */
function copyProject(): void {
  for (const entry of ["contracts", "models", "oracle", "scripts", "test", "hardhat.config.ts", "package.json"]) {
    rmSync(join(COPY, entry), { recursive: true, force: true });
    cpSync(entry, join(COPY, entry), {
      recursive: true,
      filter: (path) => !TEST.test(path) || CONTRACT_TEST.test(path),
    });
  }
  writeFileSync(join(COPY, MACHINE_FILE), compiledMachine());
}

/** Its constructor runs, too: it sets the immutables. */
function compiledMachine(): string {
  const { bytecode } = JSON.parse(readFileSync(`artifacts/${MACHINE_FILE}/TensorVM.json`, "utf8"));
  return `pragma solidity 0.8.37;

contract TensorVM {
    constructor() {
        bytes memory code = hex"${bytecode.slice(2)}";
        assembly {
            let machine := create(0, add(code, 32), mload(code))
            extcodecopy(machine, 0, 0, extcodesize(machine))
            return(0, extcodesize(machine))
        }
    }
}
`;
}

if (import.meta.main) {
  copyProject();
  const { status } = spawnSync("hardhat", ["--coverage", "test"], { cwd: COPY, stdio: "inherit" });
  const files = parseLcov(readFileSync(join(COPY, "coverage/lcov.info"), "utf8")).filter(({ file }) => isCore(file));
  for (const file of files) {
    const missed = file.missed.length > 0 ? `  not reached: ${ranges(file.missed)}` : "";
    console.log(`${percent([file]).toFixed(1).padStart(6)} %  ${file.file}${missed}`);
  }
  console.log(`${percent(files).toFixed(1).padStart(6)} %  of ${files.length} files, floor ${FLOOR_PERCENT} %`);
  process.exitCode = status === 0 && percent(files) >= FLOOR_PERCENT ? 0 : 1;
}
