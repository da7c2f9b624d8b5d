/** What a model's specification says of its program: roots and counts (docs/formats.md, "Model"). */
import type { Program } from "../model/program.ts";
import { ChunkTree } from "./chunkTree.ts";
import { type HashEach, type Hex, keccakEach } from "./keccak.ts";
import { KernelTree } from "./kernelTree.ts";

export interface ProgramRoots {
  readonly kernelRoot: Hex;
  readonly kernelCount: number;
  /** T. */
  readonly traceChunks: bigint;
  /** O. */
  readonly outputChunks: bigint;
  readonly weightsRoot: Hex;
  /** W. */
  readonly weightsChunks: bigint;
}

/** The roots of a program, and the preimage of its kernel root, which registration takes. */
export function rootsOf(
  program: Program,
  hashEach: HashEach = keccakEach,
): { readonly roots: ProgramRoots; readonly rootPreimage: Uint8Array } {
  const { root, kernelCount, traceChunks, rootPreimage } = new KernelTree(program.kernels);
  const roots = {
    kernelRoot: root,
    kernelCount,
    traceChunks,
    outputChunks: BigInt(program.outputChunks),
    weightsRoot: new ChunkTree(program.weights, hashEach).root,
    weightsChunks: BigInt(program.weightChunks),
  };
  return { roots, rootPreimage };
}

/** The first field in which two programs' roots differ, for people; undefined if none. */
export function rootMismatch(actual: ProgramRoots, expected: ProgramRoots): string | undefined {
  const fields = Object.keys(expected) as (keyof ProgramRoots)[];
  const field = fields.find((name) => actual[name] !== expected[name]);
  return field && `${field} is ${actual[field]}, not ${expected[field]}`;
}
