// TensorVM = engine = reference evaluator on the kernels of real models, over a trace that the engine has filled.
import { statSync } from "node:fs";
import { expect } from "chai";
import type { Program } from "../../oracle/model/program.ts";
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import { Executor, runProgram } from "../../oracle/vm/engine/executor.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { createHashEach } from "../../oracle/vm/keccakBatch.ts";
import { evaluateSegment } from "../../oracle/vm/reference.ts";
import { validate } from "../../oracle/vm/validate.ts";
import { modelFolders, readCases } from "../../scripts/conformance/cases.ts";
import { compileBound, failure } from "../../scripts/conformance/check.ts";
import { Random } from "../../scripts/models/random.ts";
import type { TensorVM } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { bytes, oneOf } from "../kernels/edges.ts";
import { type KernelCase, someRuns, spacesOfCase } from "../kernels/random.ts";
import { describeShared } from "../shared.ts";
import { deployMachine, outcomeOf, provable, runArguments, type Trees } from "./machine.ts";

const MODELS = runs(8, Number.MAX_SAFE_INTEGER);
const MAX_MODEL_BYTES = runs(20_000, 2 ** 30);
const MAX_TRACE_CHUNKS = runs(2_000, 1_000_000);
const KERNELS_PER_MODEL = runs(4, 60);
const TIMEOUT_MS = runs(120_000, 14_400_000);

describeShared(`TensorVM on real models (seed ${seed})`, (folder) => {
  it("elements and segments of their kernels", async () => {
    const machine = await deployMachine();
    const random = new Random(BigInt(seed));
    const folders = modelFolders([`${folder}models`]);
    const small = folders.filter((path) => statSync(`${path}/model.onnx`).size <= MAX_MODEL_BYTES);
    let [models, samples] = [0, 0];
    for (const path of small) {
      const program = models < MODELS ? compiled(path) : undefined;
      if (program === undefined || program.kernels.length === 0 || program.traceChunks > MAX_TRACE_CHUNKS) continue;
      samples += await sample(machine, random, program, path);
      models++;
    }
    console.log(`        TensorVM: ${samples} samples of ${models} models, 0 mismatches`);
    expect(models).to.be.greaterThan(0);
  }).timeout(TIMEOUT_MS);
});

/** Compiled for the model's own data; undefined for what the compiler or its data do not support. */
function compiled(folder: string): Program | undefined {
  try {
    const [first] = readCases(folder);
    return first && compileBound(first, new Set(), runProgram);
  } catch (error) {
    if (failure(error).status !== "unsupported") throw error;
    return undefined;
  }
}

/** @returns the number of samples */
async function sample(machine: TensorVM, random: Random, program: Program, folder: string): Promise<number> {
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
    if (valid === undefined) throw new Error(`kernel ${k} of ${folder} is malformed`);
    const kernelCase: KernelCase = { leaf, valid, firstChunk, trace, weights, input };
    for (const run of someRuns(random, kernelCase).flatMap((some) => provable(kernelCase, some) ?? [])) {
      const where = `${folder}, kernel ${k}, element ${run.element}, steps ${run.from} to ${run.to}`;
      const expected = toHex(evaluateSegment(valid, spacesOfCase(kernelCase), run));
      expect(toHex(engine.segment(k, run)), where).to.equal(expected);
      const { value } = await outcomeOf(machine, runArguments(kernelCase, run, trees));
      expect(value, where).to.equal(expected.padEnd(18, "0"));
      samples++;
    }
  }
  return samples;
}
