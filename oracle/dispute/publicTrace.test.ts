import { concatBytes } from "@noble/hashes/utils";
import { expect } from "chai";
import { ChunkTree } from "../vm/chunkTree.ts";
import { toHex } from "../vm/keccak.ts";
import { PublicationError, PublicTrace } from "./publicTrace.ts";

// 9 levels.
const bytes = Uint8Array.from({ length: 300 * 256 }, (_, i) => i % 251);
const tree = new ChunkTree(bytes);
const frontier = (height: number, index: number, levels: number) =>
  Array.from({ length: 2 ** levels }, (_, i) => tree.node(height - levels, index * 2 ** levels + i));
const placed = (height: number, index: number) => ({ height, index, node: toHex(tree.node(height, index)) });

describe("what is public of a trace", () => {
  it("is the root, and all nodes between it and the commitment's", () => {
    const known = new PublicTrace(tree.root, tree.count);
    expect(known.node(9, 0)).to.equal(tree.root);
    expect(known.node(8, 0)).to.equal(undefined);
    known.addCommitment(frontier(9, 0, 6).map(toHex));
    for (const [height, index] of [
      [8, 1],
      [5, 7],
      [3, 63],
    ] as const) {
      expect(known.node(height, index)).to.equal(toHex(tree.node(height, index)));
    }
    expect(known.node(2, 0)).to.equal(undefined);
  });

  it("grows below any node that the chain has seen, and ends with chunks", () => {
    const known = new PublicTrace(tree.root, tree.count);
    known.addRevealed(placed(2, 20), concatBytes(...frontier(2, 20, 2)));
    expect(known.node(1, 41)).to.equal(toHex(tree.node(1, 41)));
    expect(known.node(0, 83)).to.equal(toHex(tree.node(0, 83)));
    known.addRevealed(placed(0, 83), tree.chunk(83));
    expect(toHex(known.chunk(83) ?? new Uint8Array())).to.equal(toHex(tree.chunk(83)));
    expect(known.chunk(82)).to.equal(undefined);
  });

  it("takes nothing that is elsewhere", () => {
    const known = new PublicTrace(tree.root, tree.count);
    const swapped = frontier(9, 0, 6).toReversed().map(toHex);
    expect(() => known.addCommitment(swapped))
      .to.throw(PublicationError)
      .that.includes({ height: 9, index: 0 });
    expect(() => known.addRevealed(placed(0, 83), tree.chunk(84))).to.throw(PublicationError);
    expect(() => known.addRevealed({ ...placed(2, 20), height: 9, index: 0 }, new Uint8Array(64 * 32))).to.throw(
      PublicationError,
    );
  });

  it("is one trace: two nodes are not at one place", () => {
    const known = new PublicTrace(tree.root, tree.count);
    known.addCommitment(frontier(9, 0, 6).map(toHex));
    const other = new ChunkTree(bytes.map((byte) => byte ^ 1));
    const node = toHex(other.node(3, 5));
    const below = Array.from({ length: 8 }, (_, i) => other.node(0, 40 + i));
    expect(() => known.addRevealed({ height: 3, index: 5, node }, concatBytes(...below)))
      .to.throw(PublicationError)
      .that.includes({ height: 3, index: 5 });
  });
});
