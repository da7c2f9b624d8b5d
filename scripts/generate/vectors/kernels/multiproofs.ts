import { ChunkTree } from "../../../../oracle/vm/chunkTree.ts";
import { fromHex, type Hex, toHex } from "../../../../oracle/vm/keccak.ts";
import { encodeMultiproof } from "../../../../oracle/vm/multiproof.ts";
import { bytes } from "../../../../test/kernels/edges.ts";
import { Random } from "../../../models/random.ts";

/** Multiproofs of trees of several sizes, and bad proofs. */
export function multiproofVectors() {
  const random = new Random(4n);
  const tree = (chunks: number) => new ChunkTree(bytes(random, chunks * 256 - 7));
  const choices: [number, number[]][] = [
    [1, [0]],
    [2, [0]],
    [2, [1]],
    [2, [0, 1]],
    [3, [2]],
    [5, [0, 1, 2, 3, 4]],
    [5, [4]],
    [5, [0, 3]],
    [8, [1, 2, 5, 6]],
    [9, [0, 8]],
    [13, [2, 3, 4, 7, 12]],
    [1000, [0, 511, 512, 999]],
  ];
  const proofs = choices.map(([chunks, indices]) => {
    const { root, count, proof } = proofOf(tree(chunks), indices);
    return { root, count, indices, proof };
  });
  return { proofs, refused: badProofs(tree(6)) };
}

function proofOf(tree: ChunkTree, indices: number[]): { root: Hex; count: number; proof: Hex } {
  return { root: tree.root, count: tree.count, proof: toHex(encodeMultiproof(tree, indices)) };
}

const COUNT_BYTES = 2;
const INDEX_BYTES = 4;

function badProofs(tree: ChunkTree) {
  // Chunks 2, 3 and 5 of 6: siblings are 4, the node above 0 and 1, and the one above 6 and 7.
  const good = proofOf(tree, [2, 3, 5]);
  const proof = fromHex(good.proof);
  const chunksAt = COUNT_BYTES + 3 * INDEX_BYTES;
  const siblingCountAt = chunksAt + 3 * 256;
  const changed = (offset: number, ...values: number[]) => {
    const bytes = proof.slice();
    bytes.set(values, offset);
    return bytes;
  };
  const withIndices = (...indices: number[]) => changed(COUNT_BYTES, ...indices.flatMap((index) => [0, 0, 0, index]));
  const swapped = (from: number, to: number, length: number) => {
    const bytes = changed(to, ...proof.subarray(from, from + length));
    bytes.set(proof.subarray(to, to + length), from);
    return bytes;
  };
  const siblings = (count: number, bytes: Uint8Array) =>
    Uint8Array.from([...proof.subarray(0, siblingCountAt), 0, count, ...bytes]);
  const hashes = proof.subarray(siblingCountAt + COUNT_BYTES);
  const cases: [string, Uint8Array, Partial<typeof good>?][] = [
    ["no chunk", new Uint8Array(4)],
    ["no chunk, but the root as sibling", Uint8Array.from([0, 0, 0, 1, ...fromHex(tree.root)])],
    ["indices swapped", withIndices(3, 2, 5)],
    ["an index twice", withIndices(2, 2, 5)],
    ["an index not below the count", withIndices(2, 3, 6)],
    ["an index beyond the tree", withIndices(2, 3, 13)],
    ["an index with its top bit", changed(COUNT_BYTES + 2 * INDEX_BYTES, 0x80)],
    ["another index", withIndices(2, 3, 4)],
    ["chunks swapped", swapped(chunksAt, chunksAt + 256, 256)],
    ["siblings swapped", swapped(siblingCountAt + 2, siblingCountAt + 34, 32)],
    ["a chunk's first bit", changed(chunksAt, (proof[chunksAt] ?? 0) ^ 0x80)],
    ["a chunk's last bit", changed(siblingCountAt - 1, (proof[siblingCountAt - 1] ?? 0) ^ 1)],
    ["a hash is missing", siblings(2, hashes.subarray(0, 64))],
    ["a hash is left over", siblings(4, Uint8Array.from([...hashes, ...new Uint8Array(32)]))],
    ["no hashes", siblings(0, new Uint8Array(0))],
    ["hashes fewer than stated", siblings(3, hashes.subarray(0, 64))],
    ["a byte is missing", proof.subarray(0, -1)],
    ["the hashes are missing", proof.subarray(0, siblingCountAt)],
    ["the last chunk is missing", proof.subarray(0, siblingCountAt - 256)],
    ["nothing", new Uint8Array(0)],
    ["a deeper tree", proof, { count: 9 }],
    ["a tree of less chunks", proof, { count: 4 }],
    ["no chunks in the space", proof, { count: 0 }],
    ["another root", proof, { root: `0x${"00".repeat(32)}` }],
    ["another node of the tree as root", proof, { root: toHex(tree.node(2, 0)) }],
  ];
  return {
    good,
    bad: cases.map(([reason, bytes, other = {}]) => ({ reason, ...good, proof: toHex(bytes), ...other })),
  };
}
