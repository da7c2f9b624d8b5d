// Leaves on both sides of every rule of docs/kernels.md: what is just well-formed and what just is not.
import { encodeDescriptor, type Kernel, type Operand } from "../../oracle/vm/descriptor.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import { encodeSigned } from "../../oracle/vm/leb128.ts";
import type { Rule } from "../../oracle/vm/malformed.ts";
import type { Instruction } from "../../oracle/vm/opcodes.ts";
import { CANONICAL_NAN } from "../../oracle/vm/value.ts";
import { leafOf } from "./random.ts";

export interface Boundary {
  readonly name: string;
  readonly leaf: KernelLeaf;
  /** The broken rule; undefined for a well-formed leaf. */
  readonly rule: Rule | undefined;
}

type PlainOpcode = Exclude<Instruction, { imm: unknown }>["op"];

const one: Instruction = { op: "i64.const", imm: 1n };
const oneF64: Instruction = { op: "f64.const", imm: 0x3ff0000000000000n };
const get = (imm: number): Instruction => ({ op: "local.get", imm });
const set = (imm: number): Instruction => ({ op: "local.set", imm });
const tee = (imm: number): Instruction => ({ op: "local.tee", imm });
const call = (imm: number): Instruction => ({ op: "call", imm });
const plain = (...ops: PlainOpcode[]): Instruction[] => ops.map((op) => ({ op }));
const times = (count: number, code: Instruction[]): Instruction[] => Array.from({ length: count }, () => code).flat();

/** In no space an operand of no elements needs a witness. */
const NOTHING: Operand = { space: "input", dtype: "i64", first: 0n, count: 0 };

const CONSTANT: Kernel = {
  dtype: "i64",
  accumulator: "none",
  axes: [],
  digits: [],
  operands: [],
  init: 0n,
  step: [],
  finish: [one],
};

/** Locals: axis 0, digits 1 and 2, accumulator 3. */
const SUM: Kernel = {
  ...CONSTANT,
  accumulator: "i64",
  axes: [3],
  digits: [2, 5],
  step: [get(3), get(2), ...plain("i64.add")],
  finish: [get(3), get(0), ...plain("i64.add")],
};

const sum = (changes: Partial<Kernel>): Kernel => ({ ...SUM, ...changes });
const constant = (changes: Partial<Kernel>): Kernel => ({ ...CONSTANT, ...changes });
const finish = (...code: Instruction[]): Kernel => constant({ finish: code });
const finishF64 = (...code: Instruction[]): Kernel => constant({ dtype: "f64", finish: code });

const ok = (name: string, kernel: Kernel): Boundary => ({ name, leaf: leafOf(kernel), rule: undefined });
const bad = (rule: Rule, name: string, kernel: Kernel): Boundary => ({ name, leaf: leafOf(kernel), rule });

/** CONSTANT or SUM with bytes replaced, from an offset on. */
function patched(rule: Rule | undefined, name: string, kernel: Kernel, offset: number, ...bytes: number[]): Boundary {
  const { chunks, descriptor } = leafOf(kernel);
  descriptor.set(bytes, offset);
  return { name, leaf: { chunks, descriptor }, rule };
}

/** `kernel` with the bytes of its sections replaced. */
export function withCode(kernel: Kernel, step: readonly number[], finishBytes: readonly number[]): KernelLeaf {
  const { chunks } = leafOf(kernel);
  const front = encodeDescriptor({ ...kernel, step: [], finish: [] });
  const lengths = new DataView(front.buffer);
  lengths.setUint16(6, step.length);
  lengths.setUint16(8, finishBytes.length);
  return { chunks, descriptor: Uint8Array.from([...front, ...step, ...finishBytes]) };
}

const code = (rule: Rule | undefined, name: string, ...bytes: number[]): Boundary => ({
  name,
  leaf: withCode(CONSTANT, [], bytes),
  rule,
});
const codeF64 = (rule: Rule | undefined, name: string, ...bytes: number[]): Boundary => ({
  name,
  leaf: withCode({ ...CONSTANT, dtype: "f64" }, [], bytes),
  rule,
});

function resized(rule: Rule, name: string, kernel: Kernel, length: number): Boundary {
  const { chunks, descriptor } = leafOf(kernel);
  const bytes = new Uint8Array(length);
  bytes.set(descriptor.subarray(0, length));
  return { name, leaf: { chunks, descriptor: bytes }, rule };
}

