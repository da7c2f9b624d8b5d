/** The operator's trace, as far as it is known: what it published, and what follows from that. */
import type { ProvingTree } from "../vm/chunkTree.ts";
import { fromHex, type Hex, toHex } from "../vm/keccak.ts";
import type { PublicTrace } from "./publicTrace.ts";
import type { ChunkProof } from "./session.ts";

/** A node or a chunk is needed that the operator has kept to itself. */
export class UnknownNodeError extends Error {
  readonly height: number;
  readonly index: number;

  constructor(height: number, index: number) {
    super(`node ${index} at height ${height} is not public`);
    this.name = "UnknownNodeError";
    this.height = height;
    this.index = index;
  }
}

/**
 * A tree that proves chunks under the operator's root. Whoever knows a whole tree, and finds one of its nodes at the same
 * place among the public ones, knows all that is below: two trees with one hash would break keccak256. The challenger
 * knows the canonical tree, and the one that ends with the asserted output.
 */
export class DisputedTrace implements ProvingTree {
  readonly depth: number;
  readonly #public: PublicTrace;
  readonly #guesses: readonly ProvingTree[];

  constructor(published: PublicTrace, guesses: readonly ProvingTree[]) {
    this.depth = published.depth;
    this.#public = published;
    this.#guesses = guesses;
  }

  /** Throws {@link UnknownNodeError}. */
  node(height: number, index: number): Uint8Array {
    const node = this.findNode(height, index);
    if (node === undefined) throw new UnknownNodeError(height, index);
    return node;
  }

  /** A copy or a view. Throws {@link UnknownNodeError}. */
  chunk(index: number): Uint8Array {
    const chunk = this.findChunk(index);
    if (chunk === undefined) throw new UnknownNodeError(0, index);
    return chunk;
  }

  findNode(height: number, index: number): Uint8Array | undefined {
    const published = this.#public.node(height, index);
    return published === undefined ? this.#guessAt(height, index)?.node(height, index) : fromHex(published);
  }

  /** @param index below T */
  findChunk(index: number): Uint8Array | undefined {
    return this.#public.chunk(index) ?? this.#guessAt(0, index)?.chunk(index);
  }

  /** The siblings from a node up to the one at height `top` above it. Throws {@link UnknownNodeError}. */
  path(height: number, index: number, top = this.depth): Hex[] {
    return Array.from({ length: top - height }, (_, i) =>
      toHex(this.node(height + i, siblingOf(Math.floor(index / 2 ** i)))),
    );
  }

  /** Proves a chunk, to the root or to its node at height `top`. Throws {@link UnknownNodeError}. */
  proof(index: number, top = this.depth): ChunkProof {
    return { index, chunk: this.chunk(index), path: this.path(0, index, top) };
  }

  /** A guess that has the public node next above (or at) a place. If one of them has a node higher up, it has this one. */
  #guessAt(height: number, index: number): ProvingTree | undefined {
    for (let above = height; above <= this.depth; above++) {
      const position = Math.floor(index / 2 ** (above - height));
      const published = this.#public.node(above, position);
      if (published !== undefined) {
        return this.#guesses.find((guess) => toHex(guess.node(above, position)) === published);
      }
    }
    return undefined;
  }
}

const siblingOf = (position: number) => (position % 2 === 0 ? position + 1 : position - 1);
