// Numbers on which arithmetic tends to go wrong, as bits, and byte strings full of them.

import { f64Bits } from "../../oracle/vm/value.ts";
import type { Random } from "../../scripts/models/random.ts";

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

export const I64_EDGES = [
  ...[0n, 1n, -1n, 2n, -2n, 3n, 7n, 10n, 31n, 32n, 63n, 64n, 65n, -63n, -64n, 127n, 128n, -128n, 255n, 256n],
  ...[I64_MIN, I64_MIN + 1n, I64_MAX, I64_MAX - 1n, 2n ** 62n, -(2n ** 62n)],
  ...[2n ** 31n - 1n, 2n ** 31n, -(2n ** 31n), 2n ** 32n - 1n, 2n ** 32n, 2n ** 24n + 1n],
  // Where a conversion to f64 begins to round, and its ties.
  ...[2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n, 2n ** 53n + 3n, -(2n ** 53n) - 1n, 2n ** 54n + 2n, 2n ** 54n + 6n],
];

const F64_NUMBERS = [
  ...[0, 1, 2, 3, 10, 0.1, 0.5, 1.5, 2.5, 3.5, 0.49999999999999994, 1e10, 1e300],
  ...[
    Number.POSITIVE_INFINITY,
    Number.MAX_VALUE,
    Number.MIN_VALUE,
    2 ** -1022,
    2 ** -1022 - 2 ** -1074,
    Number.EPSILON,
  ],
  // The ends of i64, of the integers and of the half-integers among the f64.
  ...[2 ** 63, 2 ** 63 - 1024, 2 ** 62, 2 ** 53, 2 ** 53 - 1, 2 ** 52, 2 ** 52 - 0.5, 2 ** 51 + 0.5, 2 ** 31, 2 ** 32],
  // Of f32: largest, the tie that becomes an infinity, smallest, half of it (a tie), subnormals, ties beside 1.
  ...[(2 - 2 ** -23) * 2 ** 127, (2 - 2 ** -24) * 2 ** 127, 2 ** -149, 2 ** -150, 1.5 * 2 ** -149, 2 ** -126],
  ...[2 ** -126 - 2 ** -149, 2 ** -126 - 2 ** -150, 1 + 2 ** -24, 1 + 3 * 2 ** -24, 1 + 2 ** -24 + 2 ** -52],
];

const F64_NANS = [
  0x7ff8000000000000n,
  0xfff8000000000000n,
  0x7ff0000000000001n,
  0xfff0000000000001n,
  0x7fffffffffffffffn,
  0xffffffffffffffffn,
  0x7ff8000000000001n,
  0x7ff4000000000000n,
];

export const F64_EDGES = [...F64_NUMBERS.flatMap((x) => [f64Bits(x), f64Bits(-x)]), ...F64_NANS];

const F32_EDGES = [
  ...[0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x3f800000, 0xbf800000, 0x3f000000],
  ...[0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xffbfffff, 0x7fffffff],
];

export function oneOf<T>(random: Random, items: readonly T[]): T {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new RangeError("one of nothing");
  return item;
}

export function chance(random: Random, percent: number): boolean {
  return random.below(100) < percent;
}

/** 64 random bits, unsigned. */
export function bits64(random: Random): bigint {
  return (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
}

/** A signed 64-bit integer: an edge, a small one, one of any size. */
export function i64(random: Random): bigint {
  const kind = random.below(4);
  if (kind === 0) return oneOf(random, I64_EDGES);
  if (kind === 1) return BigInt(random.below(41) - 20);
  return BigInt.asIntN(64, bits64(random)) >> BigInt(random.below(64));
}

/** The bits of an f64: an edge, a number of ordinary size, any bits; NaNs with payloads among them. */
export function f64(random: Random): bigint {
  const kind = random.below(5);
  if (kind === 0) return oneOf(random, F64_EDGES);
  if (kind === 1) return bits64(random);
  if (kind === 2) return f64Bits((random.below(401) - 200) / 2);
  return f64Bits(Math.fround(random.uniform(-4, 4)) * 2 ** (random.below(41) - 20));
}

/** `length` bytes that read well at every width: edges of f64, f32 and i64, small integers, ordinary floats, noise. */
export function bytes(random: Random, length: number): Uint8Array<ArrayBuffer> {
  const words = new DataView(new ArrayBuffer(Math.ceil(length / 8) * 8));
  const fills = [
    (at: number) => words.setBigUint64(at, bits64(random), true),
    (at: number) => words.setBigUint64(at, f64(random), true),
    (at: number) => words.setBigInt64(at, i64(random), true),
    (at: number) => {
      words.setUint32(at, oneOf(random, F32_EDGES), true);
      words.setFloat32(at + 4, random.uniform(-2, 2), true);
    },
    (at: number) => {
      for (let i = 0; i < 8; i++) words.setInt8(at + i, random.below(21) - 10);
    },
  ];
  // A run of one kind at a time, so that whole operands are of ordinary numbers now and then.
  let fill = oneOf(random, fills);
  for (let at = 0; at < words.byteLength; at += 8) {
    if (chance(random, 10)) fill = oneOf(random, fills);
    fill(at);
  }
  return new Uint8Array(words.buffer, 0, length).slice();
}