const stated = (rule: Rule | undefined, name: string, kernel: Kernel, chunks: bigint): Boundary => ({
  name,
  leaf: { ...leafOf(kernel), chunks },
  rule,
});

const F64_ONE_BYTES = [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f];

const descriptorRules = [
  ok("constant", CONSTANT),
  ok("sum", SUM),
  resized("length", "empty descriptor", CONSTANT, 0),
  resized("length", "header cut", CONSTANT, 17),
  resized("length", "header only", CONSTANT, 18),
  resized("length", "last byte cut", SUM, leafOf(SUM).descriptor.length - 1),
  resized("length", "a byte after the code", SUM, leafOf(SUM).descriptor.length + 1),
  resized("length", "2048 bytes, most of them after the code", SUM, 2048),
  resized("length", "2049 bytes", SUM, 2049),
  patched("format", "format 0", CONSTANT, 0, 0),
  patched("format", "format 2", CONSTANT, 0, 2),
  patched("dtype", "dtype 0", CONSTANT, 1, 0),
  patched("dtype", "dtype 11", CONSTANT, 1, 11),
  ok("dtype 10", constant({ dtype: "bool" })),
  patched("accumulator", "accumulator 3", SUM, 2, 3),
  patched("digits", "no accumulator, but digits", SUM, 2, 0),
  patched("digits", "an accumulator without digits", CONSTANT, 2, 1),
  ok("8 axes", constant({ axes: [1, 2, 1, 3, 1, 1, 1, 2] })),
  bad("axes", "9 axes", constant({ axes: Array(9).fill(1) })),
  ok("8 digits", sum({ axes: [], digits: Array(8).fill(1), step: [get(8)], finish: [get(8)] })),
  bad("digits", "9 digits", sum({ axes: [], digits: Array(9).fill(1), step: [get(9)], finish: [get(9)] })),
  bad("extent", "an axis of 0", constant({ axes: [3, 0] })),
  bad("extent", "a digit of 0", sum({ digits: [0, 5] })),
  ok("2^31 - 1 elements", constant({ dtype: "u8", axes: [2 ** 31 - 1] })),
  bad("product", "2^31 elements", constant({ dtype: "u8", axes: [2 ** 31] })),
  bad("product", "2^16 * 2^15 elements", constant({ dtype: "u8", axes: [2 ** 16, 2 ** 15] })),
  stated("product", "2^32 elements", constant({ axes: [2 ** 16, 2 ** 16] }), 0n),
  stated("product", "2^64 elements", constant({ axes: [2 ** 16, 2 ** 16, 2 ** 16, 2 ** 16] }), 0n),
  stated("product", "more than 2^255 elements", constant({ axes: Array(8).fill(2 ** 32 - 1) }), 1n),
  ok("2^31 - 1 steps", sum({ digits: [1, 2 ** 31 - 1] })),
  bad("product", "2^31 steps", sum({ digits: [2, 2 ** 30] })),
  ok("16 operands", constant({ operands: Array(16).fill(NOTHING), finish: [one, call(15)] })),
  bad("operandCount", "17 operands", constant({ operands: Array(17).fill(NOTHING) })),
  patched("operandSpace", "space 3", constant({ operands: [NOTHING] }), 18, 3),
  patched("operandDtype", "operand of dtype 0", constant({ operands: [NOTHING] }), 19, 0),
  patched("operandDtype", "operand of dtype 11", constant({ operands: [NOTHING] }), 19, 11),
  ok("an operand out of place", constant({ operands: [{ ...NOTHING, first: 2n ** 64n - 1n, count: 2 ** 32 - 1 }] })),
  bad("sectionLength", "no code in finish", finish()),
  bad("sectionLength", "no code in step", sum({ step: [] })),
  bad("sectionLength", "a step without accumulator", constant({ step: [one] })),
  ok("512 bytes of finish", finish(one, ...times(255, [tee(0)]))),
  bad("sectionLength", "513 bytes of finish", finish({ op: "i64.const", imm: 64n }, ...times(255, [tee(0)]))),
  ok("512 bytes of step", sum({ step: [one, ...times(255, [tee(4)])] })),
  bad("sectionLength", "513 bytes of step", sum({ step: [{ op: "i64.const", imm: 64n }, ...times(255, [tee(4)])] })),
  patched("init", "init without accumulator", CONSTANT, 10, 1),
  ok("init of the bits of a NaN, as i64", sum({ init: 0x7ff0000000000001n })),
  ok("init NaN", sum({ accumulator: "f64", init: Number.NaN, step: [oneF64], finish: [one] })),
  ...[0x7ff0000000000001n, CANONICAL_NAN + 1n, 2n ** 64n - 1n, CANONICAL_NAN | (2n ** 63n)].map((bits) => {
    const kernel = sum({ accumulator: "f64", init: 0, step: [oneF64], finish: [one] });
    const bytes = Array.from({ length: 8 }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn));
    return patched("init", `init NaN 0x${bits.toString(16)}`, kernel, 10, ...bytes);
  }),
  stated("chunks", "no chunks stated", CONSTANT, 0n),
  stated("chunks", "a chunk too many", CONSTANT, 2n),
  stated("chunks", "2^64 - 1 chunks", CONSTANT, 2n ** 64n - 1n),
  stated("chunks", "2^32 + 1 chunks", CONSTANT, 2n ** 32n + 1n),
  ok("32 elements, one chunk", constant({ axes: [32] })),
  ok("33 elements, two chunks", constant({ axes: [33] })),
];

