// Multiproofs, paths in the kernel tree and frontiers: who accepts them, on chain and off.
import { expect } from "chai";
import { network } from "hardhat";
import { BadProofError } from "../../oracle/vm/badProof.ts";
import { ByteReader } from "../../oracle/vm/byteReader.ts";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import { fromHex, type Hex, toHex } from "../../oracle/vm/keccak.ts";
import { verifyKernel } from "../../oracle/vm/kernelTree.ts";
import { encodeMultiproof, readMultiproof } from "../../oracle/vm/multiproof.ts";
import { multiproofVectors } from "../../scripts/generate/vectors/kernels/multiproofs.ts";
import { programVectors } from "../../scripts/generate/vectors/kernels/programs.ts";
import { Random } from "../../scripts/models/random.ts";
import type { TreesHarness } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { bytes, oneOf } from "../kernels/edges.ts";

const TREES = runs(100, 20_000);
const TIMEOUT_MS = runs(60_000, 3_600_000);

describe(`proofs: Solidity = TypeScript (seed ${seed})`, () => {
  let solidity: TreesHarness;

  before(async () => {
    const { ethers } = await network.getOrCreate();
    solidity = await ethers.deployContract("TreesHarness");
  });

  /** A refusal is a revert of the tree's own, or another root. */
  async function refusedBy(errors: RegExp, root: Hex, given: Promise<{ root: string }>): Promise<boolean> {
    try {
      return (await given).root !== root;
    } catch (error) {
      expect(error).to.have.property("message").that.matches(errors);
      return true;
    }
  }

  const MULTIPROOF_ERRORS =
    /MultiproofTruncated|MultiproofIndexOutOfOrder|MultiproofSiblingsMismatch|ChunkIndexOutOfRange/;

  it("multiproofs of the vectors", async () => {
    for (const { root, count, indices, proof } of multiproofVectors().proofs) {
      const given = await solidity.rootFromMultiproof(proof, count);
      expect([...given]).to.deep.equal([root, BigInt(indices.length), BigInt(fromHex(proof).length)]);
    }
  });

  for (const { reason, root, count, proof } of multiproofVectors().refused.bad) {
    it(`no multiproof: ${reason}`, async () => {
      expect(await refusedBy(MULTIPROOF_ERRORS, root, solidity.rootFromMultiproof(proof, count))).to.equal(true);
    });
  }

  it("random multiproofs, whole and broken", async () => {
    const random = new Random(BigInt(seed));
    const outcomes = { accepted: 0, refused: 0 };
    for (let i = 0; i < TREES; i++) {
      const tree = new ChunkTree(bytes(random, 1 + random.below(20 * 256)));
      const indices = Array.from({ length: 1 + random.below(8) }, () => random.below(tree.count));
      const proof = encodeMultiproof(tree, indices);
      const broken = proof.slice();
      if (random.below(2) === 1) broken[random.below(broken.length)] = oneOf(random, [0, 1, 2, 0xff]);
      const isRefused = await refusedBy(MULTIPROOF_ERRORS, tree.root, solidity.rootFromMultiproof(broken, tree.count));
      expect(isRefused, toHex(broken)).to.equal(isBad(broken, tree));
      outcomes[isRefused ? "refused" : "accepted"]++;
    }
    expect(outcomes.accepted).to.be.greaterThan(10);
    expect(outcomes.refused).to.be.greaterThan(10);
  }).timeout(TIMEOUT_MS);

  it("paths in the kernel tree", async () => {
    for (const { kernelRoot, kernelCount, traceChunks, kernels } of programVectors().programs) {
      for (const [k, { chunks, descriptor, path, firstChunk }] of kernels.entries()) {
        const given = await solidity.rootFromKernelPath(chunks, descriptor, k, kernelCount, path);
        expect([...given]).to.deep.equal([kernelRoot, traceChunks, firstChunk]);
      }
    }
  });

  for (const { change, kernelRoot, kernelCount, traceChunks, k, chunks, descriptor, path } of programVectors().refused
    .bad) {
    it(`no path in the kernel tree: ${change}`, async () => {
      const leaf = { chunks, descriptor: fromHex(descriptor) };
      expect(verifyKernel({ kernelRoot, kernelCount, traceChunks }, k, leaf, fromHex(path))).to.equal(undefined);
      const given = solidity.rootFromKernelPath(chunks, descriptor, k, kernelCount, path).then(({ root, sum }) => ({
        root: sum === traceChunks ? root : "another sum",
      }));
      expect(await refusedBy(/KernelOutOfRange|KernelPathLengthMismatch|0x11/, kernelRoot, given)).to.equal(true);
    });
  }

  it("frontiers", async () => {
    const tree = new ChunkTree(bytes(new Random(BigInt(seed)), 64 * 256));
    for (let level = 0; level <= 6; level++) {
      const nodes = Array.from({ length: 64 >> level }, (_, i) => tree.node(level, i));
      expect(await solidity.rootFromFrontier(nodes)).to.equal(tree.root);
    }
    for (const length of [0, 3, 63, 65, 128]) {
      const nodes = Array.from({ length }, () => new Uint8Array(32));
      await expect(solidity.rootFromFrontier(nodes)).to.be.revertedWithCustomError(solidity, "FrontierLengthMismatch");
    }
  });
});

function isBad(proof: Uint8Array, { root, count }: ChunkTree): boolean {
  const reader = new ByteReader(proof, (missing) => new BadProofError(`${missing} bytes are missing`));
  try {
    readMultiproof(reader, { root, count });
    return false;
  } catch (error) {
    if (!(error instanceof BadProofError)) throw error;
    return true;
  }
}
