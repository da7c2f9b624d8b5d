/** What serving and disputing a program takes, measured and estimated. */
import { type Profile, profile } from "../dispute/profile.ts";
import { joinTensors } from "../model/tensor.ts";
import type { Difference } from "../model/tolerance.ts";
import { ExecutionError } from "../roles/ports.ts";
import { CanonicalProgram } from "../vm/canonicalProgram.ts";
import { ChunkTree } from "../vm/chunkTree.ts";
import { createHashEach } from "../vm/keccakBatch.ts";
import { compareOutputs, largest, outputTensors, runOnnx } from "./comparison.ts";
import type { CompiledModel } from "./compiledModel.ts";
import type { Tools } from "./ports.ts";
import { seededInputs } from "./seededInputs.ts";

export interface Samples {
  /** Seeded inputs to compare on. */
  readonly samples: number;
  /** Of the first. */
  readonly seed: number;
}

interface Sentinel extends Difference {
  /** What atol and rtol of the node's configuration could be. */
  readonly tolerance: number;
  readonly runMs: number;
}

export interface Inspection {
  readonly profile: Profile;
  readonly times: {
    readonly compileMs: number;
    readonly firstRunMs: number;
    readonly runMs: number;
    readonly hashMs: number;
  };
  /** Why there is none, if ONNX Runtime refuses the model or the inputs. */
  readonly sentinel: Sentinel | { readonly unavailable: string };
  /** Of this process: weights, input and trace, the compiler and Node itself. */
  readonly peakBytes: number;
}

/** Differences on other inputs are larger than those on a few. */
const SAFETY_FACTOR = 8;
const MIN_TOLERANCE = 1e-6;

export async function inspect(tools: Tools, compiled: CompiledModel, { samples, seed }: Samples): Promise<Inspection> {
  const inputs = Array.from({ length: samples }, (_, i) => seededInputs(compiled.program.inputs, seed + i));
  const program = new CanonicalProgram(compiled.program);
  const hashEach = createHashEach();
  const first = joinTensors(inputs[0] ?? []);
  const cold = timed(() => program.run(first));
  const warm = timed(() => program.run(first));
  const { trace } = warm.value;
  const hash = () => new ChunkTree(trace, hashEach).root;
  // The first use compiles it.
  hash();
  const hashed = timed(hash);
  const sizes = profile(compiled.program, first, trace);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return {
    profile: sizes,
    times: { compileMs: compiled.compileMs, firstRunMs: cold.ms, runMs: warm.ms, hashMs: hashed.ms },
    sentinel: await measureSentinel(tools, compiled, program, inputs),
    peakBytes,
  };
}

async function measureSentinel(
  tools: Tools,
  compiled: CompiledModel,
  program: CanonicalProgram,
  inputs: readonly (readonly Uint8Array[])[],
): Promise<Inspection["sentinel"]> {
  const runtime = tools.openRuntime();
  try {
    const differences: Difference[] = [];
    let runMs = 0;
    for (const tensors of inputs) {
      const canonical = outputTensors(compiled, program.run(joinTensors(tensors)));
      const startedMs = performance.now();
      const theirs = await runOnnx(runtime, compiled, tensors);
      runMs = performance.now() - startedMs;
      differences.push(compareOutputs(theirs, canonical));
    }
    const difference = largest(differences);
    return { ...difference, tolerance: suggested(difference.maxScaled), runMs };
  } catch (error) {
    if (!(error instanceof ExecutionError)) throw error;
    return { unavailable: error.message };
  } finally {
    await runtime.close();
  }
}

/** The next power of ten. */
function suggested(maxScaled: number): number {
  const needed = Math.max(MIN_TOLERANCE, SAFETY_FACTOR * maxScaled);
  return Number.isFinite(needed) ? Number(`1e${Math.ceil(Math.log10(needed))}`) : Number.POSITIVE_INFINITY;
}

function timed<T>(run: () => T): { readonly value: T; readonly ms: number } {
  const startedMs = performance.now();
  const value = run();
  return { value, ms: performance.now() - startedMs };
}
