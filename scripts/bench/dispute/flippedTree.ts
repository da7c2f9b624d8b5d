// A trace of which one chunk is another one: its tree differs from the canonical one in a node per level.
import { type ChunkTree, type ProvingTree, treeDepth } from "../../../oracle/vm/chunkTree.ts";
import { keccak256, toHex } from "../../../oracle/vm/keccak.ts";

export class FlippedTree implements ProvingTree {
  readonly depth: number;
  readonly #base: ChunkTree;
  readonly #index: number;
  readonly #chunk: Uint8Array;
  /** The nodes above the chunk, its own first. */
  readonly #nodes: Uint8Array[];

  /** @param chunk what is there instead of the base's chunk `index` */
  constructor(base: ChunkTree, index: number, chunk: Uint8Array) {
    this.depth = treeDepth(base.count);
    this.#base = base;
    this.#index = index;
    this.#chunk = chunk;
    let node = keccak256(chunk);
    this.#nodes = [node];
    for (let height = 0; height < this.depth; height++) {
      const position = Math.floor(index / 2 ** height);
      const sibling = base.node(height, position % 2 === 0 ? position + 1 : position - 1);
      node = position % 2 === 0 ? keccak256(node, sibling) : keccak256(sibling, node);
      this.#nodes.push(node);
    }
  }

  get root() {
    return toHex(this.node(this.depth, 0));
  }

  node(height: number, index: number): Uint8Array {
    const own = Math.floor(this.#index / 2 ** height) === index ? this.#nodes[height] : undefined;
    return own ?? this.#base.node(height, index);
  }

  chunk(index: number): Uint8Array {
    return index === this.#index ? this.#chunk : this.#base.chunk(index);
  }
}
