import { readFileSync } from "node:fs";
import { network } from "hardhat";
import type { chunkTreeVectors } from "../../scripts/generate/vectors/chunkTrees.ts";
import type { idVectors } from "../../scripts/generate/vectors/ids.ts";
import type { kernelTreeVectors } from "../../scripts/generate/vectors/kernelTrees.ts";
import type { wordVectors } from "../../scripts/generate/vectors/words.ts";
import type { FormatsHarness } from "../../types/index.ts";

interface Vectors {
  chunkTrees: ReturnType<typeof chunkTreeVectors>;
  kernelTrees: ReturnType<typeof kernelTreeVectors>;
  words: ReturnType<typeof wordVectors>;
  ids: Awaited<ReturnType<typeof idVectors>>;
}

/** What a value becomes on its way through JSON: bigints are decimal strings there. */
type Stored<T> = T extends bigint ? string : T extends object ? { [K in keyof T]: Stored<T[K]> } : T;

/** Reads the committed file: that the TypeScript still makes the same one is for `npm run check:generated`. */
export function readVectors<N extends keyof Vectors>(name: N): Stored<Vectors[N]> {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
}

/** The Solidity, made callable. */
export async function formatsHarness(): Promise<FormatsHarness> {
  const { ethers } = await network.getOrCreate();
  return ethers.deployContract("FormatsHarness");
}
