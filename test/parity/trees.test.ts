import { expect } from "chai";
import fc from "fast-check";
import { CHUNK_BYTES, joinTensors } from "../../oracle/model/tensor.ts";
import {
  type ChunkProof,
  chunkCount,
  chunkProof,
  chunkRoot,
  treeDepth,
  verifyChunk,
} from "../../oracle/vm/chunkTree.ts";
import { fromHex, type Hex, keccak256, toHex } from "../../oracle/vm/keccak.ts";
import { someBytes } from "../../scripts/generate/vectors/chunkTrees.ts";
import type { FormatsHarness } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { formatsHarness, readVectors } from "./harness.ts";

const PROPERTY = { seed, numRuns: runs(100, 5_000) };
const TIMEOUT_MS = runs(60_000, 3_600_000);

describe(`trees: Solidity = TypeScript = vectors (seed ${seed})`, () => {
  let solidity: FormatsHarness;

  before(async () => {
    solidity = await formatsHarness();
  });

  /** Whether Solidity accepts the proof: a refusal is a revert or another root. */
  async function isAccepted(root: Hex, count: number, index: number, proof: ChunkProof): Promise<boolean> {
    try {
      return (await solidity.rootFromPath(proof.chunk, index, count, proof.siblings)) === root;
    } catch (error) {
      expect(error)
        .to.have.property("message")
        .that.matches(/ChunkLengthMismatch|ChunkIndexOutOfRange|ProofLengthMismatch/);
      return false;
    }
  }

  it("roots of the vectors", async () => {
    const { trees, zeros } = readVectors("chunkTrees");
    for (const { length, count, depth, root } of trees) {
      const measured = await solidity.chunkTree(someBytes(length));
      expect([...measured], `${length} bytes`).to.deep.equal([BigInt(count), BigInt(depth), root]);
    }
    for (const { length, root } of zeros) {
      expect((await solidity.chunkTree(new Uint8Array(length))).root, `${length} zeros`).to.equal(root);
    }
  });

  it("proofs of the vectors", async () => {
    for (const { length, count, root, proofs } of readVectors("chunkTrees").trees) {
      for (const { index, siblings } of proofs) {
        const chunk = new Uint8Array(CHUNK_BYTES);
        chunk.set(someBytes(length).subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));
        expect(await solidity.rootFromPath(chunk, index, count, siblings), `${index} of ${count}`).to.equal(root);
      }
    }
  });

  it("refused proofs of the vectors", async () => {
    const { root, proofs } = readVectors("chunkTrees").refused;
    for (const { change, count, index, chunk, siblings } of proofs) {
      const proof = { chunk: fromHex(chunk), siblings };
      expect(await isAccepted(root, count, index, proof), `Solidity: ${change}`).to.equal(false);
      expect(verifyChunk(root, count, index, proof), `TypeScript: ${change}`).to.equal(false);
    }
  });

  it("roots of any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(bytesUpTo(5_000), async (bytes) => {
        const { count, depth, root } = await solidity.chunkTree(bytes);
        expect([Number(count), Number(depth), root]).to.deep.equal([
          chunkCount(bytes.length),
          treeDepth(chunkCount(bytes.length)),
          chunkRoot(bytes),
        ]);
      }),
      { ...PROPERTY, examples: [[new Uint8Array(65_536)], [someBytes(65_535)]] },
    );
  }).timeout(TIMEOUT_MS);

  it("flat forms of any tensors", async () => {
    const lengths = fc.oneof(fc.nat(600), fc.constantFrom(0, 255, 256, 257, 512));
    await fc.assert(
      fc.asyncProperty(fc.array(lengths, { maxLength: 8 }), async (tensorLengths) => {
        const tensors = tensorLengths.map(someBytes);
        expect(await solidity.join(tensors)).to.equal(toHex(joinTensors(tensors)));
      }),
      PROPERTY,
    );
  }).timeout(TIMEOUT_MS);

  it("one verdict on any proof, true or changed", async () => {
    const verdicts = { accepted: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(proofs(), changes(), async ({ bytes, index }, change) => {
        const root = chunkRoot(bytes);
        const count = chunkCount(bytes.length);
        const changed = change({ count, index, ...chunkProof(bytes, index) });
        const verdict = verifyChunk(root, changed.count, changed.index, changed);
        expect(await isAccepted(root, changed.count, changed.index, changed)).to.equal(verdict);
        verdicts[verdict ? "accepted" : "refused"]++;
      }),
      { ...PROPERTY, numRuns: runs(300, 20_000) },
    );
    expect(verdicts.accepted, "accepted").to.be.above(0);
    expect(verdicts.refused, "refused").to.be.above(0);
  }).timeout(TIMEOUT_MS);

  it("roots of kernel trees", async () => {
    for (const { kernelCount, preimage, root, chunks } of readVectors("kernelTrees").roots) {
      const opened = await solidity.openKernelTree(preimage, kernelCount);
      expect([...opened]).to.deep.equal([root, BigInt(chunks)]);
    }
    for (const { reason, kernelCount, preimage } of readVectors("kernelTrees").refused) {
      const opening = solidity.openKernelTree(preimage, kernelCount);
      const refusal = expect(opening, reason).to.be;
      if (reason === "the sum exceeds 64 bits") await refusal.revertedWithPanic(0x11);
      else await refusal.revertedWithCustomError(solidity, "ProgramRootMalformed");
    }
  });
});

