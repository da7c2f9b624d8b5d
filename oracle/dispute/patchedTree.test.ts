import { expect } from "chai";
import { ChunkTree } from "../vm/chunkTree.ts";
import { toHex } from "../vm/keccak.ts";
import { PatchedTree } from "./patchedTree.ts";

describe("a tree with another end", () => {
  it("is the tree over the bytes with that end", () => {
    for (const [count, first] of [
      [1, 0],
      [2, 1],
      [13, 12],
      [13, 5],
      [16, 15],
      [17, 16],
      [92, 89],
    ] as const) {
      const bytes = Uint8Array.from({ length: count * 256 }, (_, i) => i % 249);
      const end = Uint8Array.from({ length: (count - first) * 256 - 100 }, (_, i) => 7 * i);
      const patched = new PatchedTree(new ChunkTree(bytes), first, end);
      const whole = bytes.slice();
      whole.fill(0, first * 256);
      whole.set(end, first * 256);
      const tree = new ChunkTree(whole);
      for (let height = 0; height <= tree.depth; height++) {
        for (let index = 0; index < 2 ** (tree.depth - height); index++) {
          expect(toHex(patched.node(height, index))).to.equal(toHex(tree.node(height, index)));
        }
      }
      for (let index = 0; index < count; index++) {
        expect(toHex(patched.chunk(index))).to.equal(toHex(tree.chunk(index)));
      }
    }
  });
});
