// Coverage compiles instrumented copies of the contracts: they must not replace the artifacts that everything else uses.
import { defineConfig } from "hardhat/config";
import base from "../../hardhat.config.ts";

export default defineConfig({
  ...base,
  paths: { ...base.paths, artifacts: "coverage/artifacts", cache: "coverage/cache" },
  typechain: { ...base.typechain, outDir: "coverage/types" },
});
