/** ONNX to a program: the only way from one to the other, and a pure function of its arguments. */
import { Kernels, type RunKernels } from "./lower/kernels.ts";
import { chunksOf, linkKernels } from "./lower/link.ts";
import { lowerGraph, Scope } from "./lower/lowerGraph.ts";
import {
  closure,
  constantTensor,
  isRowMajor,
  type KernelSource,
  type Tensor,
  tensorOf,
  type Value,
} from "./lower/tensor.ts";
import { sizeOf } from "./lower/view.ts";
import { bindDims } from "./onnx/bindDims.ts";
import type { ReadExternal } from "./onnx/constants.ts";
import { InputBindingError, UnsupportedError } from "./onnx/errors.ts";
import type { ConstantTensor } from "./onnx/graph.ts";
import { readModel } from "./onnx/reader.ts";
import type { TensorSignature } from "./onnx/signature.ts";
import type { Program } from "./program.ts";
import { CHUNK_BYTES, DTYPES, elementCount, flatLayout } from "./tensor.ts";

export interface CompileOptions {
  /** Sizes of the dimensions that the model leaves open, by name. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Inputs that become constants, by name: those whose values decide shapes, axes, branches or trip counts. */
  readonly bind?: Readonly<Record<string, ConstantTensor>>;
  /** The outputs wanted, in order; all by default. */
  readonly outputs?: readonly string[];
  readonly readExternal?: ReadExternal;
  /** Runs kernels over constants. */
  readonly run: RunKernels;
}

/**
 * Compiles a model.
 * @throws MalformedOnnxError, UnsupportedTensorError, UnknownOutputError, UnboundDimsError, DimBindingError,
 *   TensorTooLargeError, and NodeError for a node that cannot be lowered
 */
export function compile(onnx: Uint8Array, options: CompileOptions): Program {
  const { graph, inputs: open } = readModel(onnx, options);
  const inputs = bindInputs(open, options);
  const kernels = new Kernels(options.run);
  const scope = new Scope(graph);
  for (const [name, { dtype, dims, bytes }] of Object.entries(options.bind ?? {})) {
    scope.set(name, constantTensor(dtype, dims, bytes));
  }
  for (const [position, { name, dtype, dims }] of inputs.entries()) {
    scope.set(name, tensorOf({ space: "input", dtype, count: elementCount(dims), name, position }, dims));
  }
  const values = lowerGraph(graph, scope, kernels);
  return link(kernels, inputs, graph.outputs, values.map(asTensor));
}

/** The inputs that stay inputs, with fixed dimensions. */
function bindInputs(
  open: readonly TensorSignature[],
  { dims = {}, bind = {} }: CompileOptions,
): readonly TensorSignature<number>[] {
  for (const [name, tensor] of Object.entries(bind)) checkBinding(name, tensor, open);
  const kept = open.filter(({ name }) => !Object.hasOwn(bind, name));
  const names = new Set(open.flatMap((input) => input.dims));
  const used = new Set(kept.flatMap((input) => input.dims));
  // A dimension that only bound inputs have is known from them; any other name is bindDims' to refuse.
  const sizes = Object.entries(dims).filter(([name]) => used.has(name) || !names.has(name));
  return bindDims({ inputs: kept, outputs: [] }, Object.fromEntries(sizes)).inputs;
}

function checkBinding(name: string, tensor: ConstantTensor, inputs: readonly TensorSignature[]): void {
  const input = inputs.find((candidate) => candidate.name === name);
  const fits =
    input?.dtype === tensor.dtype &&
    input.dims.length === tensor.dims.length &&
    input.dims.every((dim, axis) => typeof dim === "string" || dim === tensor.dims[axis]) &&
    tensor.bytes.length === elementCount(tensor.dims) * DTYPES[tensor.dtype].bytes;
  if (!fits) throw new InputBindingError(name);
}

function asTensor(value: Value): Tensor {
  if ("items" in value) throw new UnsupportedError("an output is a sequence");
  return value;
}

/** Chunk indices in proofs have 32 bits. */
const MAX_TRACE_CHUNKS = 2 ** 32;

/** Puts the kernels that the outputs need in order, those of the outputs last. */
function link(
  kernels: Kernels,
  inputs: readonly TensorSignature<number>[],
  names: readonly string[],
  values: readonly Tensor[],
): Program {
  const emitted = kernels.emitted.slice();
  const live = closure(values.map(({ source }) => source));
  const last = outputKernels(
    kernels,
    values,
    emitted.filter((kernel) => live.has(kernel)),
  );
  const before = emitted.filter((kernel) => live.has(kernel) && !last.includes(kernel));
  const ordered = [...before, ...last];
  const { offsets, totalBytes } = flatLayout(inputs.map(({ dtype, dims }) => elementCount(dims) * DTYPES[dtype].bytes));
  const { leaves, weights } = linkKernels(
    ordered,
    offsets.map((offset) => offset / CHUNK_BYTES),
  );
  const chunks = (of: readonly KernelSource[]) => of.reduce((sum, kernel) => sum + chunksOf(kernel), 0);
  if (chunks(ordered) > MAX_TRACE_CHUNKS) throw new UnsupportedError(`a trace of ${chunks(ordered)} chunks`);
  return {
    kernels: leaves,
    weights,
    inputs,
    inputChunks: Math.ceil(totalBytes / CHUNK_BYTES),
    outputs: values.map(({ dtype, dims }, i) => ({ name: names[i] ?? "", dtype, dims })),
    traceChunks: chunks(ordered),
    weightChunks: Math.ceil(weights.length / CHUNK_BYTES),
    outputChunks: chunks(last),
  };
}

/**
 * For each output the kernel that leaves it row-major and that nothing in the program reads but later outputs: its own
 * one if it is such, else a copy.
 */
function outputKernels(kernels: Kernels, values: readonly Tensor[], live: readonly KernelSource[]): KernelSource[] {
  const last: KernelSource[] = [];
  for (const tensor of values.toReversed()) {
    if (sizeOf(tensor) === 0) throw new UnsupportedError("an output without elements");
    const { source } = tensor;
    const isRead = live.some((kernel) => kernel.operands.includes(source) && !last.includes(kernel));
    const isWhole = isRowMajor(tensor) && tensor.offset === 0 && source.count === sizeOf(tensor);
    const isOwn = source.space === "trace" && isWhole && !isRead && !last.includes(source);
    last.unshift(isOwn ? source : kernels.copy(tensor));
  }
  return last;
}
