// Operands on which binary64 arithmetic is likely to go wrong, from a seeded generator.
import type { Dtype } from "../../oracle/model/tensor.ts";
import type { Random } from "../../scripts/models/random.ts";
import { Slots } from "./slots.ts";

const SPECIALS = [
  ...[0, 2 ** -1074, 2 ** -1022 - 2 ** -1074, 2 ** -1022, 2 ** -1021, Number.MAX_VALUE, 2 ** 1023, Infinity],
  ...[0.5, 1 - 2 ** -53, 1, 1 + 2 ** -52, 1.5, 2, 2.5, 3, 2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53 - 1, 2 ** 53],
  ...[2 ** 62, 2 ** 63 - 2 ** 10, 2 ** 63, 2 ** 63 + 2 ** 11, 2 ** 64],
  ...[2 ** -149, 2 ** -150, 2 ** -126, 2 ** -126 - 2 ** -149, 2 ** 128, 2 ** 128 - 2 ** 104, 2 ** 128 - 2 ** 103],
];

/** The special numbers with both signs, and NaNs whose sign, payload and quiet bit must not matter. */
const SIGNED_SPECIALS = [
  ...SPECIALS.flatMap((value) => [floatBits(value), floatBits(-value)]),
  ...[0x7ff8000000000000n, 0xfff0000000000001n],
];

/** A way to draw a pair of operands. */
export type Kind = Exclude<keyof Operands, symbol>;

/** How the elements of each dtype are drawn, as the low bytes of a pair's first slot. */
export const ELEMENT_KINDS: Readonly<Record<Dtype, Kind>> = {
  f32: "binary32",
  f64: "independent",
  i8: "integer",
  u8: "integer",
  i16: "integer",
  u16: "integer",
  i32: "integer",
  u32: "integer",
  i64: "integer",
  bool: "integer",
};

const EXPONENTS_AND_SIGNS = 2 * 2 ** 11;

/** Kinds that leave nothing out in this many pairs. */
export const SWEEPS = {
  everyExponentAndSpecial: EXPONENTS_AND_SIGNS + 2 * SIGNED_SPECIALS.length,
  everyBinary32Exponent: 4 * 2 ** 8,
  everyLength: 2 * 65,
  everySpecialPair: SIGNED_SPECIALS.length ** 2,
} as const satisfies Partial<Record<Kind, number>>;

export type Sweep = keyof typeof SWEEPS;

/** Draws `count` pairs, of each of the kinds by turns; pair i is in slots 2i and 2i + 1. */
export function drawPairs(kinds: readonly Kind[], random: Random, count: number): Slots {
  const slots = new Slots(2 * count);
  const operands = new Operands(random, slots);
  for (let i = 0; i < count; i++) operands[kinds[i % kinds.length] ?? "independent"](i);
  return slots;
}

/** Writes pairs of operands; every method writes the slots 2i and 2i + 1, or one slot. */
class Operands {
  readonly #random: Random;
  readonly #slots: Slots;

  constructor(random: Random, slots: Slots) {
    this.#random = random;
    this.#slots = slots;
  }

  /** Numbers as they are in networks. */
  ordinary(i: number): void {
    for (const slot of [2 * i, 2 * i + 1]) this.#slots.floats[slot] = this.#random.normal();
  }

