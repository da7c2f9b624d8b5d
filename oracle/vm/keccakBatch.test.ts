import { expect } from "chai";
import { Random } from "../../scripts/models/random.ts";
import { bytes } from "../../test/kernels/edges.ts";
import { ChunkTree } from "./chunkTree.ts";
import { keccakEach, toHex } from "./keccak.ts";
import { createHashEach } from "./keccakBatch.ts";

describe("keccak256 in batches", () => {
  const hashEach = createHashEach();
  const random = new Random(1n);

  it("hashes what the other implementation hashes, whatever the length and number of messages", () => {
    // A block is 136 bytes: lengths around its multiples, and those of trees.
    for (const messageBytes of [8, 64, 128, 136, 144, 256, 264, 272, 280, 1024]) {
      for (const count of [0, 1, 2, 3, 17]) {
        const messages = bytes(random, messageBytes * count);
        const where = `${count} messages of ${messageBytes} bytes`;
        expect(toHex(hashEach(messages, messageBytes)), where).to.equal(toHex(keccakEach(messages, messageBytes)));
      }
    }
  });

  it("hashes more messages than its memory holds", () => {
    for (const [messageBytes, count] of [
      [256, 3001],
      [8, 5001],
    ] as const) {
      const messages = bytes(random, messageBytes * count);
      expect(toHex(hashEach(messages, messageBytes))).to.equal(toHex(keccakEach(messages, messageBytes)));
    }
  });

  it("makes the trees that the other implementation makes", () => {
    for (const length of [0, 1, 255, 256, 257, 5000, 256 * 1025 + 3]) {
      const content = bytes(random, length);
      expect(new ChunkTree(content, hashEach).root, `${length} bytes`).to.equal(new ChunkTree(content).root);
    }
  });

  it("refuses messages that are not whole", () => {
    for (const [length, messageBytes] of [
      [255, 256],
      [12, 12],
      [8, 0],
      [2 ** 20, 2 ** 20],
    ] as const) {
      expect(() => hashEach(new Uint8Array(length), messageBytes), `${length} by ${messageBytes}`).to.throw(
        RangeError,
        `${length} bytes are not messages of ${messageBytes} bytes`,
      );
    }
  });
});
