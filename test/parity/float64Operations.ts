// The operations of contracts/lib/Float64, as the host computes them: JavaScript's arithmetic is IEEE 754's.
import { BINARY64, encode } from "../ieee754.ts";
import type { Kind, Sweep } from "./float64Operands.ts";
import type { Slots } from "./slots.ts";

export interface Operation {
  readonly name: string;
  /** How its operands are drawn, by turns. */
  readonly kinds: readonly Kind[];
  /** What is tried without a gap. */
  readonly sweep: Sweep;
  /** Writes the result of operands 2i and 2i + 1 to slot i of `results`. */
  readonly host: (operands: Slots, i: number, results: Slots) => void;
}

const SUM: Kind[] = ["independent", "nearExponents", "nearExponents", "cancelling", "sumTie", "short"];
const PRODUCT: Kind[] = ["independent", "nearExponents", "productEdge", "short", "short"];
const QUOTIENT: Kind[] = ["independent", "nearExponents", "quotientEdge", "multiple", "short"];
const ROOT: Kind[] = ["independent", "square", "square", "short"];
const ORDER: Kind[] = ["independent", "cancelling", "cancelling", "nearExponents"];
const INTEGRAL: Kind[] = ["independent", "nearInteger", "nearInteger", "nearInteger"];
const NARROW: Kind[] = ["independent", "nearBinary32", "nearBinary32", "nearBinary32"];

/** In the order of `Float64Harness`. */
export const OPERATIONS: readonly Operation[] = [
  arithmetic("add", SUM, (a, b) => a + b),
  arithmetic("sub", SUM, (a, b) => a - b),
  arithmetic("mul", PRODUCT, (a, b) => a * b),
  arithmetic("div", QUOTIENT, (a, b) => a / b),
  arithmetic("min", ORDER, Math.min),
  arithmetic("max", ORDER, Math.max),
  arithmetic("sqrt", ROOT, Math.sqrt),
  arithmetic("abs", ["independent"], Math.abs),
  arithmetic("neg", ["independent"], (a) => -a),
  arithmetic("ceil", INTEGRAL, Math.ceil),
  arithmetic("floor", INTEGRAL, Math.floor),
  arithmetic("trunc", INTEGRAL, Math.trunc),
  arithmetic("nearest", INTEGRAL, nearest),
  arithmetic("roundToF32", NARROW, Math.fround),
  comparison("eq", (a, b) => a === b),
  comparison("ne", (a, b) => a !== b),
  comparison("lt", (a, b) => a < b),
  comparison("gt", (a, b) => a > b),
  comparison("le", (a, b) => a <= b),
  comparison("ge", (a, b) => a >= b),
  arithmetic("toBits", ["independent"], (a) => a),
  { name: "toF32Bits", kinds: NARROW, sweep: "everyExponentAndSpecial", host: toF32Bits },
  { name: "toInt64", kinds: INTEGRAL, sweep: "everyExponentAndSpecial", host: toInt64 },
  arithmetic("fromBits", ["independent"], (a) => a),
  { name: "fromF32Bits", kinds: ["binary32"], sweep: "everyBinary32Exponent", host: fromF32Bits },
  { name: "fromInt64", kinds: ["integer"], sweep: "everyLength", host: fromInt64 },
];

/** Those whose operands and results are floats, which can follow each other. */
export const CHAINABLE: readonly Operation[] = OPERATIONS.slice(0, 14);

function arithmetic(name: string, kinds: readonly Kind[], f: (a: number, b: number) => number): Operation {
  const host = (operands: Slots, i: number, results: Slots) =>
    results.setFloat(i, f(operands.floats[2 * i] ?? 0, operands.floats[2 * i + 1] ?? 0));
  return { name, kinds, sweep: f.length === 1 ? "everyExponentAndSpecial" : "everySpecialPair", host };
}

function comparison(name: string, f: (a: number, b: number) => boolean): Operation {
  const host = ({ floats }: Slots, i: number, results: Slots) => {
    results.integers[i] = f(floats[2 * i] ?? 0, floats[2 * i + 1] ?? 0) ? 1n : 0n;
  };
  return { name, kinds: ORDER, sweep: "everySpecialPair", host };
}

/** Rounds to an integer, ties to even: adding 2^52 leaves no bit for a fraction. */
function nearest(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < 2 ** 52)) return x;
  const rounded = magnitude + 2 ** 52 - 2 ** 52;
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
}

const narrow = new DataView(new ArrayBuffer(4));

function toF32Bits({ floats }: Slots, i: number, results: Slots): void {
  const value = floats[2 * i] ?? 0;
  narrow.setFloat32(0, value);
  results.integers[i] = BigInt(Number.isNaN(value) ? 0x7fc00000 : narrow.getUint32(0));
}

function fromF32Bits({ halves }: Slots, i: number, results: Slots): void {
  narrow.setUint32(0, halves[4 * i] ?? 0);
  results.setFloat(i, narrow.getFloat32(0));
}

/** In exact integers: a float without its fraction is one. */
function toInt64({ floats }: Slots, i: number, results: Slots): void {
  const value = floats[2 * i] ?? 0;
  if (Number.isNaN(value)) results.integers[i] = 0n;
  else if (value >= 2 ** 63) results.integers[i] = 2n ** 63n - 1n;
  else if (value <= -(2 ** 63)) results.integers[i] = -(2n ** 63n);
  else results.integers[i] = BigInt(Math.trunc(value));
}

/** In exact integers, and as the host rounds them. */
function fromInt64({ integers }: Slots, i: number, results: Slots): void {
  const value = integers[2 * i] ?? 0n;
  results.floats[i] = Number(value);
  const exact = encode(BINARY64, value, 0);
  if (BigInt.asUintN(64, results.integers[i] ?? 0n) !== exact) throw new Error(`the host rounds ${value} otherwise`);
}
