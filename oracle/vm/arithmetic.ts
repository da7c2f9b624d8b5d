/**
 * What each instruction that neither loads nor touches a local does to the stack, as the WebAssembly core specification
 * and docs/kernels.md define it. Written to be read and believed, not to be fast.
 */
import type { Instruction } from "./opcodes.ts";
import { f64Bits, f64FromBits, type Value } from "./value.ts";

/** The instructions without an immediate. */
export type Operator = Exclude<Instruction, { imm: unknown }>["op"];

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

/** Values in the order they were pushed; a condition is the number 0 or 1. */
export class Stack {
  readonly #values: Value[] = [];

  push(value: Value): void {
    this.#values.push(value);
  }

  pop(): Value {
    const value = this.#values.pop();
    if (value === undefined) throw new RangeError("the stack is empty");
    return value;
  }

  /** Throws a TypeError if the top is no i64. */
  popI64(): bigint {
    const value = this.pop();
    if (typeof value !== "bigint") throw new TypeError("expected an i64");
    return value;
  }

  /** A float or a condition. Throws a TypeError if the top is an i64. */
  popNumber(): number {
    const value = this.pop();
    if (typeof value !== "number") throw new TypeError("expected a number");
    return value;
  }
}

type Effect = (stack: Stack) => void;

/** The operands in the order they were pushed, the result wrapped to 64 bits. */
function i64(result: (a: bigint, b: bigint) => bigint): Effect {
  return (stack) => {
    const b = stack.popI64();
    const a = stack.popI64();
    stack.push(BigInt.asIntN(64, result(a, b)));
  };
}

function compareI64(holds: (a: bigint, b: bigint) => boolean): Effect {
  return (stack) => {
    const b = stack.popI64();
    const a = stack.popI64();
    stack.push(holds(a, b) ? 1 : 0);
  };
}

function unary(result: (a: number) => number): Effect {
  return (stack) => stack.push(result(stack.popNumber()));
}

function binary(result: (a: number, b: number) => number): Effect {
  return (stack) => {
    const b = stack.popNumber();
    const a = stack.popNumber();
    stack.push(result(a, b));
  };
}

const compareF64 = (holds: (a: number, b: number) => boolean) => binary((a, b) => (holds(a, b) ? 1 : 0));

const unsigned = (a: bigint) => BigInt.asUintN(64, a);

export const EFFECTS: Readonly<Record<Operator, Effect>> = {
  select: (stack) => {
    const condition = stack.popNumber();
    const otherwise = stack.pop();
    const then = stack.pop();
    stack.push(condition === 0 ? otherwise : then);
  },
  "i32.eqz": unary((a) => (a === 0 ? 1 : 0)),
  "i32.and": binary((a, b) => a & b),
  "i32.or": binary((a, b) => a | b),
  "i64.eqz": (stack) => stack.push(stack.popI64() === 0n ? 1 : 0),
  "i64.eq": compareI64((a, b) => a === b),
  "i64.ne": compareI64((a, b) => a !== b),
  "i64.lt_s": compareI64((a, b) => a < b),
  "i64.lt_u": compareI64((a, b) => unsigned(a) < unsigned(b)),
  "i64.gt_s": compareI64((a, b) => a > b),
  "i64.gt_u": compareI64((a, b) => unsigned(a) > unsigned(b)),
  "i64.le_s": compareI64((a, b) => a <= b),
  "i64.le_u": compareI64((a, b) => unsigned(a) <= unsigned(b)),
  "i64.ge_s": compareI64((a, b) => a >= b),
  "i64.ge_u": compareI64((a, b) => unsigned(a) >= unsigned(b)),
  "i64.add": i64((a, b) => a + b),
  "i64.sub": i64((a, b) => a - b),
  "i64.mul": i64((a, b) => a * b),
  "i64.div_s": i64((a, b) => (b === 0n ? 0n : a / b)),
  "i64.rem_s": i64((a, b) => (b === 0n ? 0n : a % b)),
  "i64.and": i64((a, b) => a & b),
  "i64.or": i64((a, b) => a | b),
  "i64.xor": i64((a, b) => a ^ b),
  "i64.shl": i64((a, b) => a << (b & 63n)),
  "i64.shr_s": i64((a, b) => a >> (b & 63n)),
  "i64.shr_u": i64((a, b) => unsigned(a) >> (b & 63n)),
  "i64.extend_i32_u": (stack) => stack.push(BigInt(stack.popNumber())),
  "i64.reinterpret_f64": (stack) => stack.push(BigInt.asIntN(64, f64Bits(stack.popNumber()))),
  "i64.trunc_sat_f64_s": (stack) => stack.push(saturate(stack.popNumber())),
  "f64.eq": compareF64((a, b) => a === b),
  "f64.ne": compareF64((a, b) => a !== b),
  "f64.lt": compareF64((a, b) => a < b),
  "f64.gt": compareF64((a, b) => a > b),
  "f64.le": compareF64((a, b) => a <= b),
  "f64.ge": compareF64((a, b) => a >= b),
  "f64.abs": unary(Math.abs),
  "f64.neg": unary((a) => -a),
  "f64.ceil": unary(Math.ceil),
  "f64.floor": unary(Math.floor),
  "f64.trunc": unary(Math.trunc),
  "f64.nearest": unary(nearest),
  "f64.sqrt": unary(Math.sqrt),
  "f64.add": binary((a, b) => a + b),
  "f64.sub": binary((a, b) => a - b),
  "f64.mul": binary((a, b) => a * b),
  "f64.div": binary((a, b) => a / b),
  "f64.min": binary(Math.min),
  "f64.max": binary(Math.max),
  "f64.round_f32": unary(Math.fround),
  "f64.convert_i64_s": (stack) => stack.push(Number(stack.popI64())),
  "f64.reinterpret_i64": (stack) => stack.push(f64FromBits(stack.popI64())),
};

/** To the nearest integer, ties to even, the sign kept. */
function nearest(x: number): number {
  // From 2^52 on every number is an integer; NaN and the infinities stay too.
  if (!(Math.abs(x) < 2 ** 52)) return x;
  const below = Math.floor(x);
  const fraction = x - below;
  const isUp = fraction > 0.5 || (fraction === 0.5 && below % 2 !== 0);
  const rounded = isUp ? below + 1 : below;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

function saturate(x: number): bigint {
  if (Number.isNaN(x)) return 0n;
  if (x >= 2 ** 63) return I64_MAX;
  return x <= -(2 ** 63) ? I64_MIN : BigInt(Math.trunc(x));
}
