// 8-byte operands and results of the parity tests.

/** One buffer of 8-byte slots, seen as floats, as integers and as halves (the low half of slot i is `halves[2 * i]`). */
export class Slots {
  readonly floats: Float64Array;
  readonly integers: BigInt64Array;
  readonly halves: Uint32Array;

  constructor(count: number) {
    this.floats = new Float64Array(count);
    this.integers = new BigInt64Array(this.floats.buffer);
    this.halves = new Uint32Array(this.floats.buffer);
  }

  /** Takes what {@link toHex} gives. */
  static fromHex(hex: string): Slots {
    const slots = new Slots((hex.length - 2) / 16);
    new Uint8Array(slots.floats.buffer).set(Buffer.from(hex.slice(2), "hex").swap64());
    return slots;
  }

  /** A copy of the slots from `start` to before `end`, or to the last. */
  slice(start: number, end: number): Slots {
    const part = this.integers.slice(start, end);
    const slots = new Slots(part.length);
    slots.integers.set(part);
    return slots;
  }

  /** The slots in hexadecimal, each big-endian. */
  toHex(): string {
    return `0x${Buffer.from(new Uint8Array(this.floats.buffer)).swap64().toString("hex")}`;
  }

  /** The low bytes of every second slot, one after another, little-endian. */
  lowBytes(bytes: number): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.floats.buffer);
    const low = new Uint8Array((bytes * this.floats.length) / 2);
    for (let i = 0; 2 * i < this.floats.length; i++) low.set(all.subarray(16 * i, 16 * i + bytes), bytes * i);
    return low;
  }

  /** Slot i in hexadecimal. */
  hexAt(i: number): string {
    return `0x${BigInt.asUintN(64, this.integers[i] ?? 0n)
      .toString(16)
      .padStart(16, "0")}`;
  }

  setBits(i: number, sign: number, exponent: number, fraction: number): void {
    this.halves[2 * i] = fraction % 2 ** 32;
    this.halves[2 * i + 1] = sign * 2 ** 31 + exponent * 2 ** 20 + Math.floor(fraction / 2 ** 32);
  }

  /** NaN becomes the canonical one. */
  setFloat(i: number, value: number): void {
    if (Number.isNaN(value)) this.setBits(i, 0, 2047, 2 ** 51);
    else this.floats[i] = value;
  }
}

/** Fails at the first slot whose bits differ. */
export function expectEqual(actual: Slots, expected: Slots, describe: (i: number) => string): void {
  if (Buffer.from(actual.floats.buffer).equals(Buffer.from(expected.floats.buffer))) return;
  const i = expected.integers.findIndex((bits, at) => bits !== actual.integers[at]);
  throw new Error(`${describe(i)} is ${actual.hexAt(i)}, not ${expected.hexAt(i)}`);
}
