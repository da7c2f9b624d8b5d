// Programs that are small, and have of everything that a dispute can be about: kernels of many chunks and of one,
// integers and floats, tails, a malformed one, reductions that fit one proof, that are cut once, and twice.
import type { Program } from "../../oracle/model/program.ts";
import { CHUNK_BYTES, type Dtype, pack } from "../../oracle/model/tensor.ts";
import { chunkCount } from "../../oracle/vm/chunkTree.ts";
import type { Kernel, Operand, SpaceName } from "../../oracle/vm/descriptor.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import type { Instruction, OpcodeName } from "../../oracle/vm/opcodes.ts";
import { f64Bits } from "../../oracle/vm/value.ts";
import { leafOf } from "../kernels/random.ts";

type Plain = Exclude<Instruction, { imm: unknown }>["op"] & OpcodeName;

const get = (imm: number): Instruction => ({ op: "local.get", imm });
const load = (imm: number): Instruction => ({ op: "call", imm });
const int = (imm: number): Instruction => ({ op: "i64.const", imm: BigInt(imm) });
const num = (x: number): Instruction => ({ op: "f64.const", imm: f64Bits(x) });
const op = (name: Plain): Instruction => ({ op: name });
/** Of what is on the stack. */
const modulo = (n: number) => [int(n), op("i64.rem_s")];

const operand = (space: SpaceName, dtype: Dtype, first: number, count: number): Operand => ({
  space,
  dtype,
  first: BigInt(first),
  count,
});

const elementwise = (dtype: Dtype, elements: number, operands: Operand[], finish: Instruction[]): Kernel => ({
  dtype,
  accumulator: "none",
  axes: [elements],
  digits: [],
  operands,
  init: 0n,
  step: [],
  finish,
});

const X = operand("input", "i32", 0, 64);
const Y = operand("input", "f32", 1, 64);
const FACTORS = operand("weights", "f32", 0, 64);
const SMALL_FACTORS = operand("weights", "i8", 1, 5_000);

/** The first chunks of the toy's kernels; between these two one that loads what a value before it says. */
export const [SPREAD, MALFORMED, WINDOWS, LONG, MIDDLING] = [0, 80, 83, 85, 86] as const;
export const [BYTES, FLOATS] = [88, 90] as const;
/** The end of its trace. */
export const PADDING = 93;

/** A program, and an input for it. */
export interface Toy {
  readonly program: Program;
  readonly input: Uint8Array;
}

