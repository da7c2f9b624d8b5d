// A trace as an operator may have it: any bytes, also behind the program's chunks, and nodes that hash nothing.
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import { treeDepth } from "../../oracle/vm/chunkTree.ts";
import { type Hex, keccak256, toHex } from "../../oracle/vm/keccak.ts";

export interface Place {
  readonly height: number;
  readonly index: number;
}

export class OperatorTrace {
  readonly depth: number;
  readonly bytes: Uint8Array;
  readonly #levels: Uint8Array[][];
  readonly #garbage: readonly Place[];

  /**
   * @param bytes of all 2^depth chunks
   * @param garbage nodes that are not the hash of anything
   */
  constructor(bytes: Uint8Array, garbage: readonly Place[] = []) {
    this.bytes = bytes;
    this.depth = treeDepth(bytes.length / CHUNK_BYTES);
    this.#garbage = garbage;
    const leaves = Array.from({ length: 2 ** this.depth }, (_, i) => keccak256(this.chunk(i)));
    this.#levels = [this.#spoil(leaves, 0)];
    for (let height = 1; height <= this.depth; height++) {
      const below = this.#levels[height - 1] ?? [];
      const nodes = Array.from({ length: below.length / 2 }, (_, i) => keccak256(...below.slice(2 * i, 2 * i + 2)));
      this.#levels.push(this.#spoil(nodes, height));
    }
  }

  get root(): Hex {
    return toHex(this.node(this.depth, 0));
  }

  node(height: number, index: number): Uint8Array {
    const node = this.#levels[height]?.[index];
    if (node === undefined) throw new RangeError(`there is no node ${index} at height ${height}`);
    return node;
  }

  chunk(index: number): Uint8Array {
    return this.bytes.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
  }

  #spoil(nodes: Uint8Array[], height: number): Uint8Array[] {
    for (const { height: level, index } of this.#garbage) {
      if (level === height) nodes[index] = keccak256(Uint8Array.of(level, index));
    }
    return nodes;
  }
}
