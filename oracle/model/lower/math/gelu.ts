/**
 * gelu(x) = x P(x), P the distribution function of the standard normal. Far below 0 it is tiny, and 1 + erf would be what cancellation
 * leaves of it; so P(-u) = e^(-u^2 / 2) M(u) for u = |x|, where M is smooth and slowly falling, and P(u) = 1 - P(-u).
 *
 * M(u) = s G(s) with s = 4 / (4 + u): the whole half-line in an interval, of which G is cut into 16, in each the Chebyshev interpolation
 * of degree 7 about its middle. Off by less than 2^-42 relative; where u^2 / 2 is large, that is its rounding.
 */
import { pack } from "../../tensor.ts";
import { asFloat, type F64, f64, loadElement } from "../expr.ts";
import type { ConstantSource } from "../tensor.ts";
import { exp, sigmoid } from "./exponential.ts";
import { chebyshev, exponential, type Fixed, fixed, ONE, over, PI, series, squareRoot, times } from "./fixedPoint.ts";
import { polynomial } from "./polynomial.ts";

const DEGREE = 7;
const INTERVALS = 16;
const SCALE = 4;

/** gelu(-0) = -0, NaN stays; of -inf NaN, the product of infinity and 0. */
export function gelu(x: F64): F64 {
  const table = coefficients();
  const s = f64(SCALE).div(x.abs().add(SCALE));
  const interval = s
    .mul(INTERVALS)
    .floor()
    .min(INTERVALS - 1);
  const h = s.sub(interval.add(0.5).mul(1 / INTERVALS));
  const first = interval.toI64().mul(DEGREE + 1);
  const g = Array.from({ length: DEGREE + 1 }, (_, k) => asFloat(loadElement(table, first.add(k))));
  const tail = exp(x.mul(x).mul(-0.5)).mul(s.mul(polynomial(h, g)));
  return x.mul(x.gt(0).select(f64(1).sub(tail), tail));
}

const SQRT_8_OVER_PI = 1.5957691216057308;

/** x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, where (1 + tanh y) / 2 is sigmoid(2 y), without cancellation. */
export function geluTanh(x: F64): F64 {
  return x.mul(sigmoid(x.mul(x).mul(x).mul(0.044715).add(x).mul(SQRT_8_OVER_PI)));
}

let known: ConstantSource | undefined;

/** Those of all intervals, the constant one of each first; computed when first needed. */
function coefficients(): ConstantSource {
  if (known === undefined) {
    const half = ONE / BigInt(2 * INTERVALS);
    // In the first interval u is above 60, and e^(-u^2 / 2) is 0.
    const values = Array.from({ length: INTERVALS }, (_, i) => {
      if (i === 0) return Array<number>(DEGREE + 1).fill(0);
      const middle = fixed((i + 0.5) / INTERVALS);
      return chebyshev((h) => g(middle + h), -half, half, DEGREE);
    }).flat();
    known = { space: "weights", dtype: "f64", count: values.length, bytes: pack("f64", values) };
  }
  return known;
}

const SQRT_2_PI = squareRoot(2n * PI);
const FAR = 8n * ONE;
/** More than enough for 2^-100 from FAR on. */
const FRACTIONS = 200;

/** M(u) / s. */
function g(s: Fixed): Fixed {
  const u = over(BigInt(SCALE) * ONE, s) - BigInt(SCALE) * ONE;
  return over(u < FAR ? nearTail(u) : farTail(u), s);
}

/** e^(u^2 / 2) / 2 - (u + u^3 / 3 + u^5 / (3 5) + ...) / sqrt(2 pi). */
function nearTail(u: Fixed): Fixed {
  const square = times(u, u);
  const sum = series(u, (term, k) => times(term, square) / (2n * k + 1n));
  return exponential(square / 2n) / 2n - over(sum, SQRT_2_PI);
}

/** 1 / (u + 1 / (u + 2 / (u + 3 / ...))) / sqrt(2 pi): Laplace's continued fraction. */
function farTail(u: Fixed): Fixed {
  let rest = u;
  for (let k = FRACTIONS; k > 0; k--) rest = u + over(BigInt(k) * ONE, rest);
  return over(over(ONE, rest), SQRT_2_PI);
}
