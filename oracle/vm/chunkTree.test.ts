import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../test/budget.ts";
import { CHUNK_BYTES } from "../model/tensor.ts";
import {
  ChunkIndexError,
  type ChunkProof,
  ChunkTree,
  chunkCount,
  chunkProof,
  chunkRoot,
  treeDepth,
  verifyChunk,
} from "./chunkTree.ts";
import { fromHex, type Hex, keccak256, keccakEach, toHex } from "./keccak.ts";

const leaf = (bytes: Uint8Array) => {
  const chunk = new Uint8Array(CHUNK_BYTES);
  chunk.set(bytes);
  return keccak256(chunk);
};
const someBytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + 1) % 251);

describe("keccak256", () => {
  it("gives the published digests", () => {
    const ascii = (text: string) => new TextEncoder().encode(text);
    expect(toHex(keccak256())).to.equal("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    expect(toHex(keccak256(ascii("abc")))).to.equal(
      "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
    );
    expect(toHex(keccak256(ascii("hel"), ascii("lo")))).to.equal(
      "0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8",
    );
    // Ethereum's empty account trie keeps the same number: keccak256(rlp("")) = keccak256(0x80).
    expect(toHex(keccak256(Uint8Array.of(0x80)))).to.equal(
      "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    );
  });
});

describe("chunk trees", () => {
  it("count and depth follow from the length", () => {
    const cases = [
      [0, 0, 0],
      [1, 1, 0],
      [256, 1, 0],
      [257, 2, 1],
      [512, 2, 1],
      [513, 3, 2],
      [1024, 4, 2],
      [1025, 5, 3],
      [65_536, 256, 8],
    ] as const;
    for (const [length, count, depth] of cases) {
      expect(chunkCount(length), `chunks of ${length} bytes`).to.equal(count);
      expect(treeDepth(count), `depth of ${count} chunks`).to.equal(depth);
    }
  });

  it("no chunks have the zero root, one chunk is its own root", () => {
    expect(chunkRoot(new Uint8Array(0))).to.equal(`0x${"00".repeat(32)}`);
    expect(chunkRoot(someBytes(3))).to.equal(toHex(leaf(someBytes(3))));
  });

  it("an odd level is completed with empty subtrees", () => {
    const bytes = someBytes(5 * CHUNK_BYTES);
    const at = (i: number) => leaf(bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
    const empty = leaf(new Uint8Array(0));
    const left = keccak256(keccak256(at(0), at(1)), keccak256(at(2), at(3)));
    const right = keccak256(keccak256(at(4), empty), keccak256(empty, empty));
    expect(chunkRoot(bytes)).to.equal(toHex(keccak256(left, right)));
  });

  it("every chunk has a proof, and it proves that chunk at that place of that tree only", () => {
    for (const count of [1, 2, 3, 4, 5, 7, 8, 9]) {
      const bytes = someBytes(count * CHUNK_BYTES - 1);
      const root = chunkRoot(bytes);
      for (let index = 0; index < count; index++) {
        const proof = chunkProof(bytes, index);
        expect(verifyChunk(root, count, index, proof), `${index} of ${count}`).to.equal(true);
        for (let other = 0; other < 2 * count; other++) {
          if (other !== index) expect(verifyChunk(root, count, other, proof), `${index} as ${other}`).to.equal(false);
        }
        expect(verifyChunk(root, 2 * count, index, proof), "in a deeper tree").to.equal(false);
      }
    }
  });

  it("there is no proof beyond the last chunk", () => {
    for (const index of [-1, 0.5, 2]) {
      expect(() => chunkProof(someBytes(257), index))
        .to.throw(ChunkIndexError)
        .that.includes({ index, count: 2 });
    }
  });

  it("keeps every node, and knows the missing ones", () => {
    const bytes = someBytes(5 * CHUNK_BYTES - 3);
    const tree = new ChunkTree(bytes);
    expect([tree.count, tree.depth]).to.deep.equal([5, 3]);
    for (let level = 0; level < tree.depth; level++) {
      for (let position = 0; position < 2 ** (tree.depth - level - 1); position++) {
        const children = [tree.node(level, 2 * position), tree.node(level, 2 * position + 1)];
        expect(toHex(keccak256(...children))).to.equal(toHex(tree.node(level + 1, position)));
      }
    }
    expect(toHex(tree.node(0, 7))).to.equal(toHex(leaf(new Uint8Array(0))));
    for (const [level, position] of [
      [0, 8],
      [3, 1],
      [4, 0],
      [0, -1],
      [1, 0.5],
    ] as const) {
      expect(() => tree.node(level, position)).to.throw(RangeError, `no node ${position} on level ${level} of 3`);
    }
  });

  it("hashes by the means it is given, a level at a time", () => {
    const calls: [number, number][] = [];
    const bytes = someBytes(5 * CHUNK_BYTES - 3);
    const tree = new ChunkTree(bytes, (messages, messageBytes) => {
      calls.push([messages.length / messageBytes, messageBytes]);
      return keccakEach(messages, messageBytes);
    });
    expect(tree.root).to.equal(chunkRoot(bytes));
    // The last chunk is padded apart, so that the others are hashed where they lie.
    expect(calls).to.deep.equal([
      [4, 256],
      [3, 64],
      [2, 64],
      [1, 64],
    ]);
  });

  it("refuses a proof that was changed in any way", () => {
    const bytes = someBytes(6 * CHUNK_BYTES);
    const root = chunkRoot(bytes);
    const proof = chunkProof(bytes, 5);
    const [first, second, third] = proof.siblings as [Hex, Hex, Hex];
    const changed: Record<string, ChunkProof> = {
      "a shorter path": { ...proof, siblings: [first, second] },
      "a longer path": { ...proof, siblings: [first, second, third, third] },
      "swapped siblings": { ...proof, siblings: [second, first, third] },
      "a sibling that is longer than a node": { ...proof, siblings: [first, second, `${third}00`] },
      "a shorter chunk": { ...proof, chunk: proof.chunk.subarray(0, 255) },
      "a longer chunk": { ...proof, chunk: new Uint8Array([...proof.chunk, 0]) },
      "an inner node as leaf": {
        chunk: new Uint8Array([...leaf(proof.chunk), ...fromHex(first)]),
        siblings: [second, third],
      },
    };
    for (const [change, other] of Object.entries(changed)) {
      expect(verifyChunk(root, 6, 5, other), change).to.equal(false);
    }
  });

  it(`one flipped bit is another root (seed ${seed})`, () => {
    const withOneBit = fc
      .uint8Array({ minLength: 1, maxLength: 1500 })
      .chain((bytes) => fc.record({ bytes: fc.constant(bytes), bit: fc.nat(bytes.length * 8 - 1) }));
    fc.assert(
      fc.property(withOneBit, ({ bytes, bit }) => {
        const flipped = Uint8Array.from(bytes);
        const at = Math.floor(bit / 8);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8));
        expect(chunkRoot(flipped)).to.not.equal(chunkRoot(bytes));
      }),
      { seed, numRuns: runs(200, 20_000) },
    );
  });
});
