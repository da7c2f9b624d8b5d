import { expect } from "chai";
import { Board } from "../../test/dispute/board.ts";
import { LONG, MALFORMED, toy, WINDOWS } from "../../test/dispute/toyPrograms.ts";
import { verifyKernel } from "../vm/kernelTree.ts";
import { rootsOf } from "../vm/programRoots.ts";

describe("a program's run", () => {
  const { execution } = new Board(toy());
  const { roots } = rootsOf(execution.program);

  it("knows the kernel of every chunk, and proves it", () => {
    const places = [0, WINDOWS - 1, WINDOWS + 1, LONG].map((chunk) => execution.kernelOf(chunk));
    expect(places.map(({ number, firstChunk }) => [number, firstChunk])).to.deep.equal([
      [0, 0],
      [1, MALFORMED],
      [2, WINDOWS],
      [3, LONG],
    ]);
    expect(places.map(({ valid }) => valid?.steps)).to.deep.equal([0, undefined, 10, 5_000]);
    for (const place of places) {
      const { kernel, chunks, descriptor, path } = execution.proofOf(place);
      expect(verifyKernel(roots, kernel, { chunks, descriptor }, path)).to.equal(BigInt(place.firstChunk));
    }
    expect(() => execution.kernelOf(execution.program.traceChunks)).to.throw(RangeError);
  });

  it("lets a kernel load from the trace before it, and from all weights and input", () => {
    const { trace, weights, input } = execution.spacesOf(execution.kernelOf(LONG));
    expect([trace.limit, weights.limit, input.limit]).to.deep.equal([BigInt(LONG), 21n, 2n]);
    expect(trace.chunk(3)).to.deep.equal(execution.trees.trace.chunk(3));
  });
});
