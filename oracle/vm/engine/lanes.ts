/** What each instruction is on vectors of two. A condition is a mask: all bits of its lane, or none. */
import type { Operator } from "../arithmetic.ts";
import type { ValueType } from "../opcodes.ts";
import { CANONICAL_NAN } from "../value.ts";
import type { Expression, Local, ModuleBuilder } from "../wasmBuilder.ts";

export const LANES = 2;

type Build = (module: ModuleBuilder, args: Operands, scratch: () => Local) => Expression;
type Operands = readonly [Expression, Expression, Expression];

/** The others are done lane by lane. */
const VECTOR_OPERATORS: Readonly<Partial<Record<Operator, Build>>> = {
  select: (m, [then, otherwise, mask]) => m.v128.bitselect(then, otherwise, mask),
  "i32.eqz": (m, [a]) => m.v128.not(a),
  "i32.and": (m, [a, b]) => m.v128.and(a, b),
  "i32.or": (m, [a, b]) => m.v128.or(a, b),
  "i64.eqz": (m, [a]) => m.i64x2.eq(a, m.i64x2.splat(m.i64.const(0n))),
  "i64.eq": (m, [a, b]) => m.i64x2.eq(a, b),
  "i64.ne": (m, [a, b]) => m.i64x2.ne(a, b),
  "i64.lt_s": (m, [a, b]) => m.i64x2.lt_s(a, b),
  "i64.gt_s": (m, [a, b]) => m.i64x2.gt_s(a, b),
  "i64.le_s": (m, [a, b]) => m.i64x2.le_s(a, b),
  "i64.ge_s": (m, [a, b]) => m.i64x2.ge_s(a, b),
  "i64.add": (m, [a, b]) => m.i64x2.add(a, b),
  "i64.sub": (m, [a, b]) => m.i64x2.sub(a, b),
  "i64.mul": (m, [a, b]) => m.i64x2.mul(a, b),
  "i64.and": (m, [a, b]) => m.v128.and(a, b),
  "i64.or": (m, [a, b]) => m.v128.or(a, b),
  "i64.xor": (m, [a, b]) => m.v128.xor(a, b),
  "i64.extend_i32_u": (m, [a]) => m.v128.and(a, m.i64x2.splat(m.i64.const(1n))),
  "i64.reinterpret_f64": canonicalLanes,
  "f64.eq": (m, [a, b]) => m.f64x2.eq(a, b),
  "f64.ne": (m, [a, b]) => m.f64x2.ne(a, b),
  "f64.lt": (m, [a, b]) => m.f64x2.lt(a, b),
  "f64.gt": (m, [a, b]) => m.f64x2.gt(a, b),
  "f64.le": (m, [a, b]) => m.f64x2.le(a, b),
  "f64.ge": (m, [a, b]) => m.f64x2.ge(a, b),
  "f64.abs": (m, [a]) => m.f64x2.abs(a),
  "f64.neg": (m, [a]) => m.f64x2.neg(a),
  "f64.ceil": (m, [a]) => m.f64x2.ceil(a),
  "f64.floor": (m, [a]) => m.f64x2.floor(a),
  "f64.trunc": (m, [a]) => m.f64x2.trunc(a),
  "f64.nearest": (m, [a]) => m.f64x2.nearest(a),
  "f64.sqrt": (m, [a]) => m.f64x2.sqrt(a),
  "f64.add": (m, [a, b]) => m.f64x2.add(a, b),
  "f64.sub": (m, [a, b]) => m.f64x2.sub(a, b),
  "f64.mul": (m, [a, b]) => m.f64x2.mul(a, b),
  "f64.div": (m, [a, b]) => m.f64x2.div(a, b),
  "f64.min": (m, [a, b]) => m.f64x2.min(a, b),
  "f64.max": (m, [a, b]) => m.f64x2.max(a, b),
  "f64.round_f32": (m, [a]) => m.f64x2.promote_low_f32x4(m.f32x4.demote_f64x2_zero(a)),
  "f64.reinterpret_i64": (_m, [a]) => a,
};

/** Shifts of both lanes by one count. */
const SHIFTS: Readonly<Partial<Record<Operator, "shl" | "shr_s" | "shr_u">>> = {
  "i64.shl": "shl",
  "i64.shr_s": "shr_s",
  "i64.shr_u": "shr_u",
};

export function isVectorOperator(op: Operator): boolean {
  return VECTOR_OPERATORS[op] !== undefined;
}

export function isVectorShift(op: Operator): boolean {
  return SHIFTS[op] !== undefined;
}

export function applyVector(
  module: ModuleBuilder,
  op: Operator,
  args: readonly Expression[],
  scratch: () => Local,
): Expression {
  const [a = 0, b = 0, c = 0] = args;
  const build = VECTOR_OPERATORS[op];
  if (build === undefined) throw new TypeError(`${op} has no form on vectors`);
  return build(module, [a, b, c], scratch);
}

/** @param count an i64, of which WebAssembly takes the low six bits */
export function shiftVector(module: ModuleBuilder, op: Operator, value: Expression, count: Expression): Expression {
  const shift = SHIFTS[op];
  if (shift === undefined) throw new TypeError(`${op} is no shift`);
  return module.i64x2[shift](value, module.i32.wrap(count));
}

export function splat(m: ModuleBuilder, type: ValueType | "i32", value: Expression): Expression {
  if (type === "f64") return m.f64x2.splat(value);
  // A mask from a condition of 0 or 1.
  return m.i64x2.splat(type === "i64" ? value : m.i64.sub(m.i64.const(0n), m.i64.extend_u(value)));
}

/** Lane `lane` of a vector; of a mask, 0 or 1. */
export function extractLane(m: ModuleBuilder, type: ValueType | "i32", vector: Expression, lane: number): Expression {
  if (type === "f64") return m.f64x2.extract_lane(vector, lane);
  const bits = m.i64x2.extract_lane(vector, lane);
  return type === "i64" ? bits : m.i64.ne(bits, m.i64.const(0n));
}

/** Two values as a vector. */
export function joinLanes(m: ModuleBuilder, type: ValueType | "i32", low: Expression, high: Expression): Expression {
  if (type === "f64") return m.f64x2.replace_lane(m.f64x2.splat(low), 1, high);
  const bits = (x: Expression) => (type === "i64" ? x : m.i64.sub(m.i64.const(0n), m.i64.extend_u(x)));
  return m.i64x2.replace_lane(m.i64x2.splat(bits(low)), 1, bits(high));
}

function canonicalLanes(m: ModuleBuilder, [a]: Operands, scratch: () => Local): Expression {
  const x = scratch();
  const first = x.tee(a);
  const isNumber = m.f64x2.eq(x.get(), x.get());
  return m.v128.bitselect(first, m.i64x2.splat(m.i64.const(CANONICAL_NAN)), isNumber);
}

/** The same numbers, NaNs in their canonical form. */
export function canonicalVector(m: ModuleBuilder, value: Expression, scratch: () => Local): Expression {
  return canonicalLanes(m, [value, 0, 0], scratch);
}

const F32_CANONICAL_NAN = 0x7fc00000;

/** The bits of two f32 in the low half of a vector, NaNs in their canonical form. */
export function f32Lanes(m: ModuleBuilder, value: Expression, scratch: () => Local): Expression {
  const x = scratch();
  const rounded = x.tee(m.f32x4.demote_f64x2_zero(value));
  return m.v128.bitselect(rounded, m.i32x4.splat(m.i32.const(F32_CANONICAL_NAN)), m.f32x4.eq(x.get(), x.get()));
}
