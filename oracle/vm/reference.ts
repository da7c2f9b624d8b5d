/**
 * The reference evaluator: docs/kernels.md, "A kernel" and "Meaning", as plainly as it can be said. Tests hold the
 * engine and the machine on the chain to it.
 */
import { CHUNK_BYTES, DTYPES } from "../model/tensor.ts";
import { EFFECTS, Stack } from "./arithmetic.ts";
import type { Operand, SpaceName } from "./descriptor.ts";
import { loadElement, storeElement } from "./element.ts";
import type { KernelLeaf } from "./kernelTree.ts";
import type { Instruction } from "./opcodes.ts";
import { type Section, stackTypeOf } from "./section.ts";
import type { Segment } from "./segments.ts";
import { recordingSpace, type Spaces, spaceOf } from "./spaces.ts";
import { type ValidKernel, validate } from "./validate.ts";
import { encodeValue, f64FromBits, type Value } from "./value.ts";

/** A piece of work that one proof covers. */
export interface Run extends Segment {
  readonly element: number;
  /** The accumulator before step `from`; of no meaning in a kernel without accumulator. */
  readonly accumulator: Value;
}

/** The stored bytes of an output element. */
export function evaluate(valid: ValidKernel, spaces: Spaces, element: number): Uint8Array {
  return evaluateSegment(valid, spaces, { element, from: 0, to: valid.steps, accumulator: valid.kernel.init });
}

/** What a run ends with: the stored element after the last step, else the accumulator's 8 bytes before step `to`. */
export function evaluateSegment(valid: ValidKernel, spaces: Spaces, run: Run): Uint8Array {
  const { kernel, elements, steps } = valid;
  const { element, from, to } = run;
  const isRun = element >= 0 && element < elements && from >= 0 && from <= to && to <= steps;
  if (!isRun) throw new RangeError(`element ${element}, steps ${from} to ${to}: there are ${elements} and ${steps}`);
  const axes = unravel(element, kernel.axes);
  let accumulator = run.accumulator;
  if (valid.step !== undefined) {
    for (let step = from; step < to; step++) {
      const fixed = [...axes, ...unravel(step, kernel.digits), accumulator];
      accumulator = evaluateSection(valid.step, fixed, kernel.operands, spaces);
    }
  }
  if (to < steps) return encodeValue(accumulator);
  const fixed = valid.step === undefined ? axes : [...axes, ...kernel.digits.map(() => 0n), accumulator];
  return storeElement(kernel.dtype, evaluateSection(valid.finish, fixed, kernel.operands, spaces));
}

/** The chunks that a run loads: what its witness has to hold. */
export function touchedChunks(valid: ValidKernel, spaces: Spaces, run: Run): Record<SpaceName, Set<number>> {
  const touched = { trace: new Set<number>(), weights: new Set<number>(), input: new Set<number>() };
  const recording = {
    trace: recordingSpace(spaces.trace, touched.trace),
    weights: recordingSpace(spaces.weights, touched.weights),
    input: recordingSpace(spaces.input, touched.input),
  };
  evaluateSegment(valid, recording, run);
  return touched;
}

/** The trace of a program: every kernel's output, each starting on a chunk; zeros for a malformed one. */
export function evaluateProgram(kernels: readonly KernelLeaf[], weights: Uint8Array, input: Uint8Array): Uint8Array {
  const chunks = kernels.map((kernel) => Number(kernel.chunks));
  const trace = new Uint8Array(chunks.reduce((sum, count) => sum + count, 0) * CHUNK_BYTES);
  let offset = 0;
  for (const [k, { chunks: stated, descriptor }] of kernels.entries()) {
    const spaces = { trace: spaceOf(trace.subarray(0, offset)), weights: spaceOf(weights), input: spaceOf(input) };
    const { valid } = validate(descriptor, stated);
    if (valid !== undefined) trace.set(evaluateKernel(valid, spaces), offset);
    offset += (chunks[k] ?? 0) * CHUNK_BYTES;
  }
  return trace;
}

/** All elements of a kernel, without the zeros after the last one. */
export function evaluateKernel(valid: ValidKernel, spaces: Spaces): Uint8Array {
  const { bytes } = DTYPES[valid.kernel.dtype];
  const output = new Uint8Array(valid.elements * bytes);
  for (let e = 0; e < valid.elements; e++) output.set(evaluate(valid, spaces, e), e * bytes);
  return output;
}

/** The indices of element `position` of a row-major range with these extents. */
function unravel(position: number, extents: readonly number[]): bigint[] {
  let rest = position;
  return extents
    .toReversed()
    .map((extent) => {
      const index = rest % extent;
      rest = Math.floor(rest / extent);
      return BigInt(index);
    })
    .toReversed();
}

/** @param fixed values of the read-only locals */
function evaluateSection(
  section: Section,
  fixed: readonly Value[],
  operands: readonly Operand[],
  spaces: Spaces,
): Value {
  const locals = [...fixed];
  const stack = new Stack();
  for (const instruction of section.code) apply(instruction, stack, locals, operands, spaces);
  return stack.pop();
}

function apply(
  instruction: Instruction,
  stack: Stack,
  locals: Value[],
  operands: readonly Operand[],
  spaces: Spaces,
): void {
  switch (instruction.op) {
    case "local.get":
      return stack.push(at(locals, instruction.imm));
    case "local.set":
      locals[instruction.imm] = stack.pop();
      return;
    case "local.tee": {
      const value = stack.pop();
      locals[instruction.imm] = value;
      return stack.push(value);
    }
    case "call":
      return stack.push(load(at(operands, instruction.imm), stack.popI64(), spaces));
    case "i64.const":
      return stack.push(instruction.imm);
    case "f64.const":
      return stack.push(f64FromBits(instruction.imm));
    default:
      return EFFECTS[instruction.op](stack);
  }
}

function load({ space: name, dtype, first, count }: Operand, index: bigint, spaces: Spaces): Value {
  const { bytes } = DTYPES[dtype];
  const space = spaces[name];
  const isInPlace = first + BigInt(Math.ceil((count * bytes) / CHUNK_BYTES)) <= space.limit;
  if (!isInPlace || index < 0n || index >= BigInt(count)) return stackTypeOf(dtype) === "f64" ? 0 : 0n;
  const offset = Number(index) * bytes;
  const chunk = space.chunk(Number(first) + Math.floor(offset / CHUNK_BYTES));
  return loadElement(dtype, chunk, offset % CHUNK_BYTES);
}

/** Validation has seen to it that there is one. */
function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`nothing at ${index} of ${items.length}`);
  return item;
}