const encodingRules = [
  code("opcode", "unreachable", 0x00),
  code("opcode", "end", 0x42, 1, 0x0b),
  code("opcode", "drop", 0x42, 1, 0x42, 1, 0x1a),
  code("opcode", "i64.div_u", 0x42, 1, 0x42, 1, 0x80),
  code("opcode", "i64.rem_u", 0x42, 1, 0x42, 1, 0x82),
  code("opcode", "i64.clz", 0x42, 1, 0x79),
  code("opcode", "i64.rotl", 0x42, 1, 0x42, 1, 0x89),
  code("opcode", "i32.const", 0x41, 1, 0xad),
  code("opcode", "i32.xor", 0x42, 1, 0x50, 0x42, 1, 0x50, 0x73, 0xad),
  code("opcode", "i64.extend_i32_s", 0x42, 1, 0x50, 0xac),
  codeF64("opcode", "f64.copysign", ...F64_ONE_BYTES, ...F64_ONE_BYTES, 0xa6),
  codeF64("opcode", "f32.demote_f64 at the end", ...F64_ONE_BYTES, 0xb6),
  codeF64("opcode", "f32.demote_f64 without f64.promote_f32", ...F64_ONE_BYTES, 0xb6, 0x99),
  codeF64("opcode", "f64.promote_f32 alone", ...F64_ONE_BYTES, 0xbb),
  codeF64("opcode", "f64.promote_f32 twice", ...F64_ONE_BYTES, 0xb6, 0xbb, 0xbb),
  codeF64(undefined, "round to f32", ...F64_ONE_BYTES, 0xb6, 0xbb),
  code("opcode", "0xfc at the end", ...F64_ONE_BYTES, 0xfc),
  code("opcode", "0xfc 7", ...F64_ONE_BYTES, 0xfc, 7),
  code("opcode", "0xfc 6 in two bytes", ...F64_ONE_BYTES, 0xfc, 0x86, 0),
  code(undefined, "i64.trunc_sat_f64_s", ...F64_ONE_BYTES, 0xfc, 6),
  code("immediate", "i64.const at the end", 0x42),
  code("immediate", "i64.const unfinished", 0x42, 0xff),
  code("immediate", "local.get at the end", 0x42, 1, 0x21, 0, 0x20),
  codeF64("immediate", "f64.const of 7 bytes", ...F64_ONE_BYTES.slice(0, 8)),
  code("immediate", "0 in two bytes", 0x42, 0x80, 0x00),
  code("immediate", "-1 in two bytes", 0x42, 0xff, 0x7f),
  code(undefined, "64 in two bytes", 0x42, 0xc0, 0x00),
  code("immediate", "64 in three bytes", 0x42, 0xc0, 0x80, 0x00),
  code(undefined, "-65 in two bytes", 0x42, 0xbf, 0x7f),
  ...[1n, -1n].flatMap((sign) =>
    [6n, 13n, 20n, 27n, 34n, 41n, 48n, 55n, 62n].flatMap((power) =>
      [2n ** power, 2n ** power - 1n].map((magnitude) =>
        code(undefined, `the constant ${sign * magnitude}`, 0x42, ...encodeSigned(sign * magnitude)),
      ),
    ),
  ),
  code(undefined, "2^63 - 1", 0x42, ...encodeSigned(2n ** 63n - 1n)),
  code(undefined, "-2^63", 0x42, ...encodeSigned(-(2n ** 63n))),
  code("immediate", "2^63", 0x42, ...encodeSigned(2n ** 63n)),
  code("immediate", "-2^63 - 1", 0x42, ...encodeSigned(-(2n ** 63n) - 1n)),
  code("immediate", "a tenth byte of 0x3f", 0x42, ...Array(9).fill(0xff), 0x3f),
  code("immediate", "a tenth byte of 0x40", 0x42, ...Array(9).fill(0x80), 0x40),
  code("immediate", "2^62 in eleven bytes", 0x42, ...Array(8).fill(0x80), 0xc0, 0x80, 0x00),
  code("immediate", "local 0 in two bytes", 0x42, 1, 0x22, 0x80, 0x00),
  code("localIndex", "local 2^32 - 1", 0x42, 1, 0x22, 0xff, 0xff, 0xff, 0xff, 0x0f),
  code("immediate", "local 2^32", 0x42, 1, 0x22, 0x80, 0x80, 0x80, 0x80, 0x10),
  code("immediate", "local 2^35 - 1", 0x42, 1, 0x22, 0xff, 0xff, 0xff, 0xff, 0x7f),
  code("immediate", "a local of six bytes", 0x42, 1, 0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00),
  { name: "an immediate from step into finish", leaf: withCode(SUM, [0x42], [0x01, 0x20, 3]), rule: "immediate" },
  { name: "a pair from step into finish", leaf: withCode(SUM, [0x20, 3, 0xb6], [0xbb]), rule: "opcode" },
] satisfies Boundary[];

