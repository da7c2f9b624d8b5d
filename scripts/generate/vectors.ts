// npm run generate:vectors: what docs/formats.md and docs/kernels.md mean in bytes, for whoever writes it in another
// language. Made by the TypeScript; test/parity holds the Solidity against it.
import { writeFileSync } from "node:fs";
import { chunkTreeVectors } from "./vectors/chunkTrees.ts";
import { idVectors } from "./vectors/ids.ts";
import { descriptorVectors } from "./vectors/kernels/descriptors.ts";
import { multiproofVectors } from "./vectors/kernels/multiproofs.ts";
import { opcodeVectors } from "./vectors/kernels/opcodes.ts";
import { programVectors } from "./vectors/kernels/programs.ts";
import { runVectors } from "./vectors/kernels/runs.ts";
import { witnessVectors } from "./vectors/kernels/witnesses.ts";
import { kernelTreeVectors } from "./vectors/kernelTrees.ts";
import { wordVectors } from "./vectors/words.ts";

/** File names and contents. JSON has no integers beyond 2^53: bigints become decimal strings. */
export async function vectorFiles(): Promise<Map<string, string>> {
  const vectors = {
    chunkTrees: chunkTreeVectors(),
    kernelTrees: kernelTreeVectors(),
    words: wordVectors(),
    ids: await idVectors(),
    "kernels/descriptors": descriptorVectors(),
    "kernels/opcodes": opcodeVectors(),
    "kernels/runs": runVectors(),
    "kernels/programs": programVectors(),
    "kernels/multiproofs": multiproofVectors(),
    "kernels/witnesses": witnessVectors(),
  };
  const decimal = (_: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
  return new Map(
    Object.entries(vectors).map(([name, content]) => [
      `test/vectors/${name}.json`,
      `${JSON.stringify(content, decimal, 2)}\n`,
    ]),
  );
}

if (import.meta.main) for (const [file, content] of await vectorFiles()) writeFileSync(file, content);
