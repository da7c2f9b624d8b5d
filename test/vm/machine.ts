// The machine on the chain, in a network of its own, and what it takes to run a kernel there.
import { network } from "hardhat";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import type { SpaceName } from "../../oracle/vm/descriptor.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import { type Run, touchedChunks } from "../../oracle/vm/reference.ts";
import { encodeValue } from "../../oracle/vm/value.ts";
import { encodeWitness } from "../../oracle/vm/witness.ts";
import type { TensorVM } from "../../types/index.ts";
import { type KernelCase, spacesOfCase } from "../kernels/random.ts";

/** The arguments of `TensorVM.run`. */
export type RunArguments = [
  context: {
    traceRoot: Hex;
    weightsRoot: Hex;
    inputRoot: Hex;
    traceChunks: number;
    weightsChunks: number;
    inputChunks: number;
    firstChunk: number;
    chunks: bigint;
  },
  descriptor: Uint8Array,
  segment: { element: number; from: number; to: number; accumulator: Uint8Array },
  witness: Uint8Array,
];

/** What `TensorVM.run` returns. */
export interface Outcome {
  /** Undefined if the kernel is malformed. */
  readonly shape: { elements: number; steps: number; stepsPerProof: number } | undefined;
  readonly value: string;
}

export type Trees = Readonly<Record<SpaceName, ChunkTree>>;

export async function deployMachine(): Promise<TensorVM> {
  const { ethers } = await network.create();
  return ethers.deployContract("TensorVM");
}

/** Throws if the run reverts. */
export async function outcomeOf(machine: TensorVM, run: RunArguments): Promise<Outcome> {
  const { kernel, value } = await machine.run.staticCall(...run);
  const { malformed, elements, steps, stepsPerProof } = kernel;
  const shape = { elements: Number(elements), steps: Number(steps), stepsPerProof: Number(stepsPerProof) };
  return { shape: malformed ? undefined : shape, value };
}

/** The arguments of a run with exactly the chunks that it loads. */
export function runArguments(kernelCase: KernelCase, run: Run, trees = treesOf(kernelCase)): RunArguments {
  const { leaf, valid, firstChunk } = kernelCase;
  const witness = encodeWitness(trees, touchedChunks(valid, spacesOfCase(kernelCase), run));
  const accumulator = encodeValue(valid.kernel.accumulator === "none" ? 0n : run.accumulator);
  return [contextOf(leaf, firstChunk, trees), leaf.descriptor, { ...run, accumulator }, witness];
}

export function contextOf(leaf: KernelLeaf, firstChunk: number, { trace, weights, input }: Trees): RunArguments[0] {
  return {
    traceRoot: trace.root,
    weightsRoot: weights.root,
    inputRoot: input.root,
    traceChunks: trace.count,
    weightsChunks: weights.count,
    inputChunks: input.count,
    firstChunk,
    chunks: leaf.chunks,
  };
}

export function treesOf({ trace, weights, input }: Pick<KernelCase, SpaceName>): Trees {
  return { trace: new ChunkTree(trace), weights: new ChunkTree(weights), input: new ChunkTree(input) };
}

/** The run as far as one proof goes; undefined if it has no step although the kernel has some. */
export function provable({ valid }: KernelCase, run: Run): Run | undefined {
  if (valid.steps > 0 && run.from === run.to) return undefined;
  const accumulator = run.from === 0 ? valid.kernel.init : run.accumulator;
  return { ...run, to: Math.min(run.to, run.from + valid.stepsPerProof), accumulator };
}
