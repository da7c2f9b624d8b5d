// The engine against the reference evaluator, on random kernels and programs.
import { expect } from "chai";
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import { Executor } from "../../oracle/vm/engine/executor.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import { evaluateKernel, evaluateSegment } from "../../oracle/vm/reference.ts";
import { Random } from "../../scripts/models/random.ts";
import { runs, seed } from "../budget.ts";
import { type KernelCase, randomCase, someRuns, spacesOfCase } from "./random.ts";

/** The kernel of a case at its place: a malformed kernel before it takes the chunks that it can load from. */
function executorOf({ leaf, firstChunk, weights, input }: KernelCase): Executor {
  const before: KernelLeaf = { chunks: BigInt(firstChunk), descriptor: new Uint8Array() };
  return new Executor([before, leaf], weights, input.length);
}

describe("the engine", () => {
  it(`gives what the reference evaluator gives on random kernels (seed ${seed})`, function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    for (let i = 0; i < runs(80, 40_000); i++) {
      const kernelCase = randomCase(random);
      const { valid, firstChunk, trace, input } = kernelCase;
      const spaces = spacesOfCase(kernelCase);
      const executor = executorOf(kernelCase);
      executor.trace.set(trace.subarray(0, firstChunk * CHUNK_BYTES));
      executor.run(input);
      for (const run of someRuns(random, kernelCase)) {
        const where = `kernel ${i}, element ${run.element}, steps ${run.from} to ${run.to}, from ${run.accumulator}`;
        expect(toHex(executor.segment(1, run)), where).to.equal(toHex(evaluateSegment(valid, spaces, run)));
      }
      const expected = evaluateKernel(valid, spaces);
      const actual = executor.trace.subarray(firstChunk * CHUNK_BYTES);
      expect(toHex(actual.subarray(0, expected.length)), `kernel ${i}`).to.equal(toHex(expected));
      expect(
        actual.subarray(expected.length).some((byte) => byte !== 0),
        `kernel ${i}`,
      ).to.equal(false);
    }
  });
});
