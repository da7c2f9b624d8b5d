import { createRequire } from "node:module";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatEthersChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatTypechain from "@nomicfoundation/hardhat-typechain";
import { defineConfig } from "hardhat/config";

const solcPath = createRequire(import.meta.url).resolve("solc/soljson.js");

export default defineConfig({
  plugins: [
    hardhatEthers,
    hardhatEthersChaiMatchers,
    hardhatMocha,
    hardhatNetworkHelpers,
    hardhatTypechain,
  ],
  paths: { sources: "contracts", tests: { mocha: "test", solidity: "contracts" } },
  typechain: { outDir: "types", dontOverrideCompile: false },
  solidity: {
    npmFilesToBuild: [],
    compilers: [
      {
        version: "0.8.37",
        path: solcPath,
        settings: { evmVersion: "osaka", viaIR: true, optimizer: { enabled: true, runs: 1_000_000 } },
      },
    ],
  },
  networks: {
    default: { type: "edr-simulated", hardfork: "osaka", chainId: 31337 },
  },
});