/** 93 chunks of trace: seven levels, and padding behind. */
export function toy(): Toy {
  const spread = elementwise(
    "i32",
    5_120,
    [X],
    [...[get(0), ...modulo(64), load(0)], ...[get(0), op("i64.mul"), int(7), op("i64.add")]],
  );
  const malformed: KernelLeaf = { chunks: 3n, descriptor: Uint8Array.of(1) };
  // 400 bytes: a tail of 112. Ten steps.
  const windows: Kernel = {
    dtype: "f32",
    accumulator: "f64",
    axes: [100],
    digits: [10],
    operands: [Y, FACTORS],
    init: 0.5,
    step: [
      ...[get(0), get(1), op("i64.add"), ...modulo(64), load(0)],
      ...[get(1), load(1), op("f64.mul"), get(2), op("f64.add")],
    ],
    finish: [get(2)],
  };
  // Segments of 79 steps, which are cut again. 16 bytes: a tail of 240.
  const long: Kernel = {
    dtype: "i64",
    accumulator: "i64",
    axes: [2],
    digits: [5_000],
    operands: [operand("trace", "i32", SPREAD, 5_120), SMALL_FACTORS],
    init: -3n,
    step: [
      ...[get(0), int(7), op("i64.mul"), get(1), op("i64.add"), load(0)],
      ...[get(1), load(1), op("i64.mul"), get(2), op("i64.add")],
    ],
    finish: [get(2)],
  };
  // Four segments, the last one short.
  const middling: Kernel = {
    dtype: "f32",
    accumulator: "f64",
    axes: [2],
    digits: [200],
    operands: [operand("trace", "f32", WINDOWS, 100)],
    init: 0,
    step: [
      ...[get(0), get(1), op("i64.add"), ...modulo(100), load(0)],
      ...[num(1.5), op("f64.mul"), get(2), op("f64.add")],
    ],
    finish: [get(2), num(0.125), op("f64.mul")],
  };
  // Which element it loads, a value before it says.
  const indirect = elementwise(
    "f64",
    20,
    [operand("trace", "i32", SPREAD, 5_120), operand("trace", "f32", WINDOWS, 100)],
    [...[get(0), load(0), int(0), op("i64.add"), ...modulo(100), load(1)], op("f64.sqrt")],
  );
  const bytes = elementwise(
    "u8",
    300,
    [operand("trace", "i64", LONG, 2)],
    [...[get(0), ...modulo(2), load(0), get(0), op("i64.xor")]],
  );
  const floats = elementwise(
    "f32",
    70,
    [operand("trace", "f32", WINDOWS, 100), operand("trace", "f32", MIDDLING, 2)],
    [...[get(0), load(0), get(0), ...modulo(2), load(1), op("f64.add")]],
  );
  const integers = elementwise(
    "i8",
    10,
    [operand("trace", "u8", BYTES, 300)],
    [get(0), int(29), op("i64.mul"), load(0)],
  );
  const leaves = [
    ...[leafOf(spread), malformed, leafOf(windows), leafOf(long), leafOf(middling)],
    ...[leafOf(indirect), leafOf(bytes), leafOf(floats), leafOf(integers)],
  ];
  const weights = new Uint8Array(21 * CHUNK_BYTES);
  weights.set(
    pack(
      "f32",
      Float32Array.from({ length: 64 }, (_, i) => (i - 20) / 8),
    ),
  );
  weights.set(
    pack(
      "i8",
      Int8Array.from({ length: 5_000 }, (_, i) => (i * 37) % 128),
    ),
    CHUNK_BYTES,
  );
  const input = new Uint8Array(2 * CHUNK_BYTES);
  input.set(
    pack(
      "i32",
      Int32Array.from({ length: 64 }, (_, i) => 1_000 * i - 17),
    ),
  );
  input.set(
    pack(
      "f32",
      Float32Array.from({ length: 64 }, (_, i) => 1 / (i + 1)),
    ),
    CHUNK_BYTES,
  );
  const outputs = [
    { name: "floats", dtype: "f32", dims: [70] },
    { name: "integers", dtype: "i8", dims: [10] },
  ] as const;
  return { program: programOf(leaves, weights, input, outputs, 3), input };
}

/** A trace of a single chunk: there is no tree to go down. */
export function tinyToy(): Toy {
  const kernel = elementwise("i32", 8, [X], [get(0), load(0), get(0), op("i64.sub")]);
  const outputs = [{ name: "differences", dtype: "i32", dims: [8] }] as const;
  const input = new Uint8Array(CHUNK_BYTES);
  return { program: programOf([leafOf(kernel)], new Uint8Array(0), input, outputs, 1), input };
}

/** 4,200 chunks of trace: thirteen levels, three frontiers. */
export function deepToy(): Toy {
  const elements = 4_200 * (CHUNK_BYTES / 8);
  const kernel = elementwise("i64", elements, [], [get(0)]);
  const input = new Uint8Array(CHUNK_BYTES);
  const outputs = [{ name: "numbers", dtype: "i64", dims: [elements] }] as const;
  return { program: programOf([leafOf(kernel)], new Uint8Array(0), input, outputs, 4_200), input };
}

export function programOf(
  kernels: readonly KernelLeaf[],
  weights: Uint8Array,
  input: Uint8Array,
  outputs: Program["outputs"],
  outputChunks: number,
): Program {
  const traceChunks = kernels.reduce((sum, { chunks }) => sum + Number(chunks), 0);
  return {
    kernels,
    weights,
    inputs: [{ name: "bytes", dtype: "u8", dims: [input.length] }],
    outputs,
    traceChunks,
    inputChunks: chunkCount(input.length),
    weightChunks: chunkCount(weights.length),
    outputChunks,
  };
}
