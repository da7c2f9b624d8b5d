/** What an operator has published of the trace that it is bound to: nodes and chunks, each hashed up to the root. */
import { treeDepth } from "../vm/chunkTree.ts";
import { fromHex, type Hex, keccak256, toHex } from "../vm/keccak.ts";
import { FRONTIER_LEVELS } from "./rules.ts";
import type { Session } from "./session.ts";

const NODE_BYTES = 32;

/** A node and its place, as a session states it. */
type PlacedNode = Pick<Session, "height" | "index" | "node">;

/** Something published does not belong where it is said to. The chain refuses that: whoever reports it is mistaken. */
export class PublicationError extends Error {
  readonly height: number;
  readonly index: number;

  constructor(height: number, index: number, expected: Hex, given: Hex) {
    super(`node ${index} at height ${height} is ${expected}, not ${given}`);
    this.name = "PublicationError";
    this.height = height;
    this.index = index;
  }
}

export class PublicTrace {
  readonly root: Hex;
  readonly depth: number;
  readonly #nodes: Map<number, Hex>[];
  readonly #chunks = new Map<number, Uint8Array>();

  /** @param chunks T */
  constructor(root: Hex, chunks: number) {
    this.root = root;
    this.depth = treeDepth(chunks);
    this.#nodes = Array.from({ length: this.depth + 1 }, () => new Map());
    this.#add({ height: this.depth, index: 0, node: root });
  }

  node(height: number, index: number): Hex | undefined {
    return this.#nodes[height]?.get(index);
  }

  chunk(index: number): Uint8Array | undefined {
    return this.#chunks.get(index);
  }

  /** What a `Committed` event says. Throws {@link PublicationError}. */
  addCommitment(nodes: readonly Hex[]): void {
    this.#addFrontier({ height: this.depth, index: 0, node: this.root }, nodes);
  }

  /**
   * What a `Revealed` event says. That the session's node is a node of this trace is the chain's word: who picked it
   * may have proved that by siblings which are in no event. Throws {@link PublicationError}.
   */
  addRevealed(at: PlacedNode, data: Uint8Array): void {
    if (at.height > 0) return this.#addFrontier(at, nodesOf(data));
    this.#addChecked(at, toHex(keccak256(data)));
    this.#chunks.set(at.index, data);
  }

  /** With all nodes between the frontier and its node. */
  #addFrontier(at: PlacedNode, frontier: readonly Hex[]): void {
    const bottom = at.height - Math.min(FRONTIER_LEVELS, at.height);
    const levels = [frontier];
    for (let nodes = frontier; nodes.length > 1; levels.push(nodes)) nodes = parentsOf(nodes);
    this.#addChecked(at, levels.at(-1)?.[0] ?? at.node);
    for (const [i, nodes] of levels.entries()) {
      const height = bottom + i;
      const first = at.index * 2 ** (at.height - height);
      for (const [j, node] of nodes.entries()) this.#add({ height, index: first + j, node });
    }
  }

  #addChecked(at: PlacedNode, given: Hex): void {
    if (given !== at.node) throw new PublicationError(at.height, at.index, at.node, given);
    this.#add(at);
  }

  #add({ height, index, node }: PlacedNode): void {
    const known = this.node(height, index);
    if (known !== undefined && known !== node) throw new PublicationError(height, index, known, node);
    this.#nodes[height]?.set(index, node);
  }
}

/** The nodes that `data` lists. */
function nodesOf(data: Uint8Array): Hex[] {
  return Array.from({ length: data.length / NODE_BYTES }, (_, i) =>
    toHex(data.subarray(i * NODE_BYTES, (i + 1) * NODE_BYTES)),
  );
}

function parentsOf(nodes: readonly Hex[]): Hex[] {
  return Array.from({ length: nodes.length / 2 }, (_, i) => {
    const pair = nodes.slice(2 * i, 2 * i + 2).map(fromHex);
    return toHex(keccak256(...pair));
  });
}
