import { CHUNK_BYTES } from "../../../oracle/model/tensor.ts";
import { type ChunkProof, chunkCount, chunkProof, chunkRoot, treeDepth } from "../../../oracle/vm/chunkTree.ts";
import { fromHex, type Hex, keccak256, toHex } from "../../../oracle/vm/keccak.ts";

const LENGTHS = [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 768, 1000, 1024, 1025, 2304, 65_536];

/** Above this many chunks only some of them are proven. */
const ALL_PROVEN = 16;

/** Roots and proofs over {@link someBytes}, and proofs that must be refused. */
export function chunkTreeVectors() {
  return {
    bytes: "byte i is (7 * i + 3) mod 251",
    zeros: [1, 256, 257].map((length) => ({ length, root: chunkRoot(new Uint8Array(length)) })),
    trees: LENGTHS.map(treeOf),
    refused: refusedProofs(),
  };
}

export function someBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (7 * i + 3) % 251);
}

function treeOf(length: number) {
  const bytes = someBytes(length);
  const count = chunkCount(length);
  const all = Array.from({ length: count }, (_, index) => index);
  const proven = all.filter((index) => count <= ALL_PROVEN || [0, 1, count / 2, count - 1].includes(index));
  const proofs = proven.map((index) => ({ index, siblings: chunkProof(bytes, index).siblings }));
  return { length, count, depth: treeDepth(count), root: chunkRoot(bytes), proofs };
}

/** One proof, changed in every way that a verifier has to notice. */
function refusedProofs() {
  const bytes = someBytes(5 * CHUNK_BYTES + 1);
  const proof = chunkProof(bytes, 4);
  const [first, second, third] = proof.siblings as [Hex, Hex, Hex];
  const flipped = Uint8Array.from(proof.chunk, (byte, i) => (i === 0 ? byte ^ 1 : byte));
  const innerNode = Uint8Array.of(...keccak256(proof.chunk), ...fromHex(first));
  const cases: [string, number, number, ChunkProof][] = [
    ["another index", 6, 5, proof],
    ["an index past the end", 6, 6, proof],
    ["an index with a bit above the depth", 6, 4 + 8, proof],
    ["a count of another depth", 9, 4, proof],
    ["a count that does not reach the index", 4, 4, proof],
    ["no path", 6, 4, { ...proof, siblings: [] }],
    ["a shorter path", 6, 4, { ...proof, siblings: [first, second] }],
    ["a longer path", 6, 4, { ...proof, siblings: [first, second, third, third] }],
    ["swapped siblings", 6, 4, { ...proof, siblings: [second, first, third] }],
    ["a repeated sibling", 6, 4, { ...proof, siblings: [first, first, third] }],
    ["a flipped bit in the chunk", 6, 4, { ...proof, chunk: flipped }],
    ["a chunk without its last byte", 6, 4, { ...proof, chunk: proof.chunk.subarray(0, CHUNK_BYTES - 1) }],
    ["a chunk with a byte more", 6, 4, { ...proof, chunk: Uint8Array.of(...proof.chunk, 0) }],
    ["no chunk", 6, 4, { ...proof, chunk: new Uint8Array(0) }],
    // All but its length is as in a tree of three: the node above chunks 4 and 5 is number 2 on its level.
    ["the preimage of an inner node as chunk", 3, 2, { chunk: innerNode, siblings: [second, third] }],
  ];
  return {
    root: chunkRoot(bytes),
    proofs: cases.map(([change, count, index, { chunk, siblings }]) => ({
      change,
      count,
      index,
      chunk: toHex(chunk),
      siblings,
    })),
  };
}
