/** Gives kernels and constants their places, and kernels their descriptors. */
import { encodeDescriptor } from "../../vm/descriptor.ts";
import type { KernelLeaf } from "../../vm/kernelTree.ts";
import { CHUNK_BYTES, DTYPES, joinTensors } from "../tensor.ts";
import type { ConstantSource, KernelSource, Source } from "./tensor.ts";

export interface Linked {
  readonly leaves: readonly KernelLeaf[];
  /** Every constant on a chunk of its own, in the order of first use. */
  readonly weights: Uint8Array<ArrayBuffer>;
}

/**
 * @param kernels in program order
 * @param inputFirst the first chunk of each program input
 */
export function linkKernels(kernels: readonly KernelSource[], inputFirst: readonly number[]): Linked {
  const constants = new Set(kernels.flatMap(({ operands }) => operands.filter(isConstant)));
  const first = new Map<Source, number>([...places([...constants]), ...places(kernels)]);
  const firstOf = (source: Source) => {
    const chunk = source.space === "input" ? inputFirst[source.position] : first.get(source);
    if (chunk === undefined) throw new RangeError(`an operand in the ${source.space} has no place`);
    return BigInt(chunk);
  };
  const leaves = kernels.map((kernel) => leafOf(kernel, firstOf));
  return { leaves, weights: joinTensors([...constants].map(({ bytes }) => bytes)) };
}

/** @param firstOf the first chunk of an operand in its space */
export function leafOf(kernel: KernelSource, firstOf: (source: Source) => bigint): KernelLeaf {
  const operands = kernel.operands.map((source) => ({ ...source, first: firstOf(source) }));
  return { chunks: BigInt(chunksOf(kernel)), descriptor: encodeDescriptor({ ...kernel, operands }) };
}

/** The chunks that a source fills. */
export function chunksOf({ dtype, count }: Source): number {
  return Math.ceil((count * DTYPES[dtype].bytes) / CHUNK_BYTES);
}

function isConstant(source: Source): source is ConstantSource {
  return source.space === "weights";
}

/** Sources one after the other, each from a chunk on. */
function places(sources: readonly Source[]): [Source, number][] {
  let chunk = 0;
  return sources.map((source) => {
    const first = chunk;
    chunk += chunksOf(source);
    return [source, first];
  });
}
