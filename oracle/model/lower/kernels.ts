/** Writes kernels: what an operator's lowering calls to compute something. */
import type { KernelLeaf } from "../../vm/kernelTree.ts";
import type { ValueType } from "../../vm/opcodes.ts";
import { validate } from "../../vm/validate.ts";
import { InvalidNodeError, UnsupportedError } from "../onnx/errors.ts";
import { DTYPES, type Dtype, elementCount } from "../tensor.ts";
import { emitSection, Operands } from "./emit.ts";
import { f64, type I64, i64, loadElement, local, type Num } from "./expr.ts";
import { leafOf, linkKernels } from "./link.ts";
import { type ConstantSource, constantTensor, isRowMajor, type KernelSource, type Tensor, tensorOf } from "./tensor.ts";
import {
  broadcastDims,
  broadcastTo,
  inverse,
  memoryOrder,
  mergeDims,
  pick,
  reshaped,
  sizeOf,
  transposed,
} from "./view.ts";

/** The canonical evaluator: the trace of these kernels. Constants are folded by it, never by host arithmetic. */
export type RunKernels = (kernels: readonly KernelLeaf[], weights: Uint8Array, input: Uint8Array) => Uint8Array;

/** A reduction: `finish` of what `step` makes of `init`, once per combination of the digits, the last one running fastest. */
export interface Reduction {
  readonly digits: readonly number[];
  /** A number for a float accumulator, a bigint for an integer one. */
  readonly init: number | bigint;
  step(accumulator: Num, digits: readonly I64[], axes: readonly I64[]): Num;
  /** The accumulator itself by default. */
  finish?(accumulator: Num, axes: readonly I64[]): Num;
}

const MAX_AXES = 8;
const MAX_EXTENT_PRODUCT = 2 ** 31 - 1;
/** Steps over constants that are run when compiling, of all kernels together; what is beyond stays in the program. */
const MAX_FOLDED_STEPS = 2 ** 26;
/** Bytes of constants put in another order, all together. */
const MAX_COPIED_BYTES = 2 ** 30;

export class Kernels {
  /** In program order. */
  readonly emitted: KernelSource[] = [];
  readonly #run: RunKernels;
  #stepsLeft = MAX_FOLDED_STEPS;
  #bytesLeft = MAX_COPIED_BYTES;

  constructor(run: RunKernels) {
    this.#run = run;
  }

