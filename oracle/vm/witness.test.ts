import { expect } from "chai";
import { Random } from "../../scripts/models/random.ts";
import { runs, seed } from "../../test/budget.ts";
import { randomCase, spacesOfCase } from "../../test/kernels/random.ts";
import { BadProofError } from "./badProof.ts";
import { ChunkTree } from "./chunkTree.ts";
import { SPACES } from "./descriptor.ts";
import { toHex } from "./keccak.ts";
import { evaluateSegment, touchedChunks } from "./reference.ts";
import { MissingChunkError, witnessSpace } from "./spaces.ts";
import { decodeWitness, encodeWitness } from "./witness.ts";

const NOTHING = { trace: new Set<number>(), weights: new Set<number>(), input: new Set<number>() };
const bytes = new Uint8Array(700).fill(1);
const trees = { trace: new ChunkTree(bytes), weights: new ChunkTree(bytes), input: new ChunkTree(new Uint8Array(0)) };

describe("witnesses", () => {
  it("have one section per space, present or not", () => {
    expect(toHex(encodeWitness(trees, NOTHING))).to.equal("0x000000");
    const witness = encodeWitness(trees, { ...NOTHING, weights: new Set([2]) });
    expect(toHex(witness.subarray(0, 8))).to.equal("0x0001000100000002");
    expect(witness.at(-1)).to.equal(0);
    const { trace, weights, input } = decodeWitness(witness, trees);
    expect([trace.size, weights.size, input.size]).to.deep.equal([0, 1, 0]);
    expect(toHex(weights.get(2) ?? new Uint8Array())).to.equal(toHex(trees.weights.chunk(2)));
  });

  it("are bad proofs if they are anything else", () => {
    const decode = (...witness: number[]) => decodeWitness(Uint8Array.from(witness), trees);
    expect(() => decode()).to.throw(BadProofError, "1 bytes are missing");
    expect(() => decode(0, 0)).to.throw(BadProofError, "1 bytes are missing");
    expect(() => decode(0, 2, 0)).to.throw(BadProofError, "a section begins with 2");
    expect(() => decode(0, 0, 0, 0)).to.throw(BadProofError, "1 bytes after the witness");
    const ofTrace = encodeWitness(trees, { ...NOTHING, trace: new Set([1]) });
    const empty = { ...trees, trace: trees.input };
    expect(() => decodeWitness(ofTrace, empty)).to.throw(BadProofError, "index 1 is not below 0");
  });

  it(`hold all that a run loads, and no chunk less would do (seed ${seed})`, function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    let missed = 0;
    for (let i = 0; i < runs(150, 10_000); i++) {
      const kernelCase = randomCase(random);
      const { valid, firstChunk } = kernelCase;
      const spaces = spacesOfCase(kernelCase);
      const from = random.below(valid.steps + 1);
      const run = { element: random.below(valid.elements), from, to: valid.steps, accumulator: valid.kernel.init };
      const touched = touchedChunks(valid, spaces, run);
      const { trace, weights, input } = kernelCase;
      const own = { trace: new ChunkTree(trace), weights: new ChunkTree(weights), input: new ChunkTree(input) };
      const known = decodeWitness(encodeWitness(own, touched), own);
      const limits = { trace: BigInt(firstChunk), weights: spaces.weights.limit, input: spaces.input.limit };
      const proven = {
        trace: witnessSpace("trace", known.trace, limits.trace),
        weights: witnessSpace("weights", known.weights, limits.weights),
        input: witnessSpace("input", known.input, limits.input),
      };
      expect(toHex(evaluateSegment(valid, proven, run))).to.equal(toHex(evaluateSegment(valid, spaces, run)));
      for (const space of SPACES) {
        for (const index of touched[space]) {
          const others = new Map([...known[space]].filter(([other]) => other !== index));
          const without = { ...proven, [space]: witnessSpace(space, others, limits[space]) };
          expect(() => evaluateSegment(valid, without, run))
            .to.throw(MissingChunkError)
            .that.includes({ space, index });
          missed++;
        }
      }
    }
    expect(missed).to.be.greaterThan(50);
  });
});
