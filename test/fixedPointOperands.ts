// Operands on which a conversion between fixed-point and floating point is likely to go wrong, from a seeded generator.
import type { Random } from "../scripts/models/random.ts";
import { type BinaryFormat, encode, INT256_MAX, INT256_MIN } from "./ieee754.ts";

export const MAX_DECIMALS = 77;

/** A fixed-point number (`operand` is the value) or a float (its bits), and the decimals on the fixed-point side. */
export type Pair = [operand: bigint, decimals: number];

/** Fixed-point numbers to be written as floats of `format`. */
export function fixedPointPairs(format: BinaryFormat, random: Random, count: number): Pair[] {
  const kinds: (() => Pair)[] = [
    () => [signed(random, bits(random, 255)), random.below(MAX_DECIMALS + 1)],
    () => nearTie(format, random),
    () => exactTie(format, random),
    () => nearOverflow(random),
    () => nearSubnormal(random),
    () => [oneOf(random, EXTREMES), random.below(MAX_DECIMALS + 1)],
  ];
  return Array.from({ length: count }, () => oneOf(random, kinds)());
}

/** Bits of floats of `format` to be read as fixed-point numbers. */
export function floatPairs(format: BinaryFormat, random: Random, count: number): Pair[] {
  const kinds: (() => Pair)[] = [
    () => [uniform(random, format.width), random.below(MAX_DECIMALS + 1)],
    () => sparse(format, random),
    () => halfInteger(format, random),
    () => nearInt256(format, random),
    () => [oneOf(random, specials(format)), random.below(MAX_DECIMALS + 1)],
  ];
  return Array.from({ length: count }, () => oneOf(random, kinds)());
}

/** Beside a float or the middle of two adjacent ones, of any magnitude. */
function nearTie({ precision }: BinaryFormat, random: Random): Pair {
  const decimals = random.below(MAX_DECIMALS + 1);
  const scaled = halfSignificand(random, precision) * 10n ** BigInt(decimals);
  const shift = BigInt(random.below(254) + 1 - scaled.toString(2).length);
  const value = shift < 0n ? scaled >> -shift : scaled << shift;
  return [signed(random, neighbour(random, value)), decimals];
}

/** Exactly the middle of two adjacent floats, or a float, or one unit beside: possible where 2^k divides 10^decimals. */
function exactTie({ precision }: BinaryFormat, random: Random): Pair {
  const decimals = random.below(50);
  const scaled = halfSignificand(random, precision) * 10n ** BigInt(decimals);
  const value = scaled >> BigInt(random.below(decimals + 1));
  return [signed(random, neighbour(random, value)), decimals];
}

/** Beside binary32's largest finite number, the infinity after it, or their middle, where rounding begins to overflow. */
function nearOverflow(random: Random): Pair {
  const decimals = random.below(39);
  const edge = oneOf(random, [2n ** 128n, 2n ** 128n - 2n ** 103n, 2n ** 128n - 2n ** 104n]);
  return [signed(random, neighbour(random, edge * 10n ** BigInt(decimals))), decimals];
}

/** Beside multiples of half of binary32's smallest positive number; no fixed-point number is subnormal in binary64. */
function nearSubnormal(random: Random): Pair {
  const decimals = 46 + random.below(MAX_DECIMALS - 45);
  const halves = bits(random, 26) * 10n ** BigInt(decimals);
  return [signed(random, neighbour(random, halves >> 150n)), decimals];
}

/** Fractions of all zeros, all ones, a single bit: the neighbours of powers of two in every binade. */
function sparse({ width, precision }: BinaryFormat, random: Random): Pair {
  const fractionBits = precision - 1n;
  const ones = 2n ** fractionBits - 1n;
  const fraction = oneOf(random, [0n, ones, 1n, 1n << BigInt(random.below(Number(fractionBits)))]);
  return [(uniform(random, width - fractionBits) << fractionBits) | fraction, random.below(MAX_DECIMALS + 1)];
}

/** Floats that times 10^decimals are an odd multiple of one half: x = odd * 2^-(decimals + 1). */
function halfInteger(format: BinaryFormat, random: Random): Pair {
  const decimals = random.below(MAX_DECIMALS + 1);
  const odd = 2n * bits(random, Number(format.precision) - 1) + 1n;
  const fields = encode(format, odd * 5n ** BigInt(decimals + 1), decimals + 1);
  return [fields + signBit(format, random), decimals];
}

/** The float nearest to the largest int256 with so many decimals, and its neighbours on both sides. */
function nearInt256(format: BinaryFormat, random: Random): Pair {
  const decimals = random.below(MAX_DECIMALS + 1);
  const nearest = encode(format, INT256_MAX, decimals);
  return [nearest + BigInt(random.below(5) - 2) + signBit(format, random), decimals];
}

/** Zeros, subnormals, the largest finite number, infinities, NaNs. */
function specials({ width, precision }: BinaryFormat): bigint[] {
  const hidden = 2n ** (precision - 1n);
  const infinity = (2n ** (width - precision) - 1n) * hidden;
  const magnitudes = [0n, 1n, hidden - 1n, hidden, infinity - 1n, infinity, infinity + 1n, infinity + hidden - 1n];
  return magnitudes.flatMap((magnitude) => [magnitude, magnitude + 2n ** (width - 1n)]);
}

const EXTREMES: bigint[] = [
  0n,
  INT256_MIN,
  INT256_MIN + 1n,
  INT256_MAX,
  ...Array.from({ length: 255 }, (_, i) => 2n ** BigInt(i)),
  ...Array.from({ length: 77 }, (_, i) => 10n ** BigInt(i)),
].flatMap((value) => (value > 1n && value < INT256_MAX ? [value - 1n, value, value + 1n, -value] : [value]));

/** Twice a significand of `precision` bits, or one more: a float or the middle of two, in halves of the last bit. */
function halfSignificand(random: Random, precision: bigint): bigint {
  return 2n ** precision + uniform(random, precision);
}

function signBit({ width }: BinaryFormat, random: Random): bigint {
  return BigInt(random.below(2)) << (width - 1n);
}

function neighbour(random: Random, value: bigint): bigint {
  return value + BigInt(random.below(3) - 1);
}

function signed(random: Random, value: bigint): bigint {
  return random.below(2) === 0 ? value : -value;
}

/** Up to `maxBits` random bits, every length equally likely. */
function bits(random: Random, maxBits: number): bigint {
  return uniform(random, BigInt(random.below(maxBits + 1)));
}

function uniform(random: Random, width: bigint): bigint {
  let value = 0n;
  for (let drawn = 0n; drawn < width; drawn += 32n) value = (value << 32n) | BigInt(random.uint32());
  return BigInt.asUintN(Number(width), value);
}

function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)] as T;
}
