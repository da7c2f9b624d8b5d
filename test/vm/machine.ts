// The machine on the chain, in a network of its own, and what it needs for a run of a kernel.
import { network } from "hardhat";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import type { SpaceName } from "../../oracle/vm/descriptor.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import { type Run, touchedChunks } from "../../oracle/vm/reference.ts";
import { encodeValue } from "../../oracle/vm/value.ts";
import { encodeWitness } from "../../oracle/vm/witness.ts";
import type { TensorVM } from "../../types/index.ts";
import { type KernelCase, spacesOfCase } from "../kernels/random.ts";

export type RunArguments = Parameters<TensorVM["run"]["staticCall"]>;

/** Deploys the machine. */
export async function deployMachine(): Promise<TensorVM> {
  const { ethers } = await network.create();
  return ethers.deployContract("TensorVM");
}

/** The arguments of a run with exactly the chunks that it loads. */
export function runArguments(kernelCase: KernelCase, run: Run): [...RunArguments] {
  const { leaf, valid, firstChunk } = kernelCase;
  const trees = treesOf(kernelCase);
  const witness = encodeWitness(trees, touchedChunks(valid, spacesOfCase(kernelCase), run));
  const context = {
    traceRoot: trees.trace.root,
    weightsRoot: trees.weights.root,
    inputRoot: trees.input.root,
    traceChunks: trees.trace.count,
    weightsChunks: trees.weights.count,
    inputChunks: trees.input.count,
    firstChunk,
    chunks: leaf.chunks,
  };
  const accumulator = valid.kernel.accumulator === "none" ? 0n : run.accumulator;
  return [context, leaf.descriptor, run.element, run.from, run.to, encodeValue(accumulator), witness];
}

export function treesOf(kernelCase: KernelCase): Record<SpaceName, ChunkTree> {
  const { trace, weights, input } = kernelCase;
  return { trace: new ChunkTree(trace), weights: new ChunkTree(weights), input: new ChunkTree(input) };
}

/** What the machine says about a leaf. */
export async function inspect(machine: TensorVM, { chunks, descriptor }: KernelLeaf) {
  const { malformed, elements, steps, stepsPerProof } = await machine.inspect(chunks, descriptor);
  return malformed
    ? undefined
    : { elements: Number(elements), steps: Number(steps), stepsPerProof: Number(stepsPerProof) };
}
