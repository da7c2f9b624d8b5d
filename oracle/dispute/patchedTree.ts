/** The tree over bytes of which only the last ones differ from another tree's: its own nodes are few. */
import { concatBytes } from "@noble/hashes/utils";
import { type ChunkTree, chunkAt, type ProvingTree } from "../vm/chunkTree.ts";
import { keccak256 } from "../vm/keccak.ts";

export class PatchedTree implements ProvingTree {
  readonly depth: number;
  readonly #base: ChunkTree;
  readonly #first: number;
  readonly #bytes: Uint8Array;
  /** Of every level the nodes from the first patched one to the last one above a chunk. */
  readonly #levels: Uint8Array[][];

  /** @param bytes what there is from chunk `first` on, to the base's end */
  constructor(base: ChunkTree, first: number, bytes: Uint8Array) {
    this.depth = base.depth;
    this.#base = base;
    this.#first = first;
    this.#bytes = bytes;
    const leaves = Array.from({ length: base.count - first }, (_, i) => keccak256(chunkAt(bytes, i)));
    this.#levels = [leaves];
    for (let height = 1; height <= this.depth; height++) this.#levels.push(this.#parents(height));
  }

  node(height: number, index: number): Uint8Array {
    return this.#levels[height]?.[index - this.#firstAt(height)] ?? this.#base.node(height, index);
  }

  chunk(index: number): Uint8Array {
    return index < this.#first ? this.#base.chunk(index) : chunkAt(this.#bytes, index - this.#first);
  }

  #parents(height: number): Uint8Array[] {
    const first = this.#firstAt(height);
    const last = Math.floor((this.#base.count - 1) / 2 ** height);
    return Array.from({ length: last - first + 1 }, (_, i) => {
      const left = 2 * (first + i);
      return keccak256(concatBytes(this.node(height - 1, left), this.node(height - 1, left + 1)));
    });
  }

  #firstAt(height: number): number {
    return Math.floor(this.#first / 2 ** height);
  }
}
