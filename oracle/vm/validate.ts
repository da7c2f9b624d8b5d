/** Whether a leaf of the kernel tree describes a kernel, and all that follows from its bytes alone. */
import { CHUNK_BYTES, DTYPES, elementCount } from "../model/tensor.ts";
import { decodeDescriptor, type Kernel } from "./descriptor.ts";
import { MalformedKernelError, type Rule, requireRule } from "./malformed.ts";
import type { ValueType } from "./opcodes.ts";
import {
  MAX_LOADS,
  MAX_LOADS_AFTER_STEPS,
  type Section,
  type Signature,
  stackTypeOf,
  validateSection,
} from "./section.ts";
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
  const elements = elementCount(kernel.axes);
  const chunks = Math.ceil((elements * DTYPES[kernel.dtype].bytes) / CHUNK_BYTES);
  requireRule(statedChunks === BigInt(chunks), "chunks", `${statedChunks} stated, ${chunks} needed`);

  const { step: stepSignature, finish: finishSignature } = signatures(kernel);
  const step = stepSignature && validateSection(kernel.step, stepSignature);
  const finish = validateSection(kernel.finish, finishSignature);
  const steps = step === undefined ? 0 : elementCount(kernel.digits);
  return { kernel, elements, chunks, steps, stepsPerProof: stepsPerProof(step ?? NO_STEP), step, finish };
}

/** What surrounds the sections of a kernel; there is no step without accumulator. */
export function signatures(kernel: Kernel): { step: Signature | undefined; finish: Signature } {
  const { accumulator, operands } = kernel;
  const axes = kernel.axes.map((): ValueType => "i64");
  const result = stackTypeOf(kernel.dtype);
  if (accumulator === "none") {
    return { step: undefined, finish: { fixed: axes, operands, result, maxLoads: MAX_LOADS } };
  }
  const digits = kernel.digits.map((): ValueType => "i64");
  const unset = kernel.digits.map(() => undefined);
  return {
    step: { fixed: [...axes, ...digits, accumulator], operands, result: accumulator, maxLoads: MAX_LOADS },
    finish: { fixed: [...axes, ...unset, accumulator], operands, result, maxLoads: MAX_LOADS_AFTER_STEPS },
  };
}

const NO_STEP = { loads: 0, cost: 0 };