const counted = (values: number) =>
  // Pairs make an odd number of values, a triple of the same effect the even ones.
  values % 2 === 1
    ? finish(one, ...times((values - 1) / 2, plain("i64.eqz", "i64.extend_i32_u")))
    : finish(
        ...[one, ...plain("i64.eqz", "i32.eqz", "i64.extend_i32_u")],
        ...times((values - 4) / 2, plain("i64.eqz", "i64.extend_i32_u")),
      );
const constants = (count: number) =>
  finish(...times(40, [one, set(0)]), one, ...times(count - 41, [one, ...plain("i64.add")]));
const stacked = (height: number) => finish(...times(height, [one]), ...times(height - 1, plain("i64.add")));
const loads = (count: number) => constant({ operands: [NOTHING], finish: [one, ...times(count, [call(0)])] });
const finishLoads = (count: number) =>
  sum({
    operands: [NOTHING],
    step: [one, ...times(128, [call(0)])],
    finish: [get(3), ...times(count, [call(0)])],
  });
/** 128 loads, a conversion, 119 roots, 4 roundings: exactly the limit. */
const dearest = (...more: PlainOpcode[]) =>
  constant({
    dtype: "f64",
    operands: [NOTHING],
    finish: [
      ...[one, ...times(128, [call(0)]), ...plain("f64.convert_i64_s")],
      ...[...times(119, plain("f64.sqrt")), ...times(4, plain("f64.round_f32")), ...plain(...more)],
    ],
  });

