// The sentences of docs/kernels.md, "A kernel" and "Meaning", one by one; test/kernels goes over everything at random.
import { expect } from "chai";
import { CHUNK_BYTES, type Dtype, type Element, pack } from "../model/tensor.ts";
import { encodeDescriptor, type Kernel } from "./descriptor.ts";
import { toHex } from "./keccak.ts";
import type { Instruction } from "./opcodes.ts";
import { evaluateKernel, evaluateProgram, evaluateSegment, touchedChunks } from "./reference.ts";
import { type Spaces, spaceOf } from "./spaces.ts";
import { type ValidKernel, validate } from "./validate.ts";
import { CANONICAL_NAN, encodeValue, f64Bits, f64FromBits } from "./value.ts";

type PlainOp = Exclude<Instruction, { imm: unknown }>["op"];

const int = (imm: bigint): Instruction => ({ op: "i64.const", imm });
const bits = (imm: bigint): Instruction => ({ op: "f64.const", imm });
const num = (x: number) => bits(f64Bits(x));
const get = (imm: number): Instruction => ({ op: "local.get", imm });
const call = (imm: number): Instruction => ({ op: "call", imm });
const plain = (op: PlainOp): Instruction => ({ op });

const NO_STEPS = { accumulator: "none", axes: [], digits: [], operands: [], init: 0n, step: [] } as const;

function leafOf(kernel: Kernel, chunks = 1n) {
  return { chunks, descriptor: encodeDescriptor(kernel) };
}

function valid(kernel: Kernel): ValidKernel {
  const { valid: checked, malformed } = validate(encodeDescriptor(kernel), 1n);
  if (checked === undefined) throw new Error(`${malformed.rule}: ${malformed.detail}`);
  return checked;
}

function spaces({
  trace = [],
  weights = [],
  input = [],
}: {
  trace?: number[];
  weights?: number[];
  input?: number[];
}): Spaces {
  const space = (bytes: number[]) => spaceOf(Uint8Array.from(bytes));
  return { trace: space(trace), weights: space(weights), input: space(input) };
}

const output = (kernel: Kernel, from: Spaces = spaces({})) => toHex(evaluateKernel(valid(kernel), from));
const result = (dtype: Dtype, ...finish: Instruction[]) => output({ ...NO_STEPS, dtype, finish });
const packed = (dtype: Dtype, ...elements: Element[]) => toHex(pack(dtype, elements));

