// The reference evaluator against the host's own WebAssembly engine, on random kernels.
import { expect } from "chai";
import { toHex } from "../../oracle/vm/keccak.ts";
import { OPCODE_NAMES, type OpcodeName } from "../../oracle/vm/opcodes.ts";
import { evaluateSegment } from "../../oracle/vm/reference.ts";
import { WebAssembly } from "../../oracle/vm/webAssembly.ts";
import { Random } from "../../scripts/models/random.ts";
import { runs, seed } from "../budget.ts";
import { finishFunction, hostKernel, stepFunction } from "./host.ts";
import { randomCase, someRuns, spacesOfCase } from "./random.ts";
import { plainModule } from "./wasmModule.ts";

describe("the reference evaluator", () => {
  it(`gives what the host's WebAssembly gives, over every instruction (seed ${seed})`, function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    const reached = new Set<OpcodeName>();
    for (let i = 0; i < runs(400, 40_000); i++) {
      const kernelCase = randomCase(random);
      const { kernel, step } = kernelCase.valid;
      for (const { op } of [...kernel.step, ...kernel.finish]) reached.add(op);
      expect(WebAssembly.validate(plainModule(finishFunction(kernelCase))), `finish of kernel ${i}`).to.equal(true);
      if (step)
        expect(WebAssembly.validate(plainModule(stepFunction(kernelCase, step))), `step of kernel ${i}`).to.equal(true);
      const host = hostKernel(kernelCase);
      const spaces = spacesOfCase(kernelCase);
      for (const run of someRuns(random, kernelCase)) {
        const actual = toHex(evaluateSegment(kernelCase.valid, spaces, run));
        const where = `kernel ${i}, element ${run.element}, steps ${run.from} to ${run.to}, from ${run.accumulator}`;
        expect(actual, where).to.equal(toHex(host(run)));
      }
    }
    expect(OPCODE_NAMES.filter((name) => !reached.has(name))).to.deep.equal([]);
  });
});
