/**
 * Merkle trees over chunks of 256 bytes (docs/formats.md, "Chunk trees"). Positions and the number of chunks are bound:
 * a proof's length and the side of each sibling follow from count and index, never from the proof.
 */
import { concatBytes } from "@noble/hashes/utils";
import { CHUNK_BYTES } from "../model/tensor.ts";
import { fromHex, type HashEach, type Hex, keccak256, keccakEach, toHex } from "./keccak.ts";

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

/** What a tree proves its chunks from. */
export type ProvingTree = Pick<ChunkTree, "depth" | "chunk" | "node">;

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

/** The tree over some bytes, all its nodes kept, so that every proof costs nothing but reading. */
export class ChunkTree {
  /** Chunks, the missing ones not counted. */
  readonly count: number;
  readonly depth: number;
  readonly #bytes: Uint8Array;
  /** The nodes of every level, end to end, leaves first, without those that lie wholly beyond the last chunk. */
  readonly #levels: Uint8Array[];
  readonly #empty: Uint8Array[];

  /**
   * @param bytes kept, not copied; padded with zeros to whole chunks
   * @param hashEach keccak256, by the means of the caller's choice
   */
  constructor(bytes: Uint8Array, hashEach: HashEach = keccakEach) {
    this.count = chunkCount(bytes.length);
    this.depth = treeDepth(this.count);
    this.#bytes = bytes;
    this.#empty = emptyNodes(this.depth);
    this.#levels = levelsOf(bytes, this.#empty, hashEach);
  }

  /** 32 zero bytes if there are no chunks. */
  get root(): Hex {
    return toHex(this.count === 0 ? new Uint8Array(NODE_BYTES) : this.node(this.depth, 0));
  }

  /** Node `position` of a level, leaves at level 0, as a view. Beyond the last chunk: the root of missing chunks. */
  node(level: number, position: number): Uint8Array {
    const nodes = this.#levels[level];
    const empty = this.#empty[level];
    const isNode = Number.isInteger(position) && position >= 0 && position < 2 ** (this.depth - level);
    if (nodes === undefined || empty === undefined || !isNode) {
      throw new RangeError(`there is no node ${position} on level ${level} of ${this.depth}`);
    }
    const start = position * NODE_BYTES;
    return start < nodes.length ? nodes.subarray(start, start + NODE_BYTES) : empty;
  }

  /** A copy of chunk `index`, padded with zeros. Throws {@link ChunkIndexError} if there is none. */
  chunk(index: number): Uint8Array {
    if (!isIndex(index, this.count)) throw new ChunkIndexError(index, this.count);
    return chunkAt(this.#bytes, index);
  }

  /** Proves chunk `index`. Throws {@link ChunkIndexError} if there is none. */
  proof(index: number): ChunkProof {
    const chunk = this.chunk(index);
    const siblings = Array.from({ length: this.depth }, (_, level) =>
      toHex(this.node(level, siblingOf(Math.floor(index / 2 ** level)))),
    );
    return { chunk, siblings };
  }
}

/** The root over `bytes`, which are padded with zeros to whole chunks; 32 zero bytes if there are none. */
export function chunkRoot(bytes: Uint8Array): Hex {
  return new ChunkTree(bytes).root;
}

/** Proves chunk `index` of `bytes`. Throws {@link ChunkIndexError} if there is none. */
export function chunkProof(bytes: Uint8Array, index: number): ChunkProof {
  return new ChunkTree(bytes).proof(index);
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

/** The levels of a tree over `bytes`, leaves first; a level of odd length is completed with the empty node of its height. */
function levelsOf(bytes: Uint8Array, empty: readonly Uint8Array[], hashEach: HashEach): Uint8Array[] {
  const wholeChunks = Math.floor(bytes.length / CHUNK_BYTES);
  const whole = hashEach(bytes.subarray(0, wholeChunks * CHUNK_BYTES), CHUNK_BYTES);
  const isLastPartial = wholeChunks < chunkCount(bytes.length);
  const leaves = isLastPartial ? [whole, keccak256(chunkAt(bytes, wholeChunks))] : [whole];
  let nodes = concatBytes(...leaves);
  const levels = [nodes];
  for (const missing of empty.slice(0, -1)) {
    const isOdd = (nodes.length / NODE_BYTES) % 2 === 1;
    nodes = hashEach(isOdd ? concatBytes(nodes, missing) : nodes, 2 * NODE_BYTES);
    levels.push(nodes);
  }
  return levels;
}

/** For every level the root of a subtree of `2^level` missing chunks. */
function emptyNodes(depth: number): Uint8Array[] {
  const nodes = [keccak256(new Uint8Array(CHUNK_BYTES))];
  for (const node of nodes) {
    if (nodes.length <= depth) nodes.push(keccak256(node, node));
  }
  return nodes;
}

/** A copy of chunk `index`, padded with zeros. */
export function chunkAt(bytes: Uint8Array, index: number): Uint8Array {
  const chunk = new Uint8Array(CHUNK_BYTES);
  chunk.set(bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));
  return chunk;
}

const siblingOf = (position: number) => (position % 2 === 0 ? position + 1 : position - 1);

const isIndex = (index: number, count: number) => Number.isInteger(index) && index >= 0 && index < count;