interface Claim extends ChunkProof {
  readonly count: number;
  readonly index: number;
}

/** All lengths alike: fast-check prefers short ones, and those are trees of one chunk. */
const bytesUpTo = (maxLength: number) =>
  fc.nat(maxLength).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));

function proofs() {
  return bytesUpTo(4_000)
    .filter((bytes) => bytes.length > 0)
    .chain((bytes) => fc.record({ bytes: fc.constant(bytes), index: fc.nat(chunkCount(bytes.length) - 1) }));
}

/** What a liar may do with a proof, and nothing. */
function changes(): fc.Arbitrary<(claim: Claim) => Claim> {
  const small = fc.nat(20);
  return fc.oneof(
    fc.constant((claim: Claim) => claim),
    small.map((index) => (claim: Claim) => ({ ...claim, index })),
    small.map((count) => (claim: Claim) => ({ ...claim, count })),
    small.map((length) => (claim: Claim) => ({ ...claim, siblings: claim.siblings.slice(0, length) })),
    fc.tuple(small, small).map(([i, j]) => (claim: Claim) => ({ ...claim, siblings: swapped(claim.siblings, i, j) })),
    fc.nat(8 * CHUNK_BYTES - 1).map((bit) => (claim: Claim) => ({ ...claim, chunk: flipped(claim.chunk, bit) })),
    fc.nat(2 * CHUNK_BYTES).map((length) => (claim: Claim) => ({ ...claim, chunk: resized(claim.chunk, length) })),
    // Everything one level up: the node above the chunk, as a chunk or as its preimage.
    fc.boolean().map((isPadded) => (claim: Claim) => raised(claim, isPadded)),
  );
}

function swapped(siblings: readonly Hex[], i: number, j: number): Hex[] {
  const at = (k: number) => siblings[k % siblings.length];
  const result = [...siblings];
  const [first, second] = [at(i), at(j)];
  if (first !== undefined && second !== undefined) {
    result[i % siblings.length] = second;
    result[j % siblings.length] = first;
  }
  return result;
}

const flipped = (chunk: Uint8Array, bit: number) =>
  chunk.map((byte, i) => (i === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte));

function resized(chunk: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length);
  result.set(chunk.subarray(0, length));
  return result;
}

function raised({ chunk, siblings, index, count }: Claim, isPadded: boolean): Claim {
  const [sibling, ...path] = siblings;
  if (sibling === undefined) return { chunk, siblings: [], index, count };
  const pair = [keccak256(chunk), fromHex(sibling)];
  const preimage = Uint8Array.from((index % 2 === 0 ? pair : pair.reverse()).flatMap((node) => [...node]));
  return {
    chunk: isPadded ? resized(preimage, CHUNK_BYTES) : preimage,
    siblings: path,
    index: Math.floor(index / 2),
    count: Math.ceil(count / 2),
  };
}
