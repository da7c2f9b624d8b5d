// npm run generate:abi: the interfaces that the oracle speaks, from the compiled contracts. They are committed, because
// an installed oracle has no compiler.
import { readFileSync, writeFileSync } from "node:fs";
import { Interface, type InterfaceAbi } from "ethers";

const FILE = "oracle/chain/abi.ts";
const CONTRACTS = {
  COORDINATOR_ABI: "contracts/inference/InferenceCoordinator.sol/InferenceCoordinator",
  MODEL_REGISTRY_ABI: "contracts/registry/ModelRegistry.sol/ModelRegistry",
  DISPUTE_GAME_ABI: "contracts/dispute/DisputeGame.sol/DisputeGame",
  TENSOR_VM_ABI: "contracts/vm/TensorVM.sol/TensorVM",
};

const declarations = Object.entries(CONTRACTS).map(([name, artifact]) => {
  const { abi } = JSON.parse(readFileSync(`artifacts/${artifact}.json`, "utf8")) as { abi: InterfaceAbi };
  const lines = Interface.from(abi).format().sort();
  return `export const ${name} = [\n${lines.map((line) => `  ${JSON.stringify(line)},\n`).join("")}] as const;\n`;
});
writeFileSync(FILE, ["// Made by `npm run generate:abi` from the compiled contracts.\n", ...declarations].join("\n"));
