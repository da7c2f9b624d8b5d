/**
 * `node measure.ts MODEL ROUNDS`: measures one model, in a process that does nothing else so that its peak of memory is
 * the model's, and prints the figures as JSON. ONNX Runtime is loaded after that peak is read, and the two take turns:
 * what slows the machine down slows both.
 */
import { performance } from "node:perf_hooks";
import { compile } from "../../../oracle/model/compile.ts";
import { CHUNK_BYTES, elementCount } from "../../../oracle/model/tensor.ts";
import { ChunkTree } from "../../../oracle/vm/chunkTree.ts";
import { Executor, placeAlone, runProgram } from "../../../oracle/vm/engine/executor.ts";
import { compileProgram } from "../../../oracle/vm/engine/programCode.ts";
import { createHashEach } from "../../../oracle/vm/keccakBatch.ts";
import { Random } from "../../models/random.ts";
import { MODELS } from "./models.ts";

/** What one model takes. Times in milliseconds, medians where several rounds are run. */
export interface Measurement {
  /** ONNX to a program. */
  readonly lowerMs: number;
  /** The program to WebAssembly. */
  readonly compileMs: number;
  /** Weights laid out anew. */
  readonly packMs: number;
  readonly firstMs: number;
  readonly canonicalMs: number;
  /** The trace's tree. */
  readonly hashMs: number;
  readonly ortMs: number;
  readonly peakMb: number;
  readonly traceMb: number;
  /** The greatest difference from what ONNX Runtime answers, relative to its greatest answer. */
  readonly difference: number;
}

/** Runs until V8's optimising compiler has had its turn. */
const WARM_UPS = 3;

const [name = "", rounds = "9"] = process.argv.slice(2);
const make = MODELS[name];
if (make === undefined) throw new RangeError(`no model ${name}`);
console.log(JSON.stringify(await measure(make(), Number(rounds))));

async function measure({ onnx, inputDims }: ReturnType<NonNullable<typeof make>>, count: number): Promise<Measurement> {
  const random = new Random(2n);
  const input = Float32Array.from({ length: elementCount(inputDims) }, () => random.uniform(-2, 2));
  const bytes = new Uint8Array(input.buffer);
  const [program, lowerMs] = timed(() => compile(onnx, { run: runProgram }));
  const { kernels, weights } = program;
  const [code, compileMs] = timed(() =>
    compileProgram(kernels, { weightBytes: weights.length, inputBytes: bytes.length }),
  );
  const [executor, packMs] = timed(() => new Executor(kernels, weights, bytes.length, placeAlone(code)));
  const run = () => timed(() => executor.run(bytes))[1];
  const firstMs = run();
  for (let i = 0; i < WARM_UPS; i++) run();
  const hashEach = createHashEach();
  const hash = () => timed(() => new ChunkTree(executor.trace, hashEach))[1];
  for (let i = 0; i < WARM_UPS; i++) hash();
  const peakMb = process.resourceUsage().maxRSS / 1000;
  const ort = await import("onnxruntime-node");
  const session = await ort.InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const feeds = { input: new ort.Tensor("float32", input, inputDims) };
  const answer = await session.run(feeds);
  const canonical: number[] = [];
  const hashes: number[] = [];
  const others: number[] = [];
  for (let i = 0; i < count; i++) {
    canonical.push(run());
    hashes.push(hash());
    const start = performance.now();
    await session.run(feeds);
    others.push(performance.now() - start);
  }
  const expected = answer.output?.data as Float32Array;
  const first = executor.trace.length - program.outputChunks * CHUNK_BYTES;
  const actual = new Float32Array(executor.trace.slice(first, first + expected.byteLength).buffer);
  return {
    lowerMs,
    compileMs,
    packMs,
    firstMs,
    canonicalMs: median(canonical),
    hashMs: median(hashes),
    ortMs: median(others),
    peakMb,
    traceMb: executor.trace.length / 1e6,
    difference: differenceOf(actual, expected),
  };
}

function timed<T>(work: () => T): [T, number] {
  const start = performance.now();
  const result = work();
  return [result, performance.now() - start];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function differenceOf(actual: Float32Array, expected: Float32Array): number {
  const greatest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual[i] ?? Number.NaN))), 0) / greatest;
}
