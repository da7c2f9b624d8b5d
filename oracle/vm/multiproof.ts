/** Several chunks of one tree, proved together (docs/kernels.md, "Multiproof"). */
import { concatBytes } from "@noble/hashes/utils";
import { CHUNK_BYTES } from "../model/tensor.ts";
import { BadProofError } from "./badProof.ts";
import type { ByteReader } from "./byteReader.ts";
import { type ProvingTree, treeDepth } from "./chunkTree.ts";
import { type Hex, keccak256, toHex } from "./keccak.ts";

const NODE_BYTES = 32;
/** n and m are two bytes each. */
const MAX_ENTRIES = 0xffff;

/** What a tree is committed to by: a root alone does not fix the depth. */
export interface Commitment {
  readonly root: Hex;
  readonly count: number;
}

/**
 * Proves the chunks `indices` of `tree`, in whatever order and however often they are named. Throws a ChunkIndexError
 * for one that the tree does not have, a RangeError for none at all and for more than the format can hold.
 */
export function encodeMultiproof(tree: ProvingTree, indices: Iterable<number>): Uint8Array {
  const sorted = [...new Set(indices)].sort((a, b) => a - b);
  const chunks = sorted.map((index) => tree.chunk(index));
  const siblings: Uint8Array[] = [];
  let positions = sorted;
  for (let level = 0; level < tree.depth; level++) {
    const known = new Set(positions);
    for (const position of positions) {
      const sibling = siblingOf(position);
      if (!known.has(sibling)) siblings.push(tree.node(level, sibling));
    }
    positions = [...new Set(positions.map(parentOf))];
  }
  const isEncodable = sorted.length > 0 && Math.max(sorted.length, siblings.length) <= MAX_ENTRIES;
  if (!isEncodable) throw new RangeError(`${sorted.length} chunks and ${siblings.length} siblings in one proof`);
  return concatBytes(u16(sorted.length), ...sorted.map(u32), ...chunks, u16(siblings.length), ...siblings);
}

/**
 * Reads a multiproof from `reader`, to its end and not further.
 * @returns the chunks by index, as views. Throws {@link BadProofError} unless they are what the commitment says.
 */
export function readMultiproof(reader: ByteReader, { root, count }: Commitment): Map<number, Uint8Array> {
  const length = reader.u16();
  if (length === 0) throw new BadProofError("no chunk");
  const indices = Array.from({ length }, () => reader.u32());
  indices.forEach((index, i) => {
    if (index <= (indices[i - 1] ?? -1)) throw new BadProofError(`index ${index} is not above the one before`);
    if (index >= count) throw new BadProofError(`index ${index} is not below ${count}`);
  });
  const chunks = new Map(indices.map((index) => [index, reader.take(CHUNK_BYTES)]));
  const siblings = Array.from({ length: reader.u16() }, () => reader.take(NODE_BYTES));

  let nodes = [...chunks].map(([position, chunk]) => ({ position, hash: keccak256(chunk) }));
  for (let level = 0; level < treeDepth(count); level++) nodes = parentsOf(nodes, siblings);
  if (siblings.length > 0) throw new BadProofError(`${siblings.length} hashes left over`);
  const top = nodes[0];
  if (top === undefined || toHex(top.hash) !== root) throw new BadProofError("another root");
  return chunks;
}

interface Node {
  readonly position: number;
  readonly hash: Uint8Array;
}

/** The level above `nodes`; siblings that are not among them are taken from the front of `siblings`. */
function parentsOf(nodes: readonly Node[], siblings: Uint8Array[]): Node[] {
  const parents: Node[] = [];
  for (const [i, { position, hash }] of nodes.entries()) {
    const isRight = position % 2 === 1;
    if (isRight && nodes[i - 1]?.position === position - 1) continue;
    const next = nodes[i + 1];
    const sibling = next?.position === siblingOf(position) ? next.hash : siblings.shift();
    if (sibling === undefined) throw new BadProofError("a hash is missing");
    parents.push({
      position: parentOf(position),
      hash: isRight ? keccak256(sibling, hash) : keccak256(hash, sibling),
    });
  }
  return parents;
}

const siblingOf = (position: number) => (position % 2 === 0 ? position + 1 : position - 1);
const parentOf = (position: number) => Math.floor(position / 2);

const u16 = (value: number) => Uint8Array.of(value >>> 8, value);
const u32 = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
