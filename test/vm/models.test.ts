// TensorVM = engine = reference evaluator on the kernels of real models, over a trace that the engine has filled.
import { globSync, readFileSync, statSync } from "node:fs";
import { expect } from "chai";
import { compile } from "../../oracle/model/compile.ts";
import {
  NodeError,
  TensorTooLargeError,
  UnboundDimsError,
  UnsupportedTensorError,
} from "../../oracle/model/onnx/errors.ts";
import type { Program } from "../../oracle/model/program.ts";
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import { Executor, runProgram } from "../../oracle/vm/engine/executor.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { createHashEach } from "../../oracle/vm/keccakBatch.ts";
import { evaluateSegment } from "../../oracle/vm/reference.ts";
import { validate } from "../../oracle/vm/validate.ts";
import { Random } from "../../scripts/models/random.ts";
import type { TensorVM } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { bytes, oneOf } from "../kernels/edges.ts";
import { type KernelCase, someRuns, spacesOfCase } from "../kernels/random.ts";
import { describeShared } from "../shared.ts";
import { deployMachine, outcomeOf, provable, runArguments, type Trees } from "./machine.ts";

const MODELS = runs(8, Number.MAX_SAFE_INTEGER);
const MAX_MODEL_BYTES = runs(20_000, 5_000_000);
const MAX_TRACE_CHUNKS = runs(2_000, 200_000);
const KERNELS_PER_MODEL = runs(4, 60);
const TIMEOUT_MS = runs(120_000, 14_400_000);

describeShared(`TensorVM on real models (seed ${seed})`, (folder) => {
  it("elements and segments of their kernels", async () => {
    const machine = await deployMachine();
    const random = new Random(BigInt(seed));
    const files = globSync(`${folder}models/*/*/model.onnx`).sort();
    const small = files.filter((file) => statSync(file).size <= MAX_MODEL_BYTES);
    let [models, samples] = [0, 0];
    for (const file of small) {
      const program = models < MODELS ? compiled(file) : undefined;
      if (program === undefined || program.traceChunks > MAX_TRACE_CHUNKS) continue;
      samples += await sample(machine, random, program, file);
      models++;
    }
    console.log(`        ${samples} samples of ${models} models, 0 mismatches`);
    expect(models).to.be.greaterThan(0);
  }).timeout(TIMEOUT_MS);
});

/** Undefined for a model that needs dimensions, bound inputs or an operator that there is not. */
function compiled(file: string): Program | undefined {
  try {
    return compile(readFileSync(file), { run: runProgram });
  } catch (error) {
    const refusals = [NodeError, UnboundDimsError, UnsupportedTensorError, TensorTooLargeError];
    if (!refusals.some((refusal) => error instanceof refusal)) throw error;
    return undefined;
  }
}

/** @returns the number of samples */
async function sample(machine: TensorVM, random: Random, program: Program, file: string): Promise<number> {
  const { kernels, weights } = program;
  const input = bytes(random, program.inputChunks * CHUNK_BYTES);
  const engine = new Executor(kernels, weights, input.length);
  engine.run(input);
  const trace = engine.trace.slice();
  const hashEach = createHashEach();
  const trees: Trees = {
    trace: new ChunkTree(trace, hashEach),
    weights: new ChunkTree(weights, hashEach),
    input: new ChunkTree(input, hashEach),
  };
  const firstChunks = kernels.map((_, k) => kernels.slice(0, k).reduce((sum, { chunks }) => sum + Number(chunks), 0));
  let samples = 0;
  for (let i = 0; i < KERNELS_PER_MODEL; i++) {
    const k = oneOf(random, [...kernels.keys()]);
    const leaf = kernels[k];
    const firstChunk = firstChunks[k];
    if (leaf === undefined || firstChunk === undefined) throw new RangeError(`kernel ${k}`);
    const { valid } = validate(leaf.descriptor, leaf.chunks);
    if (valid === undefined) throw new Error(`kernel ${k} of ${file} is malformed`);
    const kernelCase: KernelCase = { leaf, valid, firstChunk, trace, weights, input };
    for (const run of someRuns(random, kernelCase).flatMap((some) => provable(kernelCase, some) ?? [])) {
      const where = `${file}, kernel ${k}, element ${run.element}, steps ${run.from} to ${run.to}`;
      const expected = toHex(evaluateSegment(valid, spacesOfCase(kernelCase), run));
      expect(toHex(engine.segment(k, run)), where).to.equal(expected);
      const { value } = await outcomeOf(machine, runArguments(kernelCase, run, trees));
      expect(value, where).to.equal(expected.padEnd(18, "0"));
      samples++;
    }
  }
  return samples;
}