  /**
   * A tensor whose element at the indices `axes` is `element(axes)`.
   * @param order its dimensions as they lie in memory, the outermost first; row-major by default
   */
  map(
    dtype: Dtype,
    dims: readonly number[],
    element: (axes: readonly I64[]) => Num,
    order = rowMajorOrder(dims),
  ): Tensor {
    const { extents, axes } = indexed(dims, order, 0);
    const operands = new Operands();
    return this.#emit(dtype, dims, order, () => ({
      accumulator: "none",
      axes: extents,
      digits: [],
      init: 0n,
      step: [],
      finish: emitSection(element(axes), extents.length, operands),
      operands: operands.sources,
    }));
  }

  /**
   * A tensor whose element at the indices `axes` is reduced from as many steps as the digits have combinations.
   * @param order its dimensions as they lie in memory, the outermost first; row-major by default
   */
  reduce(dtype: Dtype, dims: readonly number[], reduction: Reduction, order = rowMajorOrder(dims)): Tensor {
    const { init, step, finish = (accumulator) => accumulator } = reduction;
    const start = typeof init === "number" ? f64(init) : i64(init);
    const outer = indexed(dims, order, 0);
    const inner = indexed(reduction.digits, rowMajorOrder(reduction.digits), outer.extents.length);
    const steps = elementCount(reduction.digits);
    if (steps === 0) return this.map(dtype, dims, (axes) => finish(start, axes), order);
    if (steps === 1) return this.map(dtype, dims, (axes) => finish(step(start, inner.axes, axes), axes), order);
    const operands = new Operands();
    const position = outer.extents.length + inner.extents.length;
    const accumulator = local<ValueType>(start.type, position);
    const section = (value: Num) => emitSection(value, position + 1, operands);
    return this.#emit(dtype, dims, order, () => ({
      accumulator: start.type,
      axes: outer.extents,
      digits: inner.extents,
      init,
      step: section(step(accumulator, inner.axes, outer.axes)),
      finish: section(finish(accumulator, outer.axes)),
      operands: operands.sources,
    }));
  }

  /**
   * A tensor computed element by element from tensors that broadcast together, laid out in memory as the largest of them
   * is, so that chains of such kernels read and write straight through.
   */
  elementwise(dtype: Dtype, inputs: readonly Tensor[], element: (...values: Num[]) => Num): Tensor {
    if (inputs.length < element.length) {
      throw new InvalidNodeError(`${inputs.length} inputs instead of ${element.length}`);
    }
    const dims = broadcastDims(...inputs.map((input) => input.dims));
    const order = memoryOrder(broadcastTo(dominant(inputs), dims));
    const views = inputs.map((input) => transposed(broadcastTo(input, dims), order));
    const merged = mergeDims(views);
    const flat = views.map((view, i) => ({ ...view, dims: merged.dims, strides: merged.strides[i] ?? [] }));
    const { source } = this.map(dtype, merged.dims, (axes) => element(...flat.map((view) => load(view, axes))));
    return transposed(tensorOf(source, pick(dims, order)), inverse(order));
  }

  /** The same elements in row-major order without gaps. */
  rowMajor(tensor: Tensor): Tensor {
    const isWhole = tensor.offset === 0 && tensor.source.count === sizeOf(tensor);
    if (isWhole && isRowMajor(tensor)) return tensor;
    if (tensor.source.space === "weights") return this.#copyConstant(tensor);
    return tensorOf(this.copy(tensor), tensor.dims);
  }

  /** The same elements, lying in memory with dimension `order[0]` outermost and the last of `order` contiguous. */
  laidOut(tensor: Tensor, order: readonly number[]): Tensor {
    return transposed(this.rowMajor(transposed(tensor, order)), inverse(order));
  }

  /** The same elements, row-major, in other dimensions of the same size. */
  reshape(tensor: Tensor, dims: readonly number[]): Tensor {
    if (sizeOf(tensor) !== elementCount(dims)) {
      throw new InvalidNodeError(`[${tensor.dims.join(", ")}] has not as many elements as [${dims.join(", ")}]`);
    }
    return reshaped(tensor, dims) ?? tensorOf(this.rowMajor(tensor).source, dims);
  }

  /** A kernel that copies, even a constant: what an output of the program has to be. */
  copy(tensor: Tensor): KernelSource {
    const merged = mergeDims([tensor]);
    const flat = { ...tensor, dims: merged.dims, strides: merged.strides[0] ?? [] };
    const { extents, axes } = indexed(merged.dims, rowMajorOrder(merged.dims), 0);
    const operands = new Operands();
    const finish = emitSection(load(flat, axes), extents.length, operands);
    const kernel = { accumulator: "none", axes: extents, digits: [], init: 0n, step: [], finish } as const;
    const { dtype } = tensor;
    return this.#add({ space: "trace", dtype, count: sizeOf(tensor), ...kernel, operands: operands.sources });
  }

  #emit(
    dtype: Dtype,
    dims: readonly number[],
    order: readonly number[],
    build: () => Omit<KernelSource, "space" | "dtype" | "count">,
  ): Tensor {
    const count = elementCount(dims);
    if (count === 0) return constantTensor(dtype, dims, new Uint8Array(0));
    const kernel: KernelSource = { space: "trace", dtype, count, ...build() };
    const isConstant = kernel.operands.every(({ space }) => space === "weights");
    const steps = count * elementCount(kernel.digits);
    const isFolded = isConstant && steps <= this.#stepsLeft;
    if (isFolded) this.#stepsLeft -= steps;
    const source = isFolded ? this.#fold(kernel) : this.#add(kernel);
    return transposed(tensorOf(source, pick(dims, order)), inverse(order));
  }

  #copyConstant(tensor: Tensor): Tensor {
    this.#bytesLeft -= sizeOf(tensor) * DTYPES[tensor.dtype].bytes;
    if (this.#bytesLeft < 0) throw new UnsupportedError(`constants of more than ${MAX_COPIED_BYTES} bytes`);
    return copyConstant(tensor);
  }

  #add(kernel: KernelSource): KernelSource {
    checkKernel(kernel);
    this.emitted.push(kernel);
    return kernel;
  }

  #fold(kernel: KernelSource): ConstantSource {
    checkKernel(kernel);
    const { dtype, count } = kernel;
    const { leaves, weights } = linkKernels([kernel], []);
    const trace = this.#run(leaves, weights, new Uint8Array(0));
    return { space: "weights", dtype, count, bytes: trace.slice(0, count * DTYPES[dtype].bytes) };
  }
}