const codeRules = [
  ok("128 constants", constants(128)),
  bad("constants", "129 constants", constants(129)),
  ok("128 loads", loads(128)),
  bad("loads", "129 loads", loads(129)),
  ok("8 loads in finish, 128 in step", finishLoads(8)),
  bad("loads", "9 loads in finish after steps", finishLoads(9)),
  ok("255 values", counted(255)),
  ok("256 values", counted(256)),
  bad("values", "257 values", counted(257)),
  ok("32 on the stack", stacked(32)),
  bad("stack", "33 on the stack", stacked(33)),
  bad(
    "stack",
    "33 on the stack by local.get",
    finish(one, set(0), ...times(33, [get(0)]), ...times(32, plain("i64.add"))),
  ),
  ok("6,000,000 gas", dearest()),
  bad("cost", "6,000,090 gas", dearest("f64.neg")),
  ok("local 63", finish(one, tee(63))),
  bad("localIndex", "set of local 64", finish(one, tee(64))),
  bad("localIndex", "get of local 64", finish(get(64))),
  ok("last operand", constant({ operands: [NOTHING, NOTHING], finish: [one, call(1)] })),
  bad("operandIndex", "operand p", constant({ operands: [NOTHING, NOTHING], finish: [one, call(2)] })),
  bad("operandIndex", "no operands", finish(one, call(0))),
  bad("underflow", "add of one value", finish(one, ...plain("i64.add"))),
  bad("underflow", "a set of nothing", finish(set(0), one)),
  bad("underflow", "a load without index", constant({ operands: [NOTHING], finish: [call(0)] })),
  bad("underflow", "a select of one value", finish(one, one, ...plain("i64.eqz", "select"))),
  bad("type", "i64.add of an f64", finish(oneF64, one, ...plain("i64.add"))),
  bad("type", "f64.add of an i64", finishF64(oneF64, one, ...plain("f64.add"))),
  bad("type", "a load at an f64", constant({ operands: [NOTHING], finish: [oneF64, call(0)] })),
  bad("type", "a load at a condition", constant({ operands: [NOTHING], finish: [one, ...plain("i64.eqz"), call(0)] })),
  bad("type", "i64.eqz of a condition", finish(one, ...plain("i64.eqz", "i64.eqz", "i64.extend_i32_u"))),
  bad("type", "i32.eqz of an i64", finish(one, ...plain("i32.eqz", "i64.extend_i32_u"))),
  bad("type", "select by an i64", finish(one, one, one, ...plain("select"))),
  bad("type", "select of an i64 and an f64", finish(one, oneF64, one, ...plain("i64.eqz", "select"))),
  bad(
    "type",
    "select of conditions",
    finish(...times(3, [one, ...plain("i64.eqz")]), ...plain("select", "i64.extend_i32_u")),
  ),
  bad("type", "a condition in a local", finish(one, ...plain("i64.eqz"), set(0), one)),
  bad("type", "a condition teed", finish(one, ...plain("i64.eqz"), tee(0), ...plain("i64.extend_i32_u"))),
  bad("type", "a local of two types", finish(one, set(0), oneF64, set(0), one)),
  bad("type", "a local of two types, never read", finish(oneF64, set(9), one, tee(9))),
  ok("a local set twice", finish(one, set(0), one, set(0), get(0))),
  bad("unset", "a local before it is set", finish(get(0))),
  bad("unset", "a local after another one is set", finish(one, set(1), get(0))),
  bad("unset", "a local that step has set", sum({ step: [one, tee(4)], finish: [get(4)] })),
  bad("unset", "a digit in finish", sum({ finish: [get(1)] })),
  bad("unset", "the other digit in finish", sum({ finish: [get(2)] })),
  bad("readOnly", "a digit set in finish", sum({ finish: [one, tee(1)] })),
  bad("readOnly", "an axis set in finish", sum({ finish: [one, tee(0)] })),
  bad("readOnly", "the accumulator set in finish", sum({ finish: [one, tee(3)] })),
  bad("readOnly", "an axis set in step", sum({ step: [one, tee(0)] })),
  bad("readOnly", "a digit set in step", sum({ step: [one, tee(2)] })),
  bad("readOnly", "the accumulator set in step", sum({ step: [one, tee(3)] })),
  bad("readOnly", "an axis set without accumulator", constant({ axes: [2], finish: [one, tee(0)] })),
  ok("local a without accumulator", constant({ axes: [2], finish: [one, tee(1)] })),
  ok("the local after the accumulator", sum({ step: [one, tee(4)], finish: [oneF64, set(4), get(3)] })),
  bad("result", "nothing left", finish(one, set(0))),
  bad("result", "two values left", finish(one, one)),
  bad("result", "an f64 for i64", finish(oneF64)),
  bad("result", "an i64 for f32", constant({ dtype: "f32" })),
  bad("result", "a condition left", finish(one, ...plain("i64.eqz"))),
  bad("result", "an f64 for an i64 accumulator", sum({ step: [oneF64] })),
  bad("result", "an i64 for an f64 accumulator", sum({ accumulator: "f64", init: 0, finish: [one], step: [one] })),
  bad("result", "a condition for bool", constant({ dtype: "bool", finish: [one, ...plain("i64.eqz")] })),
];

export const BOUNDARIES: readonly Boundary[] = [...descriptorRules, ...encodingRules, ...codeRules];
