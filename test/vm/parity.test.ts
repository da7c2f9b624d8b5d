// TensorVM, the engine and the reference evaluator: each is written from docs/kernels.md and none from another.
import { expect } from "chai";
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import { Executor } from "../../oracle/vm/engine/executor.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import { evaluateSegment } from "../../oracle/vm/reference.ts";
import { spaceOf } from "../../oracle/vm/spaces.ts";
import { validate } from "../../oracle/vm/validate.ts";
import { Random } from "../../scripts/models/random.ts";
import type { TensorVM } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { mutatedLeaf } from "../kernels/mutate.ts";
import { type KernelCase, randomCase, someRuns, spacesOfCase } from "../kernels/random.ts";
import {
  contextOf,
  deployMachine,
  type Outcome,
  outcomeOf,
  provable,
  type RunArguments,
  runArguments,
  treesOf,
} from "./machine.ts";

const SAMPLES = runs(1_200, 100_000);
const MUTATIONS = runs(500, 200_000);
/** Cases that are drawn, run off chain and then all run on chain. */
const BATCH = 10;
const ROUNDS_PER_KERNEL = runs(1, 3);
const TIMEOUT_MS = runs(240_000, 14_400_000);

const EMPTY = new Uint8Array();
const NO_BYTES = { trace: EMPTY, weights: EMPTY, input: EMPTY };
const NO_TREES = treesOf(NO_BYTES);
const NO_WITNESS = new Uint8Array(3);

/** Something to run on chain, and what must come of it. */
interface Expected extends Outcome {
  readonly run: RunArguments;
}

describe(`TensorVM = engine = reference evaluator (seed ${seed})`, () => {
  let machine: TensorVM;
  let random: Random;

  before(async () => {
    machine = await deployMachine();
  });

  beforeEach(() => {
    random = new Random(BigInt(seed));
  });

  /** All at once: the network works beside this. */
  async function check(expected: readonly Expected[]): Promise<void> {
    const outcomes = await Promise.all(expected.map(({ run }) => outcomeOf(machine, run)));
    for (const [i, { run, shape, value }] of expected.entries()) {
      const [, descriptor, segment] = run;
      const where = `${toHex(descriptor)}, ${JSON.stringify({ ...segment, accumulator: toHex(segment.accumulator) })}`;
      expect(outcomes[i], where).to.deep.equal({ shape, value: value.padEnd(18, "0") });
    }
  }

  it("elements and segments of random kernels", async () => {
    let [samples, kernels] = [0, 0];
    while (samples < SAMPLES) {
      const expected = Array.from({ length: BATCH }, () => samplesOf(random, randomCase(random))).flat();
      await check(expected);
      samples += expected.length;
      kernels += BATCH;
    }
    console.log(`        TensorVM: ${samples} samples of ${kernels} kernels, 0 mismatches`);
  }).timeout(TIMEOUT_MS);

  it("mutated leaves in empty spaces: who accepts them, and their values", async () => {
    let malformed = 0;
    for (let done = 0; done < MUTATIONS; done += BATCH) {
      const expected = Array.from({ length: BATCH }, () => judged(random, mutatedLeaf(random)));
      await check(expected);
      malformed += expected.filter(({ shape }) => shape === undefined).length;
    }
    console.log(`        TensorVM: ${MUTATIONS} mutated leaves, ${malformed} of them malformed, 0 mismatches`);
  }).timeout(TIMEOUT_MS);
});

function samplesOf(random: Random, kernelCase: KernelCase): Expected[] {
  const trees = treesOf(kernelCase);
  const spaces = spacesOfCase(kernelCase);
  const engine = engineOf(kernelCase);
  const rounds = Array.from({ length: ROUNDS_PER_KERNEL }, () => someRuns(random, kernelCase)).flat();
  const provableRuns = rounds.flatMap((run) => provable(kernelCase, run) ?? []);
  return provableRuns.map((run) => {
    const value = toHex(evaluateSegment(kernelCase.valid, spaces, run));
    expect(toHex(engine.segment(1, run)), toHex(kernelCase.leaf.descriptor)).to.equal(value);
    return { run: runArguments(kernelCase, run, trees), shape: shapeOf(kernelCase.valid), value };
  });
}

/** The kernel at its place: a malformed one before it takes the chunks that it can load from. */
function engineOf({ leaf, firstChunk, trace, weights, input }: KernelCase): Executor {
  const before: KernelLeaf = { chunks: BigInt(firstChunk), descriptor: EMPTY };
  const engine = new Executor([before, leaf], weights, input.length);
  engine.trace.set(trace.subarray(0, firstChunk * CHUNK_BYTES));
  engine.run(input);
  return engine;
}

/** Any run of a leaf that may be malformed. No load needs a witness, so that none can hide what the machine thinks. */
function judged(random: Random, leaf: KernelLeaf): Expected {
  const { valid } = validate(leaf.descriptor, leaf.chunks);
  const context = contextOf(leaf, 0, NO_TREES);
  if (valid === undefined) {
    const nothing = { element: 0, from: 0, to: 0, accumulator: new Uint8Array(8) };
    return { run: [context, leaf.descriptor, nothing, NO_WITNESS], shape: undefined, value: "0x" };
  }
  const kernelCase = { leaf, valid, firstChunk: 0, ...NO_BYTES };
  const run = someRuns(random, kernelCase)
    .map((some) => provable(kernelCase, some))
    .find((some) => some !== undefined);
  if (run === undefined) throw new Error("the first run of all takes every step");
  const none = spaceOf(EMPTY);
  const value = toHex(evaluateSegment(valid, { trace: none, weights: none, input: none }, run));
  return { run: runArguments(kernelCase, run, NO_TREES), shape: shapeOf(valid), value };
}

const shapeOf = ({ elements, steps, stepsPerProof }: KernelCase["valid"]) => ({ elements, steps, stepsPerProof });
