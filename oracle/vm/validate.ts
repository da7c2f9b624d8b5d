/** Whether a leaf of the kernel tree describes a kernel, and all that follows from its bytes alone. */
import { CHUNK_BYTES, DTYPES, elementCount } from "../model/tensor.ts";
import { decodeDescriptor, type Kernel } from "./descriptor.ts";
import { MalformedKernelError, type Rule, requireRule } from "./malformed.ts";
import type { ValueType } from "./opcodes.ts";
import { type Section, type Signature, stackTypeOf, validateSection } from "./section.ts";
import { stepsPerProof } from "./segments.ts";

export interface ValidKernel {
  readonly kernel: Kernel;
  /** Elements of the output. */
  readonly elements: number;
  /** Chunks that it adds to the trace. */
  readonly chunks: number;
  /** R: steps of every element, 0 without accumulator. */
  readonly steps: number;
  /** S: steps that fit one proof. */
  readonly stepsPerProof: number;
  /** Absent without accumulator. */
  readonly step: Section | undefined;
  readonly finish: Section;
}

export interface Malformed {
  readonly rule: Rule;
  readonly detail: string;
}

export type Validation = { valid: ValidKernel; malformed?: undefined } | { valid?: undefined; malformed: Malformed };

/** Judges a leaf: a descriptor and the chunks that the leaf states. Never throws, whatever the bytes. */
export function validate(descriptor: Uint8Array, chunks: bigint): Validation {
  try {
    return { valid: validKernel(descriptor, chunks) };
  } catch (error) {
    if (!(error instanceof MalformedKernelError)) throw error;
    return { malformed: { rule: error.rule, detail: error.detail } };
  }
}

function validKernel(descriptor: Uint8Array, statedChunks: bigint): ValidKernel {
  const kernel = decodeDescriptor(descriptor);
  const { accumulator, operands } = kernel;
  const elements = elementCount(kernel.axes);
  const chunks = Math.ceil((elements * DTYPES[kernel.dtype].bytes) / CHUNK_BYTES);
  requireRule(statedChunks === BigInt(chunks), "chunks", `${statedChunks} stated, ${chunks} needed`);

  const axes = kernel.axes.map((): ValueType => "i64");
  const digits = kernel.digits.map((): ValueType => "i64");
  const result = stackTypeOf(kernel.dtype);
  if (accumulator === "none") {
    const finish = validateSection(kernel.finish, { fixed: axes, operands, result });
    return { kernel, elements, chunks, steps: 0, stepsPerProof: stepsPerProof(NO_STEP), step: undefined, finish };
  }
  const signature = (readable: readonly (ValueType | undefined)[], type: ValueType): Signature => ({
    fixed: [...axes, ...readable, accumulator],
    operands,
    result: type,
  });
  const step = validateSection(kernel.step, signature(digits, accumulator));
  const finish = validateSection(kernel.finish, signature(Array(digits.length).fill(undefined), result));
  const steps = elementCount(kernel.digits);
  return { kernel, elements, chunks, steps, stepsPerProof: stepsPerProof(step), step, finish };
}

const NO_STEP = { loads: 0, cost: 0 };
