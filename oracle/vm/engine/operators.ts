/** What each instruction is in WebAssembly, one value at a time. Total division and canonical NaNs are made here. */
import type { Operator } from "../arithmetic.ts";
import { CANONICAL_NAN } from "../value.ts";
import type { Expression, Local, ModuleBuilder } from "../wasmBuilder.ts";

/** A local for a value that is used twice. */
export type Scratch = (type: "i64" | "f64") => Local;

type Build = (module: ModuleBuilder, args: Operands, scratch: Scratch) => Expression;
type Operands = readonly [Expression, Expression, Expression];

const OPERATORS: Readonly<Record<Operator, Build>> = {
  select: (m, [then, otherwise, condition]) => m.select(condition, then, otherwise),
  "i32.eqz": (m, [a]) => m.i32.eqz(a),
  "i32.and": (m, [a, b]) => m.i32.and(a, b),
  "i32.or": (m, [a, b]) => m.i32.or(a, b),
  "i64.eqz": (m, [a]) => m.i64.eqz(a),
  "i64.eq": (m, [a, b]) => m.i64.eq(a, b),
  "i64.ne": (m, [a, b]) => m.i64.ne(a, b),
  "i64.lt_s": (m, [a, b]) => m.i64.lt_s(a, b),
  "i64.lt_u": (m, [a, b]) => m.i64.lt_u(a, b),
  "i64.gt_s": (m, [a, b]) => m.i64.gt_s(a, b),
  "i64.gt_u": (m, [a, b]) => m.i64.gt_u(a, b),
  "i64.le_s": (m, [a, b]) => m.i64.le_s(a, b),
  "i64.le_u": (m, [a, b]) => m.i64.le_u(a, b),
  "i64.ge_s": (m, [a, b]) => m.i64.ge_s(a, b),
  "i64.ge_u": (m, [a, b]) => m.i64.ge_u(a, b),
  "i64.add": (m, [a, b]) => m.i64.add(a, b),
  "i64.sub": (m, [a, b]) => m.i64.sub(a, b),
  "i64.mul": (m, [a, b]) => m.i64.mul(a, b),
  "i64.div_s": (m, [a, b], scratch) => {
    const [x, y] = [scratch("i64"), scratch("i64")];
    const negated = m.i64.sub(m.i64.const(0n), x.get());
    return m.block(
      null,
      [
        x.set(a),
        y.set(b),
        m.select(
          m.i64.eq(y.get(), m.i64.const(-1n)),
          negated,
          m.select(m.i64.eqz(y.get()), m.i64.const(0n), m.i64.div_s(x.get(), safeDivisor(m, y))),
        ),
      ],
      x.type,
    );
  },
  "i64.rem_s": (m, [a, b], scratch) => {
    const [x, y] = [scratch("i64"), scratch("i64")];
    const remainder = m.i64.rem_s(x.get(), safeDivisor(m, y));
    // The remainder by 1 is 0, as it is by 0 and by -1.
    return m.block(null, [x.set(a), y.set(b), remainder], x.type);
  },
  "i64.and": (m, [a, b]) => m.i64.and(a, b),
  "i64.or": (m, [a, b]) => m.i64.or(a, b),
  "i64.xor": (m, [a, b]) => m.i64.xor(a, b),
  "i64.shl": (m, [a, b]) => m.i64.shl(a, b),
  "i64.shr_s": (m, [a, b]) => m.i64.shr_s(a, b),
  "i64.shr_u": (m, [a, b]) => m.i64.shr_u(a, b),
  "i64.extend_i32_u": (m, [a]) => m.i64.extend_u(a),
  "i64.reinterpret_f64": (m, [a], scratch) => m.i64.reinterpret(canonicalF64(m, a, scratch)),
  "i64.trunc_sat_f64_s": (m, [a]) => m.i64.trunc_s_sat.f64(a),
  "f64.eq": (m, [a, b]) => m.f64.eq(a, b),
  "f64.ne": (m, [a, b]) => m.f64.ne(a, b),
  "f64.lt": (m, [a, b]) => m.f64.lt(a, b),
  "f64.gt": (m, [a, b]) => m.f64.gt(a, b),
  "f64.le": (m, [a, b]) => m.f64.le(a, b),
  "f64.ge": (m, [a, b]) => m.f64.ge(a, b),
  "f64.abs": (m, [a]) => m.f64.abs(a),
  "f64.neg": (m, [a]) => m.f64.neg(a),
  "f64.ceil": (m, [a]) => m.f64.ceil(a),
  "f64.floor": (m, [a]) => m.f64.floor(a),
  "f64.trunc": (m, [a]) => m.f64.trunc(a),
  "f64.nearest": (m, [a]) => m.f64.nearest(a),
  "f64.sqrt": (m, [a]) => m.f64.sqrt(a),
  "f64.add": (m, [a, b]) => m.f64.add(a, b),
  "f64.sub": (m, [a, b]) => m.f64.sub(a, b),
  "f64.mul": (m, [a, b]) => m.f64.mul(a, b),
  "f64.div": (m, [a, b]) => m.f64.div(a, b),
  "f64.min": (m, [a, b]) => m.f64.min(a, b),
  "f64.max": (m, [a, b]) => m.f64.max(a, b),
  "f64.round_f32": (m, [a]) => m.f64.promote(m.f32.demote(a)),
  "f64.convert_i64_s": (m, [a]) => m.f64.convert_s.i64(a),
  "f64.reinterpret_i64": (m, [a]) => m.f64.reinterpret(a),
};

/** A divisor that cannot trap: 1 for 0, and for -1, by which the least integer has no quotient. */
function safeDivisor(m: ModuleBuilder, y: Local): Expression {
  const isPlain = m.i64.gt_u(m.i64.add(y.get(), m.i64.const(1n)), m.i64.const(1n));
  return m.select(isPlain, y.get(), m.i64.const(1n));
}

export function applyOperator(
  module: ModuleBuilder,
  op: Operator,
  args: readonly Expression[],
  scratch: Scratch,
): Expression {
  const [a = 0, b = 0, c = 0] = args;
  return OPERATORS[op](module, [a, b, c], scratch);
}

/** The same number, a NaN in its canonical form. */
export function canonicalF64(m: ModuleBuilder, value: Expression, scratch: Scratch): Expression {
  const x = scratch("f64");
  const first = x.tee(value);
  return m.select(m.f64.eq(x.get(), x.get()), first, m.f64.reinterpret(m.i64.const(CANONICAL_NAN)));
}
