// npm run generate:abi: the interfaces that the oracle speaks, from the compiled contracts. They are committed, because
// an installed oracle has no compiler.
import { readFileSync, writeFileSync } from "node:fs";
import { type Fragment, Interface, type InterfaceAbi } from "ethers";

const FILE = "oracle/chain/abi.ts";
/** Of fragments with one signature the first is taken: interfaces name all parameters. */
const CONTRACTS = {
  COORDINATOR_ABI: ["inference/InferenceCoordinator"],
  MODEL_REGISTRY_ABI: ["registry/ModelRegistry"],
  DISPUTE_GAME_ABI: ["interfaces/IDisputeGame", "interfaces/IReceipts", "dispute/DisputeGame"],
  TENSOR_VM_ABI: ["vm/TensorVM"],
  VERDICT_ABI: ["dispute/Verdict"],
};

function fragmentsOf(contract: string): readonly Fragment[] {
  const name = contract.split("/").at(-1);
  const artifact = readFileSync(`artifacts/contracts/${contract}.sol/${name}.json`, "utf8");
  const { abi } = JSON.parse(artifact) as { abi: InterfaceAbi };
  return Interface.from(abi).fragments;
}

const declarations = Object.entries(CONTRACTS).map(([name, contracts]) => {
  const lines = new Map<string, string>();
  for (const fragment of contracts.flatMap(fragmentsOf)) {
    const signature = fragment.format("minimal");
    if (!lines.has(signature)) lines.set(signature, fragment.format("full"));
  }
  const sorted = [...lines.values()].sort();
  return `export const ${name} = [\n${sorted.map((line) => `  ${JSON.stringify(line)},\n`).join("")}] as const;\n`;
});
writeFileSync(FILE, ["// Made by `npm run generate:abi` from the compiled contracts.\n", ...declarations].join("\n"));
