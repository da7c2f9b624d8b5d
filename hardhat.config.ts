import { globSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatEthersChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatTypechain from "@nomicfoundation/hardhat-typechain";
import { defineConfig, overrideTask } from "hardhat/config";
import type { HardhatPlugin } from "hardhat/types/plugins";
import { seed } from "./test/budget.ts";

// Hardhat's own compiler download needs more than the npm registry; the npm package is the same compiler.
const solcPath = createRequire(import.meta.url).resolve("solc/soljson.js");

const solc = {
  version: "0.8.37",
  path: solcPath,
  settings: {
    evmVersion: "osaka",
    viaIR: true,
    optimizer: { enabled: true, runs: 500 },
    // For scripts/checks/compiler.ts: which functions and events have a @notice.
    outputSelection: { "*": { "*": ["userdoc"] } },
  },
};

// Through the intermediate representation a pointer to an internal function is a number, looked up in a chain of
// comparisons at every call; without it, it is the place to jump to, which is what TensorVM needs. More runs make its
// kernels faster and longer: the largest one must stay below EIP-3860's limit (test/vm/limits.test.ts). Floats are
// tested and measured as they are compiled there.
const solcWithoutIr = {
  ...solc,
  settings: { ...solc.settings, viaIR: false, optimizer: { enabled: true, runs: 1_000 } },
};

const fuzzSeed = `0x${seed.toString(16).padStart(64, "0")}`;

/** TypeScript tests stand beside what they test, so the runner takes them by name and not from one folder. */
const testFiles = overrideTask(["test", "mocha"])
  .setInlineAction((args, _hre, runSuper) => {
    const all = () => globSync("{oracle,scripts,test}/**/*.test.ts").sort();
    return runSuper({ ...args, testFiles: args.testFiles.length > 0 ? args.testFiles : all() });
  })
  .build();

/** The environment of the workers that run the test files, and of all that these start. */
const workers: HardhatPlugin = {
  id: "workers",
  hookHandlers: {
    test: async () => ({
      default: async () => ({
        onTestRunStart: (context, id, next) => {
          // Hardhat gives its workers a loader of TypeScript, which Node has itself.
          delete process.env.NODE_OPTIONS;
          // Halves the time that a command takes to load.
          process.env.NODE_COMPILE_CACHE = fileURLToPath(new URL("node_modules/.cache/assay", import.meta.url));
          return next(context, id);
        },
      }),
    }),
  },
};

export default defineConfig({
  plugins: [hardhatEthers, hardhatEthersChaiMatchers, hardhatMocha, hardhatNetworkHelpers, hardhatTypechain, workers],
  tasks: [testFiles],
  // Contracts that only tests use live in test/contracts: compiled and typed like the others, but never counted as ours.
  paths: {
    sources: ["contracts", "test/contracts"],
    tests: { mocha: "test", solidity: "test/contracts" },
  },
  // TypeChain's namespaces of types are more than erasableSyntaxOnly allows; the types are used all the same.
  typechain: { outDir: "types", dontOverrideCompile: false, tsNocheck: true },
  solidity: {
    npmFilesToBuild: [],
    compilers: [solc],
    overrides: {
      "contracts/vm/KernelRuntime.sol": solcWithoutIr,
      "contracts/vm/TensorVM.sol": solcWithoutIr,
      "test/contracts/Float64Harness.sol": solcWithoutIr,
    },
  },
  networks: {
    default: { type: "edr-simulated", hardfork: "osaka", chainId: 31337 },
  },
  test: {
    // A skipped test is a failure: what cannot run here is declared with describeShared (test/shared.ts) instead.
    mocha: {
      forbidPending: true,
      forbidOnly: process.env.CI !== undefined,
      timeout: 60_000,
      parallel: true,
      require: [fileURLToPath(new URL("test/workerErrors.ts", import.meta.url))],
      jobs: Math.max(2, availableParallelism()),
    },
    solidity: {
      profiles: {
        default: { fuzz: { runs: 256, seed: fuzzSeed }, invariant: { runs: 32, depth: 64 } },
        deep: {
          fuzz: { runs: 20_000, seed: fuzzSeed },
          invariant: { runs: 512, depth: 256 },
        },
      },
    },
  },
  coverage: { skipFiles: ["test/**", "contracts/examples/**", "contracts/vm/**"] },
});
