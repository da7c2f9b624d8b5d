/**
 * A tensor of the program being lowered: a view, by strides, of elements that lie somewhere. So transposing, slicing and
 * broadcasting move no data, and a kernel is free to write its output in the order that its readers want.
 */
import type { Kernel } from "../../vm/descriptor.ts";
import { type Dtype, elementCount } from "../tensor.ts";

/** Elements that lie one after the other: the output of a kernel, a constant or an input. */
export type Source = KernelSource | ConstantSource | InputSource;

interface Stored {
  readonly dtype: Dtype;
  readonly count: number;
}

/** A kernel (vm/descriptor.ts) whose operands have no place yet. */
export interface KernelSource extends Stored, Omit<Kernel, "operands" | "dtype"> {
  readonly space: "trace";
  readonly operands: readonly Source[];
}

export interface ConstantSource extends Stored {
  readonly space: "weights";
  readonly bytes: Uint8Array;
}

export interface InputSource extends Stored {
  readonly space: "input";
  readonly name: string;
  /** Position among the program's inputs. */
  readonly position: number;
}

export interface Tensor {
  readonly dtype: Dtype;
  /** Outermost first; empty for a scalar. */
  readonly dims: readonly number[];
  readonly source: Source;
  /** Elements of the source per step of each dimension; 0 repeats, negative ones go back. */
  readonly strides: readonly number[];
  /** The element of the source where the tensor's first one is. */
  readonly offset: number;
}

/** The tensors of a sequence. */
export interface Sequence {
  readonly dtype: Dtype;
  readonly items: readonly Tensor[];
}

/** Far beyond any real tensor's: the views of one may have more dimensions than a kernel has axes. */
export const MAX_RANK = 32;

/** What a name in a graph can stand for. */
export type Value = Tensor | Sequence;

export function isTensor(value: Value): value is Tensor {
  return !("items" in value);
}

/** The strides of a row-major tensor. */
export function rowMajorStrides(dims: readonly number[]): number[] {
  let stride = 1;
  const strides = dims.toReversed().map((dim) => {
    const own = stride;
    stride *= dim;
    return own;
  });
  return strides.reverse();
}

/** All of a source, row-major. */
export function tensorOf(source: Source, dims: readonly number[]): Tensor {
  return { dtype: source.dtype, dims, source, strides: rowMajorStrides(dims), offset: 0 };
}

export function constantTensor(dtype: Dtype, dims: readonly number[], bytes: Uint8Array): Tensor {
  return tensorOf({ space: "weights", dtype, count: elementCount(dims), bytes }, dims);
}

/** Whether the elements lie in row-major order without gaps; dimensions of 1 have any stride. */
export function isRowMajor({ dims, strides }: Tensor): boolean {
  if (elementCount(dims) === 0) return true;
  const expected = rowMajorStrides(dims);
  return dims.every((dim, axis) => dim === 1 || strides[axis] === expected[axis]);
}

/** All that a source is computed from, itself included. */
export function closure(sources: readonly Source[]): ReadonlySet<Source> {
  const found = new Set<Source>();
  const pending = [...sources];
  for (let source = pending.pop(); source !== undefined; source = pending.pop()) {
    if (found.has(source)) continue;
    found.add(source);
    if (source.space === "trace") pending.push(...source.operands);
  }
  return found;
}
