/** LEB128 as WebAssembly has it, in its shortest form only. */
import type { ByteReader } from "./byteReader.ts";
import { requireRule } from "./malformed.ts";

/** Unsigned. */
export function encodeUnsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...encodeUnsigned(Math.floor(value / 0x80))];
}

/** Signed. */
export function encodeSigned(value: bigint): number[] {
  const low = Number(BigInt.asUintN(7, value));
  return BigInt.asIntN(7, value) === value ? [low] : [low | 0x80, ...encodeSigned(value >> 7n)];
}

/** Reads an unsigned 32-bit integer. Throws a MalformedKernelError for other encodings than the shortest. */
export function decodeUnsigned(reader: ByteReader): number {
  const bytes = takeGroups(reader, 5);
  const value = bytes.reduceRight((high, byte) => high * 0x80 + (byte & 0x7f), 0);
  requireRule(value < 2 ** 32, "immediate", `${value} is not below 2^32`);
  requireRule(bytes.length === encodeUnsigned(value).length, "immediate", `${value} in ${bytes.length} bytes`);
  return value;
}

/** Reads a signed 64-bit integer. Throws a MalformedKernelError for other encodings than the shortest. */
export function decodeSigned(reader: ByteReader): bigint {
  const bytes = takeGroups(reader, 10);
  const unsigned = bytes.reduceRight((high, byte) => (high << 7n) | BigInt(byte & 0x7f), 0n);
  const value = BigInt.asIntN(7 * bytes.length, unsigned);
  requireRule(BigInt.asIntN(64, value) === value, "immediate", `${value} is not an i64`);
  requireRule(bytes.length === encodeSigned(value).length, "immediate", `${value} in ${bytes.length} bytes`);
  return value;
}

/** The bytes of one integer: up to the first without its top bit, `limit` at most. */
function takeGroups(reader: ByteReader, limit: number): number[] {
  const bytes: number[] = [];
  let byte: number;
  do {
    requireRule(bytes.length < limit, "immediate", `longer than ${limit} bytes`);
    byte = reader.u8();
    bytes.push(byte);
  } while (byte >= 0x80);
  return bytes;
}