describe("the reference evaluator, sentence by sentence", () => {
  it("runs steps row-major, from init, and then finish", () => {
    const kernel: Kernel = {
      dtype: "i64",
      accumulator: "i64",
      axes: [2, 2],
      digits: [2, 3],
      operands: [],
      init: 7n,
      // acc * 10 + 3 d0 + d1 spells the steps in decimal digits.
      step: [
        get(4),
        int(10n),
        plain("i64.mul"),
        get(2),
        int(3n),
        plain("i64.mul"),
        plain("i64.add"),
        get(3),
        plain("i64.add"),
      ],
      // (acc * 10 + i0) * 10 + i1
      finish: [
        get(4),
        int(10n),
        plain("i64.mul"),
        get(0),
        plain("i64.add"),
        int(10n),
        plain("i64.mul"),
        get(1),
        plain("i64.add"),
      ],
    };
    expect(output(kernel)).to.equal(packed("i64", 701234500n, 701234501n, 701234510n, 701234511n));
    const run = { element: 3, from: 2, to: 4, accumulator: 701n };
    expect(toHex(evaluateSegment(valid(kernel), spaces({}), run))).to.equal(toHex(encodeValue(70123n)));
    const last = { element: 3, from: 4, to: 6, accumulator: 70123n };
    expect(toHex(evaluateSegment(valid(kernel), spaces({}), last))).to.equal(packed("i64", 701234511n));
    for (const wrong of [{ element: 4 }, { element: -1 }, { from: 5, to: 4 }, { to: 7 }]) {
      expect(() => evaluateSegment(valid(kernel), spaces({}), { ...run, ...wrong })).to.throw(RangeError);
    }
  });

  it("div_s and rem_s are total", () => {
    const min = -(2n ** 63n);
    const divided = (op: "i64.div_s" | "i64.rem_s", a: bigint, b: bigint) => result("i64", int(a), int(b), plain(op));
    expect(divided("i64.div_s", 5n, 0n)).to.equal(packed("i64", 0n));
    expect(divided("i64.rem_s", 5n, 0n)).to.equal(packed("i64", 0n));
    expect(divided("i64.div_s", min, -1n)).to.equal(packed("i64", min));
    expect(divided("i64.rem_s", min, -1n)).to.equal(packed("i64", 0n));
    expect(divided("i64.div_s", -7n, 2n)).to.equal(packed("i64", -3n));
    expect(divided("i64.rem_s", -7n, 2n)).to.equal(packed("i64", -1n));
  });

  it("a NaN shows in one form only", () => {
    const payload = bits(0xfff4000000000001n);
    expect(result("f64", payload)).to.equal("0x000000000000f87f");
    expect(result("f32", payload)).to.equal("0x0000c07f");
    expect(result("f64", payload, plain("f64.neg"))).to.equal("0x000000000000f87f");
    expect(result("i64", payload, plain("i64.reinterpret_f64"))).to.equal("0x000000000000f87f");
    expect(toHex(encodeValue(f64FromBits(0xffffffffffffffffn)))).to.equal("0x000000000000f87f");
    expect(f64Bits(Number.NaN)).to.equal(CANONICAL_NAN);
  });

  it("shifts are modulo 64, trunc_sat saturates, ties go to even, zeros have a sign", () => {
    expect(result("i64", int(1n), int(65n), plain("i64.shl"))).to.equal(packed("i64", 2n));
    expect(result("i64", int(-1n), int(-1n), plain("i64.shr_u"))).to.equal(packed("i64", 1n));
    for (const [x, integer] of [
      [Number.NaN, 0n],
      [Number.POSITIVE_INFINITY, 2n ** 63n - 1n],
      [2 ** 63, 2n ** 63n - 1n],
      [-(2 ** 63) - 2048, -(2n ** 63n)],
      [-1.9, -1n],
    ] as const) {
      expect(result("i64", num(x), plain("i64.trunc_sat_f64_s")), `${x}`).to.equal(packed("i64", integer));
    }
    for (const [x, rounded] of [
      [0.5, 0],
      [1.5, 2],
      [2.5, 2],
      [-0.5, -0],
      [-1.5, -2],
      [0.49999999999999994, 0],
      [2 ** 52 - 0.5, 2 ** 52],
    ] as const) {
      expect(result("f64", num(x), plain("f64.nearest")), `${x}`).to.equal(packed("f64", rounded));
    }
    expect(result("f64", num(0), num(-0), plain("f64.min"))).to.equal(packed("f64", -0));
    expect(result("f64", num(-0), num(0), plain("f64.max"))).to.equal(packed("f64", 0));
    expect(result("f64", num(1), num(Number.NaN), plain("f64.max"))).to.equal("0x000000000000f87f");
    expect(result("f64", int(2n ** 53n + 1n), plain("f64.convert_i64_s"))).to.equal(packed("f64", 2 ** 53));
    expect(result("f64", num(1 + 2 ** -24), plain("f64.round_f32"))).to.equal(packed("f64", 1));
  });

  it("stores keep the low bits, bool stores whether, f32 is rounded once", () => {
    expect(result("i8", int(-129n))).to.equal("0x7f");
    expect(result("u16", int(-1n))).to.equal("0xffff");
    expect(result("bool", int(256n))).to.equal("0x01");
    expect(result("bool", int(0n))).to.equal("0x00");
    // Twice rounded, by way of 1 + 2^-24, this would be 1.
    expect(result("f32", num(1 + 2 ** -24 + 2 ** -52))).to.equal(packed("f32", 1 + 2 ** -23));
    expect(result("f32", num(2 ** -149))).to.equal("0x01000000");
  });

  it("loads extend by their dtype, a bool as it is", () => {
    const load = (dtype: Dtype, ...input: number[]) => {
      const count = 1;
      const operands = [{ space: "input", dtype, first: 0n, count }] as const;
      return output({ ...NO_STEPS, dtype: "i64", operands, finish: [int(0n), call(0)] }, spaces({ input }));
    };
    expect(load("i8", 0xff)).to.equal(packed("i64", -1n));
    expect(load("u8", 0xff)).to.equal(packed("i64", 255n));
    expect(load("bool", 0xff)).to.equal(packed("i64", 255n));
    expect(load("i16", 0, 0x80)).to.equal(packed("i64", -32768n));
    expect(load("u32", 0, 0, 0, 0x80)).to.equal(packed("i64", 2n ** 31n));
  });

  it("loads from an operand that is not in place, or out of its range, give 0", () => {
    const input = Array<number>(CHUNK_BYTES).fill(1);
    const load = (first: bigint, count: number, index: bigint) => {
      const operands = [{ space: "input", dtype: "u8", first, count }] as const;
      return output({ ...NO_STEPS, dtype: "u8", operands, finish: [int(index), call(0)] }, spaces({ input }));
    };
    expect(load(0n, 256, 255n)).to.equal("0x01");
    expect(load(0n, 256, 256n)).to.equal("0x00");
    expect(load(0n, 256, -1n)).to.equal("0x00");
    expect(load(0n, 100, 100n)).to.equal("0x00");
    expect(load(0n, 257, 0n)).to.equal("0x00");
    expect(load(1n, 1, 0n)).to.equal("0x00");
    expect(load(2n ** 64n - 1n, 256, 0n)).to.equal("0x00");
    expect(load(2n ** 64n - 1n, 0, 0n)).to.equal("0x00");
  });

  it("the chunks that a run touches are those it loads from", () => {
    const operands = [{ space: "weights", dtype: "f64", first: 1n, count: 96 }] as const;
    const sum: Kernel = {
      dtype: "f64",
      accumulator: "f64",
      axes: [],
      digits: [96],
      operands,
      init: 0,
      step: [get(1), get(0), call(0), plain("f64.add")],
      finish: [get(1), int(-1n), call(0), plain("f64.add")],
    };
    const all = spaces({ weights: Array(4 * CHUNK_BYTES).fill(0) });
    const touched = (from: number, to: number) =>
      touchedChunks(valid(sum), all, { element: 0, from, to, accumulator: 0 }).weights;
    expect([...touched(0, 32)]).to.deep.equal([1]);
    expect([...touched(31, 65)]).to.deep.equal([1, 2, 3]);
    expect([...touched(64, 96)]).to.deep.equal([3]);
    expect([...touched(96, 96)]).to.deep.equal([]);
  });

  it("a kernel reads the trace before it, and a malformed one leaves zeros", () => {
    const counting: Kernel = { ...NO_STEPS, dtype: "u8", axes: [300], finish: [get(0), int(1n), plain("i64.add")] };
    const malformed = { chunks: 1n, descriptor: Uint8Array.of(1) };
    const copy = (first: bigint, count: number): Kernel => {
      const operands = [{ space: "trace", dtype: "u8", first, count }] as const;
      return { ...NO_STEPS, dtype: "u8", axes: [2], operands, finish: [get(0), call(0)] };
    };
    // Chunks 0 and 1, 2, then one each. Chunk 5 is the reader's own, 6 the next one's.
    const kernels = [
      leafOf(counting, 2n),
      malformed,
      leafOf(copy(1n, 256)),
      leafOf(copy(2n, 256)),
      leafOf(copy(4n, 257)),
    ];
    const trace = evaluateProgram(
      [...kernels, leafOf(copy(0n, 5 * CHUNK_BYTES))],
      new Uint8Array(0),
      new Uint8Array(0),
    );
    const chunk = (index: number) => toHex(trace.subarray(index * CHUNK_BYTES, index * CHUNK_BYTES + 3));
    expect(trace).to.have.length(7 * CHUNK_BYTES);
    expect([0, 1, 2, 3, 4, 5, 6].map(chunk)).to.deep.equal([
      "0x010203",
      "0x010203",
      "0x000000",
      "0x010200",
      "0x000000",
      "0x000000",
      "0x010200",
    ]);
    expect(trace.subarray(300, 512).every((byte) => byte === 0)).to.equal(true);
  });
});
