// npm run fuzz [-- FILE ...]: the tests with big budgets, one line per test as it passes.
import { spawnSync } from "node:child_process";
import { fuzzSeed } from "../test/budget.ts";

console.log(`seed of the Solidity tests: ${fuzzSeed} (ASSAY_SEED=${fuzzSeed} repeats it)`);
const { status } = spawnSync(
  "hardhat",
  ["test", "--test-profile", "deep", ...process.argv.slice(2)],
  { stdio: "inherit", env: { ...process.env, ASSAY_FUZZ: "1", ASSAY_SEED: fuzzSeed } },
);
process.exitCode = status ?? 1;
