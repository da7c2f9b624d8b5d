import { expect } from "chai";
import { Random } from "../../scripts/models/random.ts";
import { runs, seed } from "../../test/budget.ts";
import { bytes } from "../../test/kernels/edges.ts";
import { randomShape, SHAPE_NAMES } from "../../test/kernels/shapes.ts";
import { chunkRoot } from "../vm/chunkTree.ts";
import { runProgram } from "../vm/engine/executor.ts";
import { startTeam } from "./engineTeam.ts";

describe("the engine on several threads", () => {
  it(`gives the same trace whatever their number (seed ${seed})`, async function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    for (let i = 0; i < runs(1, 30); i++) {
      for (const name of SHAPE_NAMES) {
        const { leaves, weights, input } = randomShape(random, name);
        const inputs = [input, bytes(random, input.length)];
        const expected = inputs.map((one) => chunkRoot(runProgram(leaves, weights, one)));
        const members = 2 + random.below(2);
        const { executor, stop } = await startTeam(leaves, weights, input.length, members);
        const roots = inputs.map((one) => {
          executor.run(one);
          return chunkRoot(executor.trace);
        });
        await stop();
        expect(roots, `${name} ${i} on ${members} threads`).to.deep.equal(expected);
      }
    }
  });
});