/** The element of a tensor at these indices. */
export function load({ source, strides, offset }: Tensor, indices: readonly I64[]): Num {
  return loadElement(source, linear(indices, strides).add(offset));
}

/** The index in the tensor's source of the element at these indices. */
export function position({ strides, offset }: Tensor, indices: readonly I64[]): I64 {
  return linear(indices, strides).add(offset);
}

function linear(indices: readonly I64[], strides: readonly number[]): I64 {
  return indices.reduce((sum, index, i) => sum.add(index.mul(strides[i] ?? 0)), i64(0));
}

/** Loop variables for dimensions, from local `first` on, in this order; those of a dimension of 1 are the constant 0 and no loop. */
function indexed(dims: readonly number[], order: readonly number[], first: number): { extents: number[]; axes: I64[] } {
  const extents: number[] = [];
  const axes = dims.map(() => i64(0));
  for (const axis of order) {
    const dim = dims[axis] ?? 1;
    if (dim !== 1) axes[axis] = local("i64", first + extents.push(dim) - 1);
  }
  if (extents.length > MAX_AXES) throw new UnsupportedError(`a kernel with ${extents.length} axes`);
  if (elementCount(extents) > MAX_EXTENT_PRODUCT) throw new UnsupportedError(`[${dims.join(", ")}] is too large`);
  return { extents, axes };
}

function rowMajorOrder(dims: readonly number[]): readonly number[] {
  return dims.map((_, axis) => axis);
}

/** The tensor whose order in memory a result follows. */
function dominant(inputs: readonly Tensor[]): Tensor {
  const weight = (tensor: Tensor) => sizeOf(tensor) * 2 + Number(tensor.source.space === "trace");
  const [first, ...rest] = inputs;
  if (first === undefined) throw new RangeError("no inputs");
  return rest.reduce((best, input) => (weight(input) > weight(best) ? input : best), first);
}

/** A constant's elements put in order: bytes are moved, nothing is computed. */
function copyConstant(tensor: Tensor): Tensor {
  if (tensor.source.space !== "weights") throw new TypeError("not a constant");
  const { bytes: width } = DTYPES[tensor.dtype];
  const { bytes: from } = tensor.source;
  const { dims, strides } = mergeDims([tensor]);
  const steps = strides[0] ?? [];
  const to = new Uint8Array(sizeOf(tensor) * width);
  const index = dims.map(() => 0);
  let element = tensor.offset;
  for (let at = 0; at < to.length; at += width) {
    for (let byte = 0; byte < width; byte++) to[at + byte] = from[element * width + byte] ?? 0;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      element += steps[axis] ?? 0;
      if (next < (dims[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      element -= next * (steps[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return constantTensor(tensor.dtype, tensor.dims, to);
}

/** Code that breaks a limit is a bug here, or a shape that needs a lowering of its own: said, not registered. */
function checkKernel(kernel: KernelSource): void {
  const { descriptor, chunks } = leafOf(kernel, () => 0n);
  const { malformed } = validate(descriptor, chunks);
  if (malformed !== undefined)
    throw new UnsupportedError(`its kernel breaks a limit: ${malformed.rule}: ${malformed.detail}`);
}
