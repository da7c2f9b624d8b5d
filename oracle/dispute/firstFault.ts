/** Where an operator's trace first differs from the canonical one. */
import type { ChunkTree } from "../vm/chunkTree.ts";
import { toHex } from "../vm/keccak.ts";
import type { DisputedTrace } from "./disputedTrace.ts";

/** A node of the trace's tree: `index` counts on its level, `height` levels above the leaves. */
export interface Place {
  readonly height: number;
  readonly index: number;
}

/** Whether a node is above a place, or at it. */
export function isAbove(node: Place, place: Place): boolean {
  return node.height >= place.height && node.index === Math.floor(place.index / 2 ** (node.height - place.height));
}

export type Fault =
  /** A chunk of the trace, known to its bytes. */
  | (Place & { readonly type: "chunk"; readonly chunk: Uint8Array })
  /** A node that covers no chunk of the trace. */
  | (Place & { readonly type: "padding" })
  /** A node of which nothing below is known. */
  | (Place & { readonly type: "hidden" });

/**
 * Goes down from the root to the first node that is not the canonical one, as far as the operator's trace is known.
 * Which chunk is the first wrong one is settled by the operator's root: everybody who follows this rule, in whatever
 * session and at whatever time, is on the way to the same one.
 *
 * All nodes on the left of the way are canonical, and both children of each node on the way are known. So every sibling
 * is known that proves the node at the end of the way, or a chunk before it: on the left of the way it is of the canonical
 * tree, on the way it is known, and on the right of it it is the sibling of a node on the way, for its own sibling covers
 * the proved chunk, thus all from there to the way.
 * @returns undefined if the trace is the canonical one
 */
export function firstFault(canonical: ChunkTree, trace: DisputedTrace): Fault | undefined {
  const isWrong = (height: number, index: number) => {
    const node = trace.findNode(height, index);
    return node !== undefined && toHex(node) !== toHex(canonical.node(height, index));
  };
  let [height, index] = [trace.depth, 0];
  if (!isWrong(height, index)) return undefined;
  for (;;) {
    if (index * 2 ** height >= canonical.count) return { type: "padding", height, index };
    if (height === 0) {
      const chunk = trace.findChunk(index);
      return chunk === undefined ? { type: "hidden", height, index } : { type: "chunk", height, index, chunk };
    }
    const areChildrenKnown = [0, 1].every((side) => trace.findNode(height - 1, 2 * index + side) !== undefined);
    if (!areChildrenKnown) return { type: "hidden", height, index };
    height--;
    index = isWrong(height, 2 * index) ? 2 * index : 2 * index + 1;
  }
}
