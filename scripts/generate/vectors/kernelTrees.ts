import { fromHex, type Hex, keccak256, toHex } from "../../../oracle/vm/keccak.ts";

const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;
const FULL_HASH: Hex = `0x${"ff".repeat(32)}`;
const MAX = 2n ** 64n - 1n;

/** Preimages of roots as registration takes them, with root and sum, and those that it must refuse. */
export function kernelTreeVectors() {
  const [left, right] = [keccak256(Uint8Array.of(1)), keccak256(Uint8Array.of(2))].map(toHex) as [Hex, Hex];
  return {
    roots: [
      rootOf(1, leaf(1n, new Uint8Array(0)), 1n),
      rootOf(1, leaf(7n, Uint8Array.of(1, 2, 3)), 7n),
      rootOf(1, leaf(MAX, new Uint8Array(72)), MAX),
      rootOf(1, leaf(0n, new Uint8Array(2048)), 0n),
      rootOf(2, inner(left, 3n, right, 4n), 7n),
      rootOf(3, inner(right, 4n, left, 3n), 7n),
      rootOf(2 ** 32 - 1, inner(ZERO_HASH, MAX, FULL_HASH, 0n), MAX),
    ],
    refused: [
      { reason: "the sum exceeds 64 bits", kernelCount: 2, preimage: toHex(inner(left, MAX, right, 1n)) },
      {
        reason: "an inner node where one kernel is a leaf",
        kernelCount: 1,
        preimage: toHex(inner(left, 3n, right, 4n)),
      },
      {
        reason: "a leaf where two kernels have an inner node",
        kernelCount: 2,
        preimage: toHex(leaf(7n, new Uint8Array(72))),
      },
      {
        reason: "an inner node without its last byte",
        kernelCount: 2,
        preimage: toHex(inner(left, 3n, right, 4n).subarray(0, 80)),
      },
      { reason: "an inner node and a byte more", kernelCount: 2, preimage: `${toHex(inner(left, 3n, right, 4n))}00` },
      {
        reason: "a leaf without all of its chunks",
        kernelCount: 1,
        preimage: toHex(leaf(7n, new Uint8Array(0)).subarray(0, 8)),
      },
      { reason: "nothing", kernelCount: 1, preimage: "0x" },
      { reason: "no kernels", kernelCount: 0, preimage: toHex(leaf(0n, new Uint8Array(0))) },
    ],
  };
}

const rootOf = (kernelCount: number, preimage: Uint8Array, chunks: bigint) => ({
  kernelCount,
  preimage: toHex(preimage),
  root: toHex(keccak256(preimage)),
  chunks,
});

const leaf = (chunks: bigint, descriptor: Uint8Array) => Uint8Array.of(0, ...u64be(chunks), ...descriptor);

const inner = (left: Hex, leftSum: bigint, right: Hex, rightSum: bigint) =>
  Uint8Array.of(1, ...fromHex(left), ...u64be(leftSum), ...fromHex(right), ...u64be(rightSum));

const u64be = (value: bigint) => fromHex(`0x${value.toString(16).padStart(16, "0")}`);
