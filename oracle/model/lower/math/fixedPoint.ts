/** Real numbers as integers scaled by 2^400: what coefficients are computed with, exactly the same everywhere. */

/** A fixed-point number. */
export type Fixed = bigint;

const PRECISION = 400n;

/** 1. */
export const ONE: Fixed = 1n << PRECISION;

/** Exact for every number that is a multiple of 2^-400. */
export function fixed(x: number): Fixed {
  let [integer, halvings] = [x, 0n];
  while (!Number.isInteger(integer)) [integer, halvings] = [integer * 2, halvings + 1n];
  return (BigInt(integer) << PRECISION) >> halvings;
}

export function times(a: Fixed, b: Fixed): Fixed {
  return (a * b) >> PRECISION;
}

export function over(a: Fixed, b: Fixed): Fixed {
  return (a << PRECISION) / b;
}

/** The nearest f64, ties to even; far above the subnormals, or 0. */
export function toNumber(a: Fixed): number {
  // Number() rounds to nearest even, and dividing by a power of two is exact.
  return Number(a) / Number(ONE);
}

/** The sum of a series: from the first term, each next one made of the one before and its index, until they vanish. */
export function series(first: Fixed, next: (term: Fixed, k: bigint) => Fixed): Fixed {
  let sum = 0n;
  let term = first;
  // Division and shifts round down: a negative term ends as the last bit.
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = next(term, k);
  }
  return sum;
}

/** Machin: pi / 4 = 4 arctan(1/5) - arctan(1/239). */
export const PI: Fixed = 4n * (4n * arctanInverse(5n) - arctanInverse(239n));

/** arctan(1 / n). */
function arctanInverse(n: bigint): Fixed {
  let [sum, power, k] = [0n, ONE / n, 1n];
  for (let sign = 1n; power !== 0n; sign = -sign) {
    sum += (sign * power) / k;
    power /= n * n;
    k += 2n;
  }
  return sum;
}

/** Floor of the square root. */
export function squareRoot(a: Fixed): Fixed {
  const square = a << PRECISION;
  let root = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** By its series: for small |x|. */
export function exponential(x: Fixed): Fixed {
  return series(ONE, (term, k) => times(term, x) / k);
}

/** By its series: for small |x|. */
function cosine(x: Fixed): Fixed {
  return series(ONE, (term, k) => -times(term, times(x, x)) / ((2n * k - 1n) * (2n * k)));
}

/**
 * The coefficients, the constant one first, of the polynomial that equals `f` at the Chebyshev points of an interval: in the
 * largest error little worse than the best polynomial of that degree (N. L. Trefethen, Approximation Theory and Approximation Practice,
 * 2013, theorem 16.1).
 */
export function chebyshev(f: (x: Fixed) => Fixed, from: Fixed, to: Fixed, degree: number): number[] {
  const points = Array.from({ length: degree + 1 }, (_, i) => {
    const angle = (PI * BigInt(2 * i + 1)) / BigInt(2 * degree + 2);
    return (from + to + times(to - from, cosine(angle))) / 2n;
  });
  return interpolate(points, points.map(f)).map(toNumber);
}

/** Newton's divided differences, then the monomials of sum d_i (x - x_0) .. (x - x_i-1). */
function interpolate(points: readonly Fixed[], values: readonly Fixed[]): Fixed[] {
  const differences = [...values];
  const at = (i: number) => points[i] ?? 0n;
  for (let order = 1; order < points.length; order++) {
    for (let i = points.length - 1; i >= order; i--) {
      const [upper = 0n, lower = 0n] = [differences[i], differences[i - 1]];
      differences[i] = over(upper - lower, at(i) - at(i - order));
    }
  }
  let polynomial: Fixed[] = points.map(() => 0n);
  for (const [i, difference] of [...differences.entries()].reverse()) {
    const shifted = [difference, ...polynomial.slice(0, -1)];
    polynomial = shifted.map((c, k) => c - times(polynomial[k] ?? 0n, at(i)));
  }
  return polynomial;
}
