/**
 * Merkle trees over chunks of 256 bytes (docs/formats.md, "Chunk trees"). Positions and the number of chunks are bound:
 * a proof's length and the side of each sibling follow from count and index, never from the proof.
 */
import { CHUNK_BYTES } from "../model/tensor.ts";
import { fromHex, type Hex, keccak256, toHex } from "./keccak.ts";

const NODE_BYTES = 32;

/** A chunk and what it takes to get from it to the root: one sibling per level, from the leaf up. */
export interface ChunkProof {
  chunk: Uint8Array;
  siblings: Hex[];
}

/** A chunk was asked for that the tree does not have. */
export class ChunkIndexError extends RangeError {
  readonly index: number;
  readonly count: number;

  constructor(index: number, count: number) {
    super(`there is no chunk ${index} among ${count}`);
    this.name = "ChunkIndexError";
    this.index = index;
    this.count = count;
  }
}

/** Chunks that `length` bytes fill; the last one may be partial. */
export function chunkCount(length: number): number {
  return Math.ceil(length / CHUNK_BYTES);
}

/** Levels between the leaves and the root of a tree of `count` chunks: ceil(log2(count)), 0 for none. */
export function treeDepth(count: number): number {
  let depth = 0;
  while (2 ** depth < count) depth++;
  return depth;
}

/** The root over `bytes`, which are padded with zeros to whole chunks; 32 zero bytes if there are none. */
export function chunkRoot(bytes: Uint8Array): Hex {
  const root = levelsOf(bytes).at(-1)?.[0];
  return toHex(root ?? new Uint8Array(NODE_BYTES));
}

/** Proves chunk `index` of `bytes`. Throws {@link ChunkIndexError} if there is none. */
export function chunkProof(bytes: Uint8Array, index: number): ChunkProof {
  const count = chunkCount(bytes.length);
  if (!isIndex(index, count)) throw new ChunkIndexError(index, count);
  const levels = levelsOf(bytes).slice(0, -1);
  const siblings = levels.map((nodes, level) => {
    const position = Math.floor(index / 2 ** level);
    return toHex(nodes[siblingOf(position)] ?? emptyNode(level));
  });
  return { chunk: chunkAt(bytes, index), siblings };
}

/**
 * Whether `proof` shows that its chunk is number `index` of the `count` chunks under `root`. False, and never an error,
 * for a chunk that is not 256 bytes, an index outside the tree and a path of another length than the tree's depth.
 * @param root in lower case, as every {@link Hex}
 */
export function verifyChunk(root: Hex, count: number, index: number, proof: ChunkProof): boolean {
  const { chunk } = proof;
  const siblings = proof.siblings.map(fromHex);
  const isWellFormed =
    isIndex(index, count) &&
    chunk.length === CHUNK_BYTES &&
    siblings.length === treeDepth(count) &&
    siblings.every((sibling) => sibling.length === NODE_BYTES);
  if (!isWellFormed) return false;
  const top = siblings.reduce((node, sibling, level) => {
    const isRight = Math.floor(index / 2 ** level) % 2 === 1;
    return isRight ? keccak256(sibling, node) : keccak256(node, sibling);
  }, keccak256(chunk));
  return toHex(top) === root;
}

/** The nodes of every level, leaves first, without those that lie wholly beyond the last chunk. */
function levelsOf(bytes: Uint8Array): Uint8Array[][] {
  const count = chunkCount(bytes.length);
  let nodes = Array.from({ length: count }, (_, index) => keccak256(chunkAt(bytes, index)));
  const levels = [nodes];
  for (let level = 0; level < treeDepth(count); level++) {
    const children = nodes;
    const isLeft = (_: Uint8Array, position: number) => position % 2 === 0;
    nodes = children
      .filter(isLeft)
      .map((left, parent) => keccak256(left, children[2 * parent + 1] ?? emptyNode(level)));
    levels.push(nodes);
  }
  return levels;
}

/** A copy of chunk `index`, padded with zeros. */
function chunkAt(bytes: Uint8Array, index: number): Uint8Array {
  const chunk = new Uint8Array(CHUNK_BYTES);
  chunk.set(bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));
  return chunk;
}

/** The root of a subtree of `2^level` missing chunks. */
function emptyNode(level: number): Uint8Array {
  let node = keccak256(new Uint8Array(CHUNK_BYTES));
  for (let below = 0; below < level; below++) node = keccak256(node, node);
  return node;
}

const siblingOf = (position: number) => (position % 2 === 0 ? position + 1 : position - 1);

const isIndex = (index: number, count: number) => Number.isInteger(index) && index >= 0 && index < count;
