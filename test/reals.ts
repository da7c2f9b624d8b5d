// Elementary functions to more than 200 bits, in integers: what the kernels' functions are measured by. Written apart from
// oracle/model/lower/math/fixedPoint.ts, which it has to judge.

/** value = mantissa * 2^exponent, exactly or to the bits that a function promises. */
export interface Real {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** Bits that every result here has right. */
const BITS = 240;

/** An f64, exactly. Throws a RangeError for NaN and the infinities. */
export function real(x: number): Real {
  if (!Number.isFinite(x)) throw new RangeError(`${x} is no real number`);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & (2n ** 52n - 1n);
  const magnitude = field === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: x < 0 ? -magnitude : magnitude, exponent: Math.max(field, 1) - 1075 };
}

/** log2 of the relative error of a result; -Infinity if it is exact. The real must not be 0. */
export function errorBits(actual: number, expected: Real): number {
  const [a, b] = aligned(real(actual), expected);
  const difference = a > b ? a - b : b - a;
  return difference === 0n ? Number.NEGATIVE_INFINITY : log2(difference) - log2(b < 0n ? -b : b);
}

function log2(x: bigint): number {
  const length = x.toString(2).length;
  const top = Number(x >> BigInt(Math.max(0, length - 53)));
  return Math.log2(top) + Math.max(0, length - 53);
}

function aligned(a: Real, b: Real): [bigint, bigint] {
  const exponent = Math.min(a.exponent, b.exponent);
  return [a.mantissa << BigInt(a.exponent - exponent), b.mantissa << BigInt(b.exponent - exponent)];
}

/** Cut to the bits that matter. */
function rounded({ mantissa, exponent }: Real): Real {
  const excess = (mantissa < 0n ? -mantissa : mantissa).toString(2).length - BITS;
  return excess <= 0 ? { mantissa, exponent } : { mantissa: mantissa >> BigInt(excess), exponent: exponent + excess };
}

export function add(a: Real, b: Real): Real {
  if (a.mantissa === 0n) return b;
  if (b.mantissa === 0n) return a;
  // A term this much smaller than the other is beyond the bits that count.
  const [high, low] = size(a) >= size(b) ? [a, b] : [b, a];
  if (size(high) - size(low) > 2 * BITS) return high;
  const [x, y] = aligned(a, b);
  return rounded({ mantissa: x + y, exponent: Math.min(a.exponent, b.exponent) });
}

/** The power of two above a real. */
function size({ mantissa, exponent }: Real): number {
  return (mantissa < 0n ? -mantissa : mantissa).toString(2).length + exponent;
}

export function negate({ mantissa, exponent }: Real): Real {
  return { mantissa: -mantissa, exponent };
}

export function multiply(a: Real, b: Real): Real {
  return rounded({ mantissa: a.mantissa * b.mantissa, exponent: a.exponent + b.exponent });
}

export function divide(a: Real, b: Real): Real {
  const shift = 2 * BITS;
  return rounded({ mantissa: (a.mantissa << BigInt(shift)) / b.mantissa, exponent: a.exponent - b.exponent - shift });
}

export const ONE: Real = { mantissa: 1n, exponent: 0 };
const integer = (n: number): Real => ({ mantissa: BigInt(n), exponent: 0 });

/** The sum of terms, the k-th made from the one before, until they no longer count. */
function sum(first: Real, next: (term: Real, k: number) => Real): Real {
  let total = first;
  let term = first;
  for (let k = 1; term.mantissa !== 0n && size(term) > size(total) - BITS - 8; k++) {
    term = next(term, k);
    total = add(total, term);
  }
  return total;
}

/** artanh(x) for |x| well below 1. */
function artanh(x: Real): Real {
  const square = multiply(x, x);
  let power = x;
  return sum(x, (_, k) => {
    power = multiply(power, square);
    return divide(power, integer(2 * k + 1));
  });
}

const LN2 = multiply(integer(2), artanh(divide(ONE, integer(3))));

/** n and q with e^x = 2^n (1 + q), q small. */
function reduced(x: Real): { n: number; q: Real } {
  if (x.mantissa === 0n) return { n: 0, q: x };
  const n = Math.round(toNumber(divide(x, LN2)));
  const r = add(x, negate(multiply(integer(n), LN2)));
  return { n, q: r.mantissa === 0n ? r : sum(r, (term, k) => divide(multiply(term, r), integer(k + 1))) };
}

/** e^x - 1, accurate for small x too. */
export function expm1(x: Real): Real {
  const { n, q } = reduced(x);
  return add({ ...q, exponent: q.exponent + n }, add({ mantissa: 1n, exponent: n }, integer(-1)));
}

export function exp(x: Real): Real {
  const { n, q } = reduced(x);
  const { mantissa, exponent } = add(q, ONE);
  return { mantissa, exponent: exponent + n };
}

/** For x > 0; accurate near 1 too. */
export function log(x: Real): Real {
  const e = size(x);
  // In [1/2, 1), then in [3/4, 3/2): x near 1 has no power of two.
  const half: Real = { mantissa: x.mantissa, exponent: x.exponent - e };
  const [m, n] = toNumber(half) < 0.75 ? [{ ...half, exponent: half.exponent + 1 }, e - 1] : [half, e];
  const f = add(m, integer(-1));
  const reduced = f.mantissa === 0n ? f : multiply(integer(2), artanh(divide(f, add(m, ONE))));
  return add(reduced, multiply(integer(n), LN2));
}

/** log(1 + x) for x > 0. */
export function log1p(x: Real): Real {
  return size(x) < -1 ? multiply(integer(2), artanh(divide(x, add(x, integer(2))))) : log(add(x, ONE));
}

/** Machin's formula. */
export const PI = multiply(integer(4), add(multiply(integer(4), arctanInverse(5)), negate(arctanInverse(239))));

function arctanInverse(n: number): Real {
  let power = divide(ONE, integer(n));
  return sum(power, (_, k) => {
    power = divide(negate(power), integer(n * n));
    return divide(power, integer(2 * k + 1));
  });
}

/** By Newton's iteration on integers. */
export function sqrt(x: Real): Real {
  const shift = 2 * BITS + (x.exponent % 2 === 0 ? 0 : 1);
  const square = x.mantissa << BigInt(shift);
  let root = 1n << BigInt(Math.ceil(square.toString(2).length / 2) + 1);
  for (let next = (root + square / root) >> 1n; next < root; next = (root + square / root) >> 1n) root = next;
  return rounded({ mantissa: root, exponent: (x.exponent - shift) / 2 });
}

const TWO_OVER_SQRT_PI = divide(integer(2), sqrt(PI));

/** For |x| up to about 10: 2 / sqrt(pi) e^(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...), whose terms have one sign. */
export function erf(x: Real): Real {
  const square = multiply(x, x);
  const series = sum(x, (term, k) => divide(multiply(multiply(term, square), integer(2)), integer(2 * k + 1)));
  return multiply(multiply(TWO_OVER_SQRT_PI, exp(negate(square))), series);
}

/** Near enough to choose a case by; huge or tiny reals lose their range. */
function toNumber({ mantissa, exponent }: Real): number {
  const length = (mantissa < 0n ? -mantissa : mantissa).toString(2).length;
  const excess = Math.max(0, length - 60);
  return Number(mantissa >> BigInt(excess)) * 2 ** (exponent + excess);
}
