import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../test/budget.ts";
import { BadProofError } from "./badProof.ts";
import { ByteReader } from "./byteReader.ts";
import { ChunkIndexError, ChunkTree } from "./chunkTree.ts";
import { toHex } from "./keccak.ts";
import { type Commitment, encodeMultiproof, readMultiproof } from "./multiproof.ts";

const CHUNK = 256;
const someBytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + Math.floor(i / CHUNK)) % 251);

function read(proof: Uint8Array, commitment: Commitment): Map<number, Uint8Array> {
  const reader = new ByteReader(proof, (missing) => new BadProofError(`${missing} bytes are missing`));
  const chunks = readMultiproof(reader, commitment);
  expect(reader.remaining, "bytes after the proof").to.equal(0);
  return chunks;
}

/** Trees of up to 40 chunks with some of their chunks chosen. */
const choices = fc
  .record({
    length: fc.integer({ min: 1, max: 40 * CHUNK }),
    picks: fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
  })
  .map(({ length, picks }) => {
    const tree = new ChunkTree(someBytes(length));
    return { tree, indices: [...new Set(picks.map((pick) => pick % tree.count))] };
  });

describe("multiproofs", () => {
  it("are laid out as documented", () => {
    const tree = new ChunkTree(someBytes(5 * CHUNK));
    const parts = [
      ...["0003", "00000000", "00000001", "00000004"],
      ...[0, 1, 4].map((index) => toHex(tree.chunk(index)).slice(2)),
      "0003",
      // Level 0: the sibling of 4. Level 1: that of 0 (2 and 3 together), then that of 2 (beyond the end).
      ...[tree.node(0, 5), tree.node(1, 1), tree.node(1, 3)].map((node) => toHex(node).slice(2)),
    ];
    expect(toHex(encodeMultiproof(tree, [4, 0, 1, 0]))).to.equal(`0x${parts.join("")}`);
  });

  it(`prove the chunks they were made for (seed ${seed})`, () => {
    fc.assert(
      fc.property(choices, ({ tree, indices }) => {
        const chunks = read(encodeMultiproof(tree, indices), tree);
        expect([...chunks.keys()]).to.deep.equal(indices.toSorted((a, b) => a - b));
        for (const [index, chunk] of chunks) expect(toHex(chunk)).to.equal(toHex(tree.chunk(index)));
      }),
      { seed, numRuns: runs(200, 20_000) },
    );
  });

  it(`a flipped bit, a missing byte, another count: a bad proof (seed ${seed})`, () => {
    fc.assert(
      fc.property(choices, fc.nat(), ({ tree, indices }, choice) => {
        const proof = encodeMultiproof(tree, indices);
        const flipped = proof.slice();
        const at = choice % proof.length;
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (choice % 8));
        expect(() => read(flipped, tree), `bit ${choice % 8} of byte ${at}`).to.throw(BadProofError);
        expect(() => read(proof.subarray(0, at), tree), `${at} bytes`).to.throw(BadProofError);
        const { root, count } = tree;
        expect(() => read(proof, { root, count: 2 * count }), "a deeper tree").to.throw(BadProofError);
        expect(() => read(proof, { root, count: 0 }), "no chunks").to.throw(BadProofError);
      }),
      { seed, numRuns: runs(200, 20_000) },
    );
  });

  it("refuse indices in another order, or twice, and hashes left over", () => {
    const tree = new ChunkTree(someBytes(4 * CHUNK));
    const good = encodeMultiproof(tree, [0, 1]);
    const withIndices = (a: number, b: number) => {
      const proof = good.slice();
      proof[5] = a;
      proof[9] = b;
      return proof;
    };
    expect(() => read(withIndices(1, 0), tree)).to.throw(BadProofError, "index 0 is not above the one before");
    expect(() => read(withIndices(1, 1), tree)).to.throw(BadProofError, "index 1 is not above the one before");
    expect(() => read(withIndices(0, 4), tree)).to.throw(BadProofError, "index 4 is not below 4");
    const longer = Uint8Array.from([...good, ...new Uint8Array(32)]);
    longer[good.length - 33] = 2;
    expect(() => read(longer, tree)).to.throw(BadProofError, "1 hashes left over");
    const shorter = good.slice(0, -32);
    shorter[shorter.length - 1] = 0;
    expect(() => read(shorter, tree)).to.throw(BadProofError, "a hash is missing");
    expect(() => read(Uint8Array.of(0, 0, 0, 0), tree)).to.throw(BadProofError, "no chunk");
  });

  it("are not made for nothing, nor for what is not there", () => {
    const tree = new ChunkTree(someBytes(4 * CHUNK));
    expect(() => encodeMultiproof(tree, [])).to.throw(RangeError, "0 chunks");
    expect(() => encodeMultiproof(tree, [4])).to.throw(ChunkIndexError);
  });
});
