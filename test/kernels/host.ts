// Kernels on the host's WebAssembly engine: loads and stores by typed arrays, everything between by the engine. It
// shares the encoder and the validated types with the reference evaluator, and no arithmetic.
import { CHUNK_BYTES, DTYPES, type Dtype, type TensorArray, unpack } from "../../oracle/model/tensor.ts";
import type { Operand } from "../../oracle/vm/descriptor.ts";
import type { ValueType } from "../../oracle/vm/opcodes.ts";
import type { Run } from "../../oracle/vm/reference.ts";
import type { Section } from "../../oracle/vm/section.ts";
import { stackTypeOf } from "../../oracle/vm/section.ts";
import type { Value } from "../../oracle/vm/value.ts";
import { WebAssembly } from "../../oracle/vm/webAssembly.ts";
import type { KernelCase } from "./random.ts";
import { kernelModule, type SectionFunction } from "./wasmModule.ts";

type SectionRun = (...locals: Value[]) => Value;

/** Compiles the kernel of a case. The function is what `evaluateSegment` is. */
export function hostKernel(kernelCase: KernelCase): (run: Run) => Uint8Array {
  const { kernel, steps } = kernelCase.valid;
  const loads = kernel.operands.map((operand) => loadFrom(operand, kernelCase));
  const step = kernelCase.valid.step && instantiate(stepFunction(kernelCase, kernelCase.valid.step), loads);
  const finish = instantiate(finishFunction(kernelCase), loads);
  return ({ element, from, to, accumulator: initial }) => {
    const axes = position(element, kernel.axes);
    if (step === undefined) return stored(kernel.dtype, finish(...axes));
    let accumulator = initial;
    for (let s = from; s < to; s++) accumulator = step(...axes, ...position(s, kernel.digits), accumulator);
    if (to < steps) return stored(kernel.accumulator === "f64" ? "f64" : "i64", accumulator);
    return stored(kernel.dtype, finish(...axes, ...kernel.digits.map(() => 0n), accumulator));
  };
}

export function stepFunction({ valid: { kernel } }: KernelCase, step: Section): SectionFunction {
  if (kernel.accumulator === "none") throw new TypeError("a step without accumulator");
  return { ...step, fixed: fixedLocals(kernel), operands: kernel.operands, result: kernel.accumulator };
}

export function finishFunction({ valid: { kernel, finish } }: KernelCase): SectionFunction {
  return { ...finish, fixed: fixedLocals(kernel), operands: kernel.operands, result: stackTypeOf(kernel.dtype) };
}

/** In `finish` the digits are parameters too, so that the accumulator is where it belongs. */
export function fixedLocals({ axes, digits, accumulator }: KernelCase["valid"]["kernel"]): ValueType[] {
  const counters = [...axes, ...digits].map((): ValueType => "i64");
  return accumulator === "none" ? counters : [...counters, accumulator];
}

function instantiate(section: SectionFunction, loads: readonly ((index: bigint) => Value)[]): SectionRun {
  const load = Object.fromEntries(loads.entries());
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(kernelModule(section)), { load });
  return exports.run as SectionRun;
}

/** A whole operand as a typed array, if it is in place. */
function loadFrom({ space, dtype, first, count }: Operand, kernelCase: KernelCase): (index: bigint) => Value {
  const zero = stackTypeOf(dtype) === "f64" ? 0 : 0n;
  const bytes = kernelCase[space];
  const limit =
    space === "trace" ? kernelCase.firstChunk * CHUNK_BYTES : Math.ceil(bytes.length / CHUNK_BYTES) * CHUNK_BYTES;
  const start = Number(first) * CHUNK_BYTES;
  const length = count * DTYPES[dtype].bytes;
  // Far beyond 2^53 `start` is rounded, and still beyond.
  if (Math.ceil((start + length) / CHUNK_BYTES) * CHUNK_BYTES > limit) return () => zero;
  const padded = new Uint8Array(length);
  padded.set(bytes.subarray(start, start + length));
  const elements: TensorArray = unpack(dtype, padded);
  return (index) => {
    const element = index >= 0n && index < count ? elements[Number(index)] : undefined;
    if (element === undefined) return zero;
    return typeof zero === "bigint" ? BigInt(element) : element;
  };
}

function stored(dtype: Dtype, value: Value): Uint8Array {
  if (typeof value === "number") {
    const bytes = new Uint8Array((dtype === "f32" ? Float32Array : Float64Array).of(value).buffer);
    const nan = dtype === "f32" ? [0, 0, 0xc0, 0x7f] : [0, 0, 0, 0, 0, 0, 0xf8, 0x7f];
    return Number.isNaN(value) ? Uint8Array.from(nan) : bytes;
  }
  if (dtype === "bool") return Uint8Array.of(value === 0n ? 0 : 1);
  return new Uint8Array(BigInt64Array.of(value).buffer).slice(0, DTYPES[dtype].bytes);
}

function position(index: number, extents: readonly number[]): bigint[] {
  const strides = extents.map((_, axis) => extents.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  return extents.map((extent, axis) => BigInt(Math.floor(index / (strides[axis] ?? 1)) % extent));
}
