// TensorVM against the reference evaluator. Both are written from docs/kernels.md, neither from the other.
import { expect } from "chai";
import { toHex } from "../../oracle/vm/keccak.ts";
import { evaluateSegment, type Run } from "../../oracle/vm/reference.ts";
import { validate } from "../../oracle/vm/validate.ts";
import { Random } from "../../scripts/models/random.ts";
import type { TensorVM } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { mutatedLeaf } from "../kernels/mutate.ts";
import { type KernelCase, randomCase, someRuns, spacesOfCase } from "../kernels/random.ts";
import { deployMachine, inspect, runArguments } from "./machine.ts";

const KERNELS = runs(200, 20_000);
const MUTATIONS = runs(1_000, 200_000);
const TIMEOUT_MS = runs(120_000, 14_400_000);

describe(`TensorVM against the reference evaluator (seed ${seed})`, () => {
  let machine: TensorVM;
  let random: Random;

  before(async () => {
    machine = await deployMachine();
  });

  beforeEach(() => {
    random = new Random(BigInt(seed));
  });

  it("runs of random kernels", async () => {
    let count = 0;
    for (let i = 0; i < KERNELS; i++) {
      const kernelCase = randomCase(random);
      for (const run of someRuns(random, kernelCase).flatMap((some) => provableRun(kernelCase, some))) {
        const expected = toHex(evaluateSegment(kernelCase.valid, spacesOfCase(kernelCase), run));
        const { kernel, value } = await machine.run.staticCall(...runArguments(kernelCase, run));
        expect(value, describeRun(kernelCase, run)).to.equal(expected.padEnd(18, "0"));
        expect(kernel.malformed).to.equal(false);
        count++;
      }
    }
    console.log(`        ${KERNELS} kernels, ${count} runs, 0 mismatches`);
  }).timeout(TIMEOUT_MS);

  it("shapes of mutated leaves", async () => {
    let malformed = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const leaf = mutatedLeaf(random);
      const { valid } = validate(leaf.descriptor, leaf.chunks);
      const expected = valid && { elements: valid.elements, steps: valid.steps, stepsPerProof: valid.stepsPerProof };
      expect(await inspect(machine, leaf), `${leaf.chunks} ${toHex(leaf.descriptor)}`).to.deep.equal(expected);
      if (valid === undefined) malformed++;
    }
    console.log(`        ${MUTATIONS} leaves, ${malformed} malformed, 0 mismatches`);
  }).timeout(TIMEOUT_MS);
});

/** The run, as far as one proof goes; none if it has no step although the kernel has some. */
function provableRun({ valid }: KernelCase, run: Run): Run[] {
  if (valid.steps > 0 && run.from === run.to) return [];
  const accumulator = run.from === 0 ? valid.kernel.init : run.accumulator;
  return [{ ...run, to: Math.min(run.to, run.from + valid.stepsPerProof), accumulator }];
}

function describeRun({ leaf }: KernelCase, { element, from, to, accumulator }: Run): string {
  return `element ${element}, steps ${from} to ${to} from ${accumulator} of ${toHex(leaf.descriptor)}`;
}
