import { keccak_256 } from "@noble/hashes/sha3";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils";

/** Bytes as `0x` and lower-case hexadecimal digits, so that two of them are equal exactly if `===` says so. */
export type Hex = `0x${string}`;

/** Ethereum's keccak256 over the parts, joined. */
export function keccak256(...parts: Uint8Array[]): Uint8Array {
  return keccak_256(concatBytes(...parts));
}

/** Hashes a byte string that is messages of `messageBytes` each, end to end; the digests likewise. */
export type HashEach = (messages: Uint8Array, messageBytes: number) => Uint8Array;

/** keccak256 of each of the messages. */
export function keccakEach(messages: Uint8Array, messageBytes: number): Uint8Array {
  const count = messages.length / messageBytes;
  const digests = new Uint8Array(count * 32);
  for (let i = 0; i < count; i++) {
    digests.set(keccak_256(messages.subarray(i * messageBytes, (i + 1) * messageBytes)), i * 32);
  }
  return digests;
}

export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`;
}

/** Throws an Error unless `hex` has an even number of hexadecimal digits. */
export function fromHex(hex: Hex): Uint8Array {
  return hexToBytes(hex.slice(2));
}
