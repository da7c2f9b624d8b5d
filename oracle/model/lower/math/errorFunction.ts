/**
 * erf(x) = x G(|x|), where G(t) = erf(t) / t is smooth at 0: so the result is as accurate near 0 as elsewhere, keeps the sign of a zero, and
 * is odd. In intervals of 1/8 up to 6, in each the Chebyshev interpolation of degree 7 of G about its middle, off by less
 * than 2^-46; from 6 on erf rounds to 1. The 8 coefficients of an interval lie in one chunk.
 */
import { pack } from "../../tensor.ts";
import { asFloat, type F64, f64, loadElement } from "../expr.ts";
import type { ConstantSource } from "../tensor.ts";
import { chebyshev, exponential, type Fixed, fixed, ONE, over, PI, series, squareRoot, times } from "./fixedPoint.ts";
import { polynomial } from "./polynomial.ts";

const DEGREE = 7;
const INTERVALS_PER_UNIT = 8;
const INTERVALS = 48;

/** erf(-inf) = -1, erf(inf) = 1, NaN stays. */
export function erf(x: F64): F64 {
  const table = coefficients();
  const magnitude = x.abs();
  const interval = magnitude.mul(INTERVALS_PER_UNIT).floor();
  const h = magnitude.sub(interval.add(0.5).mul(1 / INTERVALS_PER_UNIT));
  const first = interval.toI64().mul(DEGREE + 1);
  // Beyond the table every load gives 0, and the result is not taken.
  const g = Array.from({ length: DEGREE + 1 }, (_, k) => asFloat(loadElement(table, first.add(k))));
  const limit = x.gt(0).select(f64(1), x.lt(0).select(f64(-1), x));
  return magnitude.lt(INTERVALS / INTERVALS_PER_UNIT).select(x.mul(polynomial(h, g)), limit);
}

let known: ConstantSource | undefined;

/** Those of all intervals, the constant one of each first; computed when first needed. */
function coefficients(): ConstantSource {
  if (known === undefined) {
    const half = ONE / BigInt(2 * INTERVALS_PER_UNIT);
    const values = Array.from({ length: INTERVALS }, (_, i) => {
      const middle = fixed((i + 0.5) / INTERVALS_PER_UNIT);
      return chebyshev((h) => g(middle + h), -half, half, DEGREE);
    }).flat();
    known = { space: "weights", dtype: "f64", count: values.length, bytes: pack("f64", values) };
  }
  return known;
}

const TWO_OVER_SQRT_PI = over(2n * ONE, squareRoot(PI));

/** erf(t) / t = 2 / sqrt(pi) e^(-t^2) (1 + 2 t^2 / 3 + (2 t^2)^2 / (3 5) + ...): all terms positive. */
function g(t: Fixed): Fixed {
  const square = times(t, t);
  const sum = series(ONE, (term, k) => (2n * times(term, square)) / (2n * k + 1n));
  return over(times(TWO_OVER_SQRT_PI, sum), exponential(square));
}
