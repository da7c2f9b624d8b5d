/**
 * x^y = e^(y log |x|), negated for a negative x and an odd y. |y log |x|| is at most 745 where the result is finite and not 0, so the
 * error is that many times the one of log, and below 2^-41 relative. Special values as C Annex F.10.4.4 has them.
 */
import { type Condition, type F64, f64 } from "../expr.ts";
import { exp } from "./exponential.ts";
import { log } from "./logarithm.ts";

/** The logarithm of |x|^y. */
export function logPower(x: F64, y: F64): F64 {
  return y.mul(log(x.abs()));
}

/** x^y, given {@link logPower}. */
export function powerOf(x: F64, y: F64, logarithm: F64): F64 {
  const magnitude = exp(logarithm);
  const isInteger = y.eq(y.trunc());
  const isOdd = isInteger.and(isEven(y).not());
  const isNegative = x.asI64().lt(0);
  const signed = isNegative.and(isOdd).select(magnitude.neg(), magnitude);
  const isUndefined = x.lt(0).and(x.gt(Number.NEGATIVE_INFINITY)).and(isInteger.not());
  const isOne = x
    .eq(1)
    .or(y.eq(0))
    .or(x.eq(-1).and(y.abs().eq(Number.POSITIVE_INFINITY)));
  return isOne.select(f64(1), isUndefined.select(f64(Number.NaN), signed));
}

/** Whether an integer is even; those from 2^53 on and the infinities are. */
function isEven(y: F64): Condition {
  const half = y.mul(0.5);
  return half.eq(half.trunc());
}
