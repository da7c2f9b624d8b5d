// That the vectors are up to date is tested in test/parity; here, that what they call bad is refused.
import { expect } from "chai";
import { BadProofError } from "../../oracle/vm/badProof.ts";
import { ByteReader } from "../../oracle/vm/byteReader.ts";
import { fromHex, type Hex, toHex } from "../../oracle/vm/keccak.ts";
import { verifyKernel } from "../../oracle/vm/kernelTree.ts";
import { readMultiproof } from "../../oracle/vm/multiproof.ts";
import { evaluateSegment } from "../../oracle/vm/reference.ts";
import { MissingChunkError, witnessSpace } from "../../oracle/vm/spaces.ts";
import { validate } from "../../oracle/vm/validate.ts";
import { decodeValue } from "../../oracle/vm/value.ts";
import { decodeWitness } from "../../oracle/vm/witness.ts";
import { multiproofVectors } from "../../scripts/generate/vectors/kernels/multiproofs.ts";
import { programVectors } from "../../scripts/generate/vectors/kernels/programs.ts";
import { witnessVectors } from "../../scripts/generate/vectors/kernels/witnesses.ts";

describe("vectors of kernels", () => {
  it("paths in the kernel tree", () => {
    const { programs, refused } = programVectors();
    for (const program of programs) {
      for (const [k, { chunks, descriptor, path, firstChunk }] of program.kernels.entries()) {
        const leaf = { chunks, descriptor: fromHex(descriptor) };
        expect(verifyKernel(program, k, leaf, fromHex(path))).to.equal(firstChunk);
      }
    }
    const verify = (path: typeof refused.good) =>
      verifyKernel(path, path.k, { ...path, descriptor: fromHex(path.descriptor) }, fromHex(path.path));
    expect(verify(refused.good)).to.equal(0n);
    for (const bad of refused.bad) expect(verify(bad), bad.change).to.equal(undefined);
  });

  it("multiproofs", () => {
    const { proofs, refused } = multiproofVectors();
    const read = ({ root, count, proof }: { root: Hex; count: number; proof: Hex }) => {
      const reader = new ByteReader(fromHex(proof), (missing) => new BadProofError(`${missing} bytes are missing`));
      return readMultiproof(reader, { root, count });
    };
    for (const proof of proofs) expect([...read(proof).keys()]).to.deep.equal(proof.indices);
    for (const proof of refused.bad) expect(() => read(proof), proof.reason).to.throw(BadProofError);
  });

  it("witnesses", () => {
    for (const { chunks, descriptor, firstChunk, spaces, run, witness, result, ...refused } of witnessVectors()) {
      const [trace, weights, input] = spaces.map(({ root, chunks: count }) => ({ root, count }));
      const { valid } = validate(fromHex(descriptor), chunks);
      if (!(valid && trace && weights && input)) throw new Error("a vector of something else");
      const { accumulator } = valid.kernel;
      const start = accumulator === "none" ? 0n : decodeValue(accumulator, fromHex(run.accumulator));
      const runOn = (bytes: Hex) => {
        const known = decodeWitness(fromHex(bytes), { trace, weights, input });
        const proven = {
          trace: witnessSpace("trace", known.trace, BigInt(firstChunk)),
          weights: witnessSpace("weights", known.weights, BigInt(weights.count)),
          input: witnessSpace("input", known.input, BigInt(input.count)),
        };
        return toHex(evaluateSegment(valid, proven, { ...run, accumulator: start ?? Number.NaN }));
      };
      expect(runOn(witness)).to.equal(result);
      for (const { witness: bytes, space, chunk } of refused.missingChunk) {
        expect(() => runOn(bytes))
          .to.throw(MissingChunkError)
          .that.includes({ space, index: chunk });
      }
      for (const { witness: bytes, reason } of refused.badProof) {
        expect(() => runOn(bytes), reason).to.throw(BadProofError);
      }
    }
  });
});
