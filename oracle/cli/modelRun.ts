/** One run of a file's program, and of ONNX Runtime beside it. */
import { joinTensors } from "../model/tensor.ts";
import type { Difference } from "../model/tolerance.ts";
import type { Tensor } from "../roles/ports.ts";
import { CanonicalProgram } from "../vm/canonicalProgram.ts";
import { ChunkTree } from "../vm/chunkTree.ts";
import type { Hex } from "../vm/keccak.ts";
import { createHashEach } from "../vm/keccakBatch.ts";
import { compareOutputs, outputTensors, runOnnx } from "./comparison.ts";
import { compileModel } from "./compiledModel.ts";
import { packInputs } from "./inputs.ts";
import { type ModelOptions, readModelFile } from "./modelFile.ts";
import type { Tools } from "./ports.ts";

export interface RunOptions extends ModelOptions {
  readonly input?: readonly string[];
  readonly runtime: "canonical" | "onnxruntime";
}

export interface ModelRun {
  readonly outputs: readonly Tensor[];
  /** Of ONNX Runtime. */
  readonly sentinel: { readonly outputs: readonly Tensor[]; readonly difference: Difference } | undefined;
  readonly roots: { readonly inputRoot: Hex; readonly outputRoot: Hex; readonly traceRoot: Hex };
  readonly runMs: number;
}

export async function runModel(tools: Tools, file: string, options: RunOptions): Promise<ModelRun> {
  const compiled = compileModel(readModelFile(file), options);
  const inputs = packInputs(compiled.program.inputs, options.input ?? []);
  const flat = joinTensors(inputs);
  const program = new CanonicalProgram(compiled.program);
  const startedMs = performance.now();
  const canonical = program.run(flat);
  const runMs = performance.now() - startedMs;
  const hashEach = createHashEach();
  const rootOf = (bytes: Uint8Array) => new ChunkTree(bytes, hashEach).root;
  const roots = { inputRoot: rootOf(flat), outputRoot: rootOf(canonical.output), traceRoot: rootOf(canonical.trace) };
  const outputs = outputTensors(compiled, canonical);
  if (options.runtime === "canonical") return { outputs, sentinel: undefined, roots, runMs };
  const runtime = tools.openRuntime();
  try {
    const theirs = await runOnnx(runtime, compiled, inputs);
    return { outputs, sentinel: { outputs: theirs, difference: compareOutputs(theirs, outputs) }, roots, runMs };
  } finally {
    await runtime.close();
  }
}
