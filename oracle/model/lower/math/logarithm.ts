/**
 * log and softplus. x = 2^e m with m in [sqrt(1/2), sqrt(2)), so that log x = e ln 2 + log m without cancellation; with
 * s = (m - 1) / (m + 1), log m = s L(s^2), L(z) = 2 artanh(sqrt z) / sqrt z = 2 + 2 z / 3 + 2 z^2 / 5 + ...
 *
 * - Reduction: Cody and Waite (exponential.ts), chapter 5; ln 2 = HIGH + LOW as there: e HIGH is exact.
 * - L: Chebyshev interpolation; s^2 < 0.02945 here, degree 7 off by less than 2^-56.
 *
 * Off by less than 2^-51 relative, near 1 too.
 */
import { type F64, f64 } from "../expr.ts";
import { exp } from "./exponential.ts";
import { chebyshev, type Fixed, fixed, ONE, series, times } from "./fixedPoint.ts";
import { polynomial } from "./polynomial.ts";

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const L = chebyshev(artanhSeries, 0n, fixed(0.02945), 7);
/** For log(1 + t), 0 <= t <= 1: s = t / (2 + t) <= 1/3. Off by less than 2^-51. */
const L_UNIT = chebyshev(artanhSeries, 0n, ONE / 9n, 9);
const MANTISSA_BITS = 52;
const MIN_NORMAL = 2 ** -1022;
/** The bits of sqrt(1/2). */
const SQRT_HALF_BITS = 0x3fe6a09e667f3bcdn;

function artanhSeries(z: Fixed): Fixed {
  // The terms are 2 z^k / (2k + 1): the powers are summed, each divided.
  let sum = 2n * ONE;
  series(ONE, (power, k) => {
    const next = times(power, z);
    sum += (2n * next) / (2n * k + 1n);
    return next;
  });
  return sum;
}

/** The natural logarithm: log(0) = -inf, log(inf) = inf, NaN below 0. */
export function log(x: F64): F64 {
  const isSubnormal = x.lt(MIN_NORMAL);
  const bits = isSubnormal.select(x.mul(2 ** 54), x).asI64();
  const e = bits.sub(SQRT_HALF_BITS).shr(MANTISSA_BITS);
  const m = bits.sub(e.shl(MANTISSA_BITS)).asF64();
  const exponent = e.sub(isSubnormal.bit().mul(54)).toF64();
  const s = m.sub(1).div(m.add(1));
  const finite = exponent.mul(LN2_HIGH).add(exponent.mul(LN2_LOW).add(s.mul(polynomial(s.mul(s), L))));
  const isOrdinary = x.gt(0).and(x.lt(Number.POSITIVE_INFINITY));
  // Above: infinity. 0: -inf. Below, and NaN: 0 / 0.
  const special = x.gt(0).select(x, x.eq(0).select(f64(Number.NEGATIVE_INFINITY), x.sub(x).div(0)));
  return isOrdinary.select(finite, special);
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|): no overflow above, no cancellation below. */
export function softplus(x: F64): F64 {
  const t = exp(x.abs().neg());
  const s = t.div(t.add(2));
  return x.max(0).add(s.mul(polynomial(s.mul(s), L_UNIT)));
}
