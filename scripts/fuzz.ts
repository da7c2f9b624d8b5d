// npm run fuzz [-- FILE ...]: the tests with big budgets and a seed of their own, one line per test as it passes.
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";

const seed = process.env.ASSAY_SEED ?? String(randomInt(2 ** 31));
console.log(`seed ${seed}: ASSAY_SEED=${seed} npm run fuzz repeats this run`);
const { status } = spawnSync("hardhat", ["test", "--test-profile", "deep", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, ASSAY_FUZZ: "1", ASSAY_SEED: seed },
});
process.exitCode = status ?? 1;
