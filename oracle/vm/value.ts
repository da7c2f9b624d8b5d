/** Values of the machine: an i64 is a signed BigInt, an f64 a number. Their bits show a NaN in one form only. */
import type { ValueType } from "./opcodes.ts";

export type Value = bigint | number;

export const CANONICAL_NAN = 0x7ff8000000000000n;

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of `x`, unsigned; the canonical ones for every NaN, since the host may keep or change a payload. */
export function f64Bits(x: number): bigint {
  if (Number.isNaN(x)) return CANONICAL_NAN;
  scratch.setFloat64(0, x);
  return scratch.getBigUint64(0);
}

/** The number that has the low 64 bits of `bits`. */
export function f64FromBits(bits: bigint): number {
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}

/** The 64 bits of a value, unsigned, a NaN canonical. */
export function valueBits(value: Value): bigint {
  return typeof value === "number" ? f64Bits(value) : BigInt.asUintN(64, value);
}

/** The value of `type` with these bits. */
export function valueFromBits(type: ValueType, bits: bigint): Value {
  return type === "f64" ? f64FromBits(bits) : BigInt.asIntN(64, bits);
}

/** A value as accumulators travel: 8 bytes little-endian, a NaN canonical. */
export function encodeValue(value: Value): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, valueBits(value), true);
  return bytes;
}

/** Reads 8 bytes back, or undefined if they are a NaN that is not canonical. */
export function decodeValue(type: ValueType, bytes: Uint8Array): Value | undefined {
  const bits = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  const value = valueFromBits(type, bits);
  return valueBits(value) === bits ? value : undefined;
}