  /** The bits of such numbers in binary32. */
  ordinaryBinary32(i: number): void {
    const bits = new Uint32Array(Float32Array.of(this.#random.normal(), this.#random.normal()).buffer);
    for (const [at, slot] of [2 * i, 2 * i + 1].entries()) this.#slots.integers[slot] = BigInt(bits[at] ?? 0);
  }

  /** Small integers. */
  ordinaryInteger(i: number): void {
    for (const slot of [2 * i, 2 * i + 1]) this.#slots.integers[slot] = BigInt(this.#random.below(256) - 128);
  }

  /** Every exponent field and both signs, then every special number twice: the harness has two words for some. */
  everyExponentAndSpecial(i: number): void {
    const special = (i - EXPONENTS_AND_SIGNS) >> 1;
    if (special < 0) this.#slots.setBits(2 * i, i & 1, i >> 1, this.#fraction());
    else this.#setInteger(2 * i, SIGNED_SPECIALS[special] ?? 0n);
  }

  /** Every exponent field of binary32 and both signs, with the fraction 0 and another one. */
  everyBinary32Exponent(i: number): void {
    const fraction = i & 2 ? 1 + this.#random.below(2 ** 23 - 1) : 0;
    this.#slots.integers[2 * i] = BigInt((i & 1) * 2 ** 31 + (i >> 2) * 2 ** 23 + fraction);
  }

  /** Integers of every length and both signs. */
  everyLength(i: number): void {
    const magnitude = BigInt.asUintN(i >> 1, this.#uniform64()) | ((1n << BigInt(i >> 1)) / 2n);
    this.#setInteger(2 * i, i & 1 ? -magnitude : magnitude);
  }

  /** Every pair of special numbers. */
  everySpecialPair(i: number): void {
    this.#setInteger(2 * i, SIGNED_SPECIALS[Math.floor(i / SIGNED_SPECIALS.length)] ?? 0n);
    this.#setInteger(2 * i + 1, SIGNED_SPECIALS[i % SIGNED_SPECIALS.length] ?? 0n);
  }

  /** Two operands that have nothing to do with each other: their exponents differ by up to 2,046. */
  independent(i: number): void {
    this.#any(2 * i);
    this.#any(2 * i + 1);
  }

  /** Exponents as near as a sum needs to round, to cancel, or just not to matter. */
  nearExponents(i: number): void {
    const exponent = this.#exponent();
    this.#slots.setBits(2 * i, this.#bit(), exponent, this.#fraction());
    const other = clamp(exponent + this.#random.below(121) - 60, 0, 2046);
    this.#slots.setBits(2 * i + 1, this.#bit(), other, this.#fraction());
  }

  /** Equal magnitudes, or a few units in the last place apart, or one a power of two of the other. */
  cancelling(i: number): void {
    const { floats, integers } = this.#slots;
    this.#any(2 * i);
    integers[2 * i + 1] = BigInt.asIntN(64, (integers[2 * i] ?? 0n) + BigInt(this.#random.below(9) - 4));
    if (this.#random.below(4) === 0) floats[2 * i + 1] = (floats[2 * i + 1] ?? 0) * 2 ** (this.#random.below(5) - 2);
    if (this.#bit() === 1) floats[2 * i + 1] = -(floats[2 * i + 1] ?? 0);
  }

  /** The second operand is about half a unit in the last place of the first: ties and their neighbours in sums. */
  sumTie(i: number): void {
    const exponent = 56 + this.#random.below(2046 - 56);
    this.#slots.setBits(2 * i, this.#bit(), exponent, this.#fraction());
    const distance = 51 + this.#random.below(5);
    const fraction = this.#oneOf([0, 0, 0, 1, 2 ** 52 - 1, this.#uniform52()]);
    this.#slots.setBits(2 * i + 1, this.#bit(), exponent - distance, fraction);
  }

  /** Few significant bits: exact products, quotients and sums, and ties. */
  short(i: number): void {
    for (const slot of [2 * i, 2 * i + 1]) {
      const fraction = this.#leading(this.#uniform52(), this.#random.below(29));
      this.#slots.setBits(slot, this.#bit(), this.#exponent(), fraction);
    }
  }

  /** Products about the smallest numbers and about the largest. */
  productEdge(i: number): void {
    this.#edge(i, (exponent, edge) => edge - exponent + 1023);
  }

  /** Quotients about the smallest numbers and about the largest. */
  quotientEdge(i: number): void {
    this.#edge(i, (exponent, edge) => exponent - edge + 1023);
  }

  /** The first operand is the second times a short number, or a unit in the last place beside. */
  multiple(i: number): void {
    const { floats } = this.#slots;
    this.#slots.setBits(
      2 * i + 1,
      this.#bit(),
      this.#exponent(),
      this.#leading(this.#uniform52(), this.#random.below(40)),
    );
    const factor = (1 + this.#random.below(2 ** 20)) * 2 ** (this.#random.below(80) - 40);
    floats[2 * i] = (floats[2 * i + 1] ?? 0) * factor;
    this.#nudge(2 * i);
  }

  /** Squares of numbers of 27 bits and of the middle between two numbers, and their neighbours. */
  square(i: number): void {
    const root = 2 ** 26 + this.#random.below(2 ** 26);
    const wide = this.#bit() === 1 ? root : 2 ** 52 + this.#uniform52() + 0.5;
    this.#slots.floats[2 * i] = wide * wide;
    const { halves } = this.#slots;
    // Any even exponent.
    const high = halves[4 * i + 1] ?? 0;
    halves[4 * i + 1] = (high & 0x1fffff) + 2 * (1 + this.#random.below(1022)) * 2 ** 20;
    this.#nudge(2 * i);
    this.#any(2 * i + 1);
  }

  /** Integers, halves and their neighbours, up to where an int64 ends. */
  nearInteger(i: number): void {
    const bits = this.#random.below(67);
    const integer = Math.floor(this.#uniform52() / 2 ** (52 - Math.min(bits, 52))) * 2 ** Math.max(0, bits - 52);
    this.#slots.floats[2 * i] = (integer + this.#oneOf([0, 0.5, 0.25])) * (this.#bit() === 1 ? 1 : -1);
    this.#nudge(2 * i);
    this.#any(2 * i + 1);
  }

  /** binary32 numbers, the middles between two of them, and their neighbours, from 2^-151 to 2^129. */
  nearBinary32(i: number): void {
    const exponent = 1023 - 151 + this.#random.below(281);
    const kept = this.#random.below(4) === 0 ? this.#random.below(24) : 23 + this.#random.below(3);
    this.#slots.setBits(2 * i, this.#bit(), exponent, this.#leading(this.#uniform52(), kept));
    this.#nudge(2 * i);
    this.#any(2 * i + 1);
  }

  /** Small multiples of powers of two, so that results are often powers of two. */
  dyadic(i: number): void {
    for (const slot of [2 * i, 2 * i + 1]) {
      const value = (this.#random.below(17) - 8) * 2 ** (this.#random.below(9) - 4);
      this.#slots.floats[slot] = value;
    }
  }

  /** Any bits of binary32, every exponent equally likely. */
  binary32(i: number): void {
    const exponent = this.#random.below(256) * 2 ** 23;
    const fraction = this.#oneOf([
      0,
      1,
      2 ** 22,
      2 ** 23 - 1,
      this.#random.below(2 ** 23),
      this.#random.below(2 ** 23),
    ]);
    this.#slots.integers[2 * i] = BigInt(this.#bit() * 2 ** 31 + exponent + fraction);
    this.#any(2 * i + 1);
  }

  /** Integers of every length; beside a power of two; beside the middle between two floats. */
  integer(i: number): void {
    const length = BigInt(this.#random.below(65));
    const high = 2n ** length;
    const uniform = BigInt.asUintN(Number(length), this.#uniform64());
    const half = length > 53n ? 2n ** (length - 54n) : 0n;
    const beside = BigInt(this.#random.below(5) - 2);
    const magnitude = this.#oneOf([uniform, uniform, high + beside, (uniform / (half + 1n)) * half + beside]);
    this.#setInteger(2 * i, this.#bit() === 1 ? magnitude : -magnitude);
    this.#any(2 * i + 1);
  }

  #setInteger(slot: number, value: bigint): void {
    this.#slots.integers[slot] = BigInt.asIntN(64, value);
  }

  #edge(i: number, partner: (exponent: number, edge: number) => number): void {
    const edge = this.#bit() === 1 ? 2046 : 0;
    // So that the partner exists.
    const exponent = edge === 0 ? this.#random.below(1023) : 1023 + this.#random.below(1023);
    const other = clamp(partner(exponent, edge) + this.#random.below(121) - 60, 0, 2046);
    this.#slots.setBits(2 * i, this.#bit(), exponent, this.#fraction());
    this.#slots.setBits(2 * i + 1, this.#bit(), other, this.#fraction());
  }

  #any(slot: number): void {
    switch (this.#random.below(8)) {
      case 0: {
        const value = this.#oneOf(SPECIALS);
        this.#slots.floats[slot] = this.#bit() === 1 ? value : -value;
        return;
      }
      case 1:
        // NaN with any payload, quiet or signalling.
        this.#slots.setBits(slot, this.#bit(), 2047, this.#oneOf([1, 2 ** 51, 2 ** 52 - 1, this.#uniform52()]));
        return;
      default:
        this.#slots.setBits(slot, this.#bit(), this.#exponent(), this.#fraction());
    }
  }

  /** The exponent field of a finite number: any, subnormal, about 1, the largest. */
  #exponent(): number {
    switch (this.#random.below(8)) {
      case 0:
        return this.#random.below(2);
      case 1:
        return 1023 + this.#random.below(129) - 64;
      case 2:
        return 2046 - this.#random.below(3);
      default:
        return this.#random.below(2047);
    }
  }

  /** A fraction field: random, or a run of ones anywhere, which includes all zeros, all ones and single bits. */
  #fraction(): number {
    if (this.#bit() === 1) return this.#uniform52();
    const top = this.#random.below(53);
    const run = 2 ** top - 2 ** this.#random.below(top + 1);
    return this.#random.below(4) === 0 ? 2 ** 52 - 1 - run : run;
  }

  /** The next number up or down, half of the time. */
  #nudge(slot: number): void {
    const { integers } = this.#slots;
    integers[slot] = BigInt.asIntN(64, (integers[slot] ?? 0n) + BigInt(this.#oneOf([0, 0, 1, -1])));
  }

  #leading(fraction: number, bits: number): number {
    const unit = 2 ** (52 - bits);
    return fraction - (fraction % unit);
  }

  #uniform52(): number {
    return (this.#random.uint32() >>> 12) * 2 ** 32 + this.#random.uint32();
  }

  #uniform64(): bigint {
    return (BigInt(this.#random.uint32()) << 32n) | BigInt(this.#random.uint32());
  }

  #bit(): number {
    return this.#random.uint32() >>> 31;
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)] as T;
  }
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

function floatBits(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;
}
