/** Kernels in a program: what their code depends on, and what is only an address. */
import { CHUNK_BYTES, DTYPES } from "../../model/tensor.ts";
import type { Operand, SpaceName } from "../descriptor.ts";
import { toHex } from "../keccak.ts";
import type { KernelLeaf } from "../kernelTree.ts";
import { type ValidKernel, validate } from "../validate.ts";
import type { OperandShape } from "./graph.ts";

export interface PlacedKernel {
  /** Undefined for a malformed kernel: all that it adds to the trace is zeros. */
  readonly valid: ValidKernel | undefined;
  readonly chunks: number;
  /** In the trace. */
  readonly firstChunk: number;
  readonly operands: readonly OperandShape[];
  /** Equal for kernels that differ only in where their operands are, and so run the same code. */
  readonly structure: string;
}

/** A program's kernels in order, judged and placed. */
export function placeKernels(
  kernels: readonly KernelLeaf[],
  chunks: Readonly<Record<"weights" | "input", number>>,
): PlacedKernel[] {
  let firstChunk = 0;
  return kernels.map(({ descriptor, chunks: stated }) => {
    const { valid } = validate(descriptor, stated);
    const limits = { ...chunks, trace: firstChunk };
    const operands = valid?.kernel.operands.map((operand) => shapeOf(operand, limits)) ?? [];
    const structure = valid === undefined ? "" : structureOf(descriptor, valid, operands);
    const placed = { valid, chunks: Number(stated), firstChunk, operands, structure };
    firstChunk += placed.chunks;
    return placed;
  });
}

/** An operand that is not in place has no element that a load could find. */
function shapeOf({ space, dtype, first, count }: Operand, limits: Readonly<Record<SpaceName, number>>): OperandShape {
  const chunks = Math.ceil((count * DTYPES[dtype].bytes) / CHUNK_BYTES);
  const isInPlace = first + BigInt(chunks) <= BigInt(limits[space]);
  return { dtype, count: isInPlace ? count : 0 };
}

const OPERANDS_AT = 18;
const OPERAND_BYTES = 14;

/** The descriptor without its operands, and what is left of them: what is made of constants is made once. */
function structureOf(descriptor: Uint8Array, { kernel }: ValidKernel, operands: readonly OperandShape[]): string {
  const shapes = operands.map(({ dtype, count }, i) => {
    const isConstant = kernel.operands[i]?.space === "weights";
    return `${isConstant ? "constant " : ""}${dtype}[${count}]`;
  });
  const extents = 4 * ((descriptor[3] ?? 0) + (descriptor[4] ?? 0));
  const head = descriptor.subarray(0, OPERANDS_AT + extents);
  const code = descriptor.subarray(OPERANDS_AT + extents + operands.length * OPERAND_BYTES);
  return `${toHex(head)} ${shapes.join()} ${toHex(code)}`;
}
