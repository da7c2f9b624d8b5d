/**
 * Elementary functions from +, -, x and / alone.
 *
 * ECMAScript leaves Math.exp, Math.log and ** to the host, so that training with them gives other weights on another
 * machine. These round the same everywhere, because the four operations do (IEEE 754 binary64).
 */

// ln 2 = LN2_HIGH + LN2_LOW; LN2_HIGH has 33 significant bits, so that k * LN2_HIGH is exact for |k| < 2^20.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const EXP_DEGREE = 13;
const LOG_DEGREE = 23;

const bits = new DataView(new ArrayBuffer(8));

export function square(x: number): number {
  return x * x;
}

/** 2^k for -1022 <= k <= 1023. */
function powerOfTwo(k: number): number {
  bits.setUint32(0, (k + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/**
 * e^x with a relative error below 1e-15; 0 below -708 and Infinity above 709.
 *
 * x = k ln 2 + r with |r| <= ln 2 / 2, then the Taylor series of e^r (remainder below 5e-18).
 */
export function exp(x: number): number {
  if (x < -708) return 0;
  if (x > 709) return Infinity;
  const k = Math.round(x * Math.LOG2E);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let n = EXP_DEGREE; n > 0; n--) sum = 1 + (sum * r) / n;
  return sum * powerOfTwo(k);
}

/**
 * Natural logarithm of a positive normal number with an absolute error below 1e-15 max(1, |log x|).
 *
 * x = 2^k m with m in [1/sqrt 2, sqrt 2), then log m = 2 atanh((m-1)/(m+1)) by its series (remainder below 3e-20).
 */
export function log(x: number): number {
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let k = (high >>> 20) - 1023;
  bits.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let m = bits.getFloat64(0);
  if (m > Math.SQRT2) {
    m /= 2;
    k += 1;
  }
  const s = (m - 1) / (m + 1);
  let sum = 0;
  for (let n = LOG_DEGREE; n > 0; n -= 2) sum = sum * square(s) + 1 / n;
  return k * LN2_HIGH + (2 * s * sum + k * LN2_LOW);
}
