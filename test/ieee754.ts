// Decimal fixed-point to and from IEEE 754 binary numbers in exact rational arithmetic: slow, obvious, and the measure of
// contracts/lib/FixedPoint.sol.

/** A binary interchange format of IEEE 754. */
export interface BinaryFormat {
  readonly dtype: "f32" | "f64";
  readonly width: bigint;
  /** Significant bits, the hidden one included. */
  readonly precision: bigint;
  /** The smallest positive number is `2 ** minExponent`. */
  readonly minExponent: bigint;
}

export const BINARY32: BinaryFormat = { dtype: "f32", width: 32n, precision: 24n, minExponent: -149n };
export const BINARY64: BinaryFormat = { dtype: "f64", width: 64n, precision: 53n, minExponent: -1074n };

export const INT256_MIN = -(2n ** 255n);
export const INT256_MAX = 2n ** 255n - 1n;

/** Bits of `value / 10 ** decimals`; what overflows becomes an infinity, as in the standard. */
export function encode(format: BinaryFormat, value: bigint, decimals: number): bigint {
  const { width, precision, minExponent } = format;
  const magnitude = value < 0n ? -value : value;
  const divisor = 10n ** BigInt(decimals);

  // The last significand bit's exponent: as small as the precision allows, never below the smallest number's.
  const estimate = bitLength(magnitude) - bitLength(divisor) - precision - 1n;
  let exponent = estimate > minExponent ? estimate : minExponent;
  while (roundedQuotient(magnitude, divisor, exponent) >= 2n ** precision) exponent += 1n;
  const significand = roundedQuotient(magnitude, divisor, exponent);

  const hidden = 2n ** (precision - 1n);
  const fields = significand < hidden ? significand : (exponent - minExponent) * hidden + significand;
  const infinity = (2n ** (width - precision) - 1n) * hidden;
  const sign = value < 0n ? 2n ** (width - 1n) : 0n;
  return sign + (fields < infinity ? fields : infinity);
}

/** A number's sign, significand and exponent from its bits, or undefined for NaN and the infinities. */
export function unpackBits(
  format: BinaryFormat,
  bits: bigint,
): { negative: boolean; significand: bigint; exponent: bigint } | undefined {
  const { width, precision, minExponent } = format;
  const hidden = 2n ** (precision - 1n);
  const fraction = bits % hidden;
  const field = (bits / hidden) % 2n ** (width - precision);
  if (field === 2n ** (width - precision) - 1n) return undefined;
  const negative = bits / 2n ** (width - 1n) === 1n;
  if (field === 0n) return { negative, significand: fraction, exponent: minExponent };
  return { negative, significand: hidden + fraction, exponent: minExponent + field - 1n };
}

/** `round(x * 10 ** decimals)` for the number x of these bits; undefined unless that is an int256. */
export function decode(format: BinaryFormat, bits: bigint, decimals: number): bigint | undefined {
  const number = unpackBits(format, bits);
  if (number === undefined) return undefined;
  const magnitude = roundedQuotient(number.significand * 10n ** BigInt(decimals), 1n, -number.exponent);
  const value = number.negative ? -magnitude : magnitude;
  return INT256_MIN <= value && value <= INT256_MAX ? value : undefined;
}

/** Whether the number of these bits is exactly `value / 10 ** decimals`. */
export function isExact(format: BinaryFormat, bits: bigint, value: bigint, decimals: number): boolean {
  const number = unpackBits(format, bits);
  if (number === undefined) return false;
  const scaled = number.significand * 10n ** BigInt(decimals);
  const magnitude = value < 0n ? -value : value;
  const { exponent } = number;
  return exponent < 0n ? scaled === magnitude << -exponent : scaled << exponent === magnitude;
}

/** Whether `x * 10 ** decimals` lies in the middle of two integers, for the finite number x of these bits. */
export function isTie(format: BinaryFormat, bits: bigint, decimals: number): boolean {
  const number = unpackBits(format, bits);
  if (number === undefined || number.exponent >= 0n) return false;
  const unit = 2n ** -number.exponent;
  return (number.significand * 10n ** BigInt(decimals)) % unit === unit / 2n;
}

/** `numerator / denominator / 2 ** exponent` rounded to an integer, to nearest, ties to even. Nothing is negative. */
function roundedQuotient(numerator: bigint, denominator: bigint, exponent: bigint): bigint {
  const top = exponent < 0n ? numerator << -exponent : numerator;
  const bottom = exponent < 0n ? denominator : denominator << exponent;
  const quotient = top / bottom;
  const twiceRemainder = 2n * (top - quotient * bottom);
  const isUp = twiceRemainder > bottom || (twiceRemainder === bottom && quotient % 2n === 1n);
  return isUp ? quotient + 1n : quotient;
}

function bitLength(x: bigint): bigint {
  return BigInt(x.toString(2).length);
}
