/**
 * exp and its relatives. With n = nearest(x / ln 2) and r = x - n ln 2, |r| < 0.3467: e^x = 2^n (1 + r Q(r)), Q(r) = (e^r - 1) / r.
 *
 * - Reduction: W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980, chapter 6. ln 2 = HIGH + LOW, where HIGH
 *   ends in 21 zero bits and |n| < 2^11, so that n HIGH is exact.
 * - Q: Chebyshev interpolation of degree 10, off by less than 2^-55.
 *
 * exp is off by less than 2^-51, expm1 by less than 2^-50, relative, on the whole line; both overflow and underflow where they
 * must. For a result that is rounded to f32, degree 7 (2^-39) and ln 2 in one piece (2^-46, |n| <= 150) are enough, and cost a
 * third less on chain.
 */
import { type F64, f64, type I64, i64 } from "../expr.ts";
import { chebyshev, fixed, ONE, series, times } from "./fixedPoint.ts";
import { polynomial } from "./polynomial.ts";

const LOG2_E = 1.4426950408889634;
const LN2 = 0.6931471805599453;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const MAX_REDUCED = fixed(0.3467);
const Q = fitted(10);
const Q_OF_F32 = fitted(7);
/** Beyond these e^x is infinite, or rounds to 0. */
const MAX_ARGUMENT = 710;
const MIN_ARGUMENT = -746;
/** Below it e^x - 1 rounds to -1. */
const MIN_ARGUMENT_MINUS_1 = -40;
/** Beyond these e^x, rounded to f32, is infinite or 0. */
const MAX_ARGUMENT_OF_F32 = 89;
const MIN_ARGUMENT_OF_F32 = -104;
const EXPONENT_BIAS = 1023;
const MANTISSA_BITS = 52;

/** e^x: exp(-inf) = 0, exp(inf) = inf, NaN stays. */
export function exp(x: F64): F64 {
  const { n, q } = reduced(x.max(MIN_ARGUMENT).min(MAX_ARGUMENT));
  return scaled(q.add(1), n);
}

/** e^x, off by less than 2^-38: for a result that is rounded to f32. */
export function expOfF32(x: F64): F64 {
  const bounded = x.max(MIN_ARGUMENT_OF_F32).min(MAX_ARGUMENT_OF_F32);
  const n = bounded.mul(LOG2_E).nearest();
  const r = bounded.sub(n.mul(LN2));
  return r.mul(polynomial(r, Q_OF_F32)).add(1).mul(powerOfTwo(n.toI64()));
}

/** e^x - 1, also where that is small: expm1(-0) = -0. */
export function expm1(x: F64): F64 {
  const { n, q } = reduced(x.max(MIN_ARGUMENT_MINUS_1).min(MAX_ARGUMENT));
  // 2^n (1 + q) - 1 = 2^n (q + (1 - 2^-n)), where the parenthesis is exact up to n = 53 and harmless beyond.
  const rest = f64(1).sub(
    powerOfTwo(
      i64(0)
        .sub(n)
        .max(1 - EXPONENT_BIAS),
    ),
  );
  return x.eq(0).select(x, scaled(q.add(rest), n));
}

/** n, and q = e^r - 1. */
function reduced(x: F64): { n: I64; q: F64 } {
  const n = x.mul(LOG2_E).nearest();
  const r = x.sub(n.mul(LN2_HIGH)).sub(n.mul(LN2_LOW));
  return { n: n.toI64(), q: r.mul(polynomial(r, Q)) };
}

/** x 2^n, rounded once: in two steps, since 2^n alone may be out of range. */
function scaled(x: F64, n: I64): F64 {
  const half = n.shr(1);
  return x.mul(powerOfTwo(half)).mul(powerOfTwo(n.sub(half)));
}

/** 2^n for n from -1022 to 1023. */
function powerOfTwo(n: I64): F64 {
  return n.add(EXPONENT_BIAS).shl(MANTISSA_BITS).asF64();
}

/** 1 / (1 + e^-x), below 0 as e^x / (1 + e^x): the exponential never overflows, so that the result may be subnormal. */
export function sigmoid(x: F64): F64 {
  const e = exp(x.abs().neg());
  return x.lt(0).select(e, f64(1)).div(e.add(1));
}

/** (e^2x - 1) / (e^2x + 1). At 20 it is 1 to the last bit. */
export function tanh(x: F64): F64 {
  const e = expm1(x.max(-20).min(20).mul(2));
  return x.eq(0).select(x, e.div(e.add(2)));
}

/** Q's coefficients. */
function fitted(degree: number): readonly number[] {
  return chebyshev((r) => series(ONE, (term, k) => times(term, r) / (k + 1n)), -MAX_REDUCED, MAX_REDUCED, degree);
}
