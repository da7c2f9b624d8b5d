// Leaves around well-formed ones, for tests of who accepts what. They are meant for empty spaces (the kernel's first
// chunk 0, no weights, no input): there every load gives 0 and no witness is needed, whatever a mutation did to the
// operands, so that a rejection cannot hide behind a missing chunk.
import { CHUNK_BYTES, DTYPES, elementCount } from "../../oracle/model/tensor.ts";
import { encodeCode } from "../../oracle/vm/code.ts";
import { decodeDescriptor, type Kernel } from "../../oracle/vm/descriptor.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import { MalformedKernelError } from "../../oracle/vm/malformed.ts";
import { type Instruction, OPCODE_NAMES, OPCODES } from "../../oracle/vm/opcodes.ts";
import type { Random } from "../../scripts/models/random.ts";
import { BOUNDARIES, withCode } from "./boundaries.ts";
import { chance, f64, i64, oneOf } from "./edges.ts";
import { leafOf, randomKernel } from "./random.ts";

const EMPTY = { trace: 0, weights: 0, input: 0 };

/** A leaf that is well-formed, or nearly so, or not at all: about as many of each. */
export function mutatedLeaf(random: Random): KernelLeaf {
  const kernel = randomKernel(random, EMPTY);
  const kind = random.below(10);
  if (kind === 0) return leafOf(kernel);
  if (kind === 1) return oneOf(random, BOUNDARIES).leaf;
  if (kind < 6) return leafOf(withMutatedCode(random, kernel));
  if (kind === 6) return withOverlongInteger(random, kernel);
  const { chunks, descriptor } = kind === 7 ? oneOf(random, BOUNDARIES).leaf : leafOf(kernel);
  const mutated = mutatedBytes(random, descriptor);
  // Most of the time the chunks that belong to the mutated bytes: else a change of shape is never more than that.
  return {
    chunks: chance(random, 80) ? (neededChunks(mutated) ?? chunks) : mutatedChunks(random, chunks),
    descriptor: mutated,
  };
}

function mutatedBytes(random: Random, bytes: Uint8Array): Uint8Array {
  const kind = random.below(8);
  const at = random.below(bytes.length + 1);
  const near = bytes.slice();
  if (kind === 0) return bytes.slice(0, at);
  if (kind === 1)
    return Uint8Array.from([...bytes, ...Array.from({ length: 1 + random.below(3) }, () => random.below(256))]);
  if (kind === 2) return Uint8Array.from([...bytes.slice(0, at), random.below(256), ...bytes.slice(at)]);
  if (kind === 3) return Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1)]);
  if (kind === 4) {
    const pair = bytes.slice(at, at + 2);
    near.set(pair.reverse(), at);
    return near;
  }
  if (kind === 5) {
    near[at] = oneOf(random, [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 0x3f, 0x40, 0x7f, 0x80, 0xfe, 0xff, random.below(256)]);
    return near;
  }
  const flips = 1 + random.below(2);
  for (let i = 0; i < flips; i++) {
    const byte = random.below(bytes.length);
    near[byte] = (near[byte] ?? 0) ^ (1 << random.below(8));
  }
  return near;
}

/** One instruction, or one immediate, is another one. */
function withMutatedCode(random: Random, kernel: Kernel): Kernel {
  const isStep = kernel.step.length > 0 && chance(random, 50);
  const code = [...(isStep ? kernel.step : kernel.finish)];
  const at = random.below(code.length);
  const other = randomInstruction(random);
  const removed = random.below(2);
  const inserted = chance(random, 70) ? [other] : [];
  if (chance(random, 20)) code.splice(at, 2, ...code.slice(at, at + 2).reverse());
  else code.splice(at, removed, ...inserted);
  return isStep ? { ...kernel, step: code } : { ...kernel, finish: code };
}

function randomInstruction(random: Random): Instruction {
  const op = oneOf(random, OPCODE_NAMES);
  switch (op) {
    case "local.get":
    case "local.set":
    case "local.tee":
    case "call":
      return { op, imm: chance(random, 80) ? random.below(20) : oneOf(random, [62, 63, 64, 127, 128, 2 ** 32 - 1]) };
    case "i64.const":
      return { op, imm: i64(random) };
    case "f64.const":
      return { op, imm: f64(random) };
    default:
      return { op };
  }
}

/** One LEB128 integer of the code is a byte or more longer than it must be. */
function withOverlongInteger(random: Random, kernel: Kernel): KernelLeaf {
  const isOverlong = (instruction: Instruction) => "imm" in instruction && instruction.op !== "f64.const";
  const section = chance(random, 50) ? kernel.step : kernel.finish;
  const candidates = section.filter(isOverlong);
  if (candidates.length === 0) return leafOf(kernel);
  const target = oneOf(random, candidates);
  const bytes = (code: readonly Instruction[]) =>
    code.flatMap((instruction) => (instruction === target ? overlong(random, target) : [...encodeCode([instruction])]));
  return withCode(kernel, bytes(kernel.step), bytes(kernel.finish));
}

function overlong(random: Random, instruction: Instruction): number[] {
  const bytes = [...encodeCode([instruction])];
  const last = bytes.pop() ?? 0;
  // The sign goes on in all bits that are added.
  const isNegative = instruction.op === "i64.const" && last >= 0x40;
  const padding = Array<number>(random.below(3)).fill(isNegative ? 0xff : 0x80);
  const opcodes = OPCODES[instruction.op].bytes;
  return [...opcodes, ...bytes.slice(opcodes.length), last | 0x80, ...padding, isNegative ? 0x7f : 0x00];
}

function mutatedChunks(random: Random, chunks: bigint): bigint {
  const others = [chunks, chunks + 1n, chunks - 1n, 0n, chunks + 2n ** 32n, 2n ** 64n - 1n, chunks * 2n];
  return BigInt.asUintN(64, oneOf(random, others));
}

function neededChunks(descriptor: Uint8Array): bigint | undefined {
  try {
    const { dtype, axes } = decodeDescriptor(descriptor);
    return BigInt(Math.ceil((elementCount(axes) * DTYPES[dtype].bytes) / CHUNK_BYTES));
  } catch (error) {
    if (error instanceof MalformedKernelError) return undefined;
    throw error;
  }
}
