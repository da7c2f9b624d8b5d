/** A program's canonical outputs beside those of ONNX Runtime. */
import { type Difference, differenceOf } from "../model/tolerance.ts";
import type { Executor, RunnableModel, Tensor } from "../roles/ports.ts";
import type { CanonicalRun } from "../vm/canonicalProgram.ts";
import type { CompiledModel } from "./compiledModel.ts";

/** The user waits, and can interrupt. */
const NO_LIMITS = { deadlineMs: 3_600_000, memoryMb: 1_000_000 };

/** What ONNX Runtime gives for packed inputs. Throws ExecutionError. */
export function runOnnx(runtime: Executor, compiled: CompiledModel, inputs: readonly Uint8Array[]): Promise<Tensor[]> {
  const { program, options, file } = compiled;
  const bound = Object.entries(options.bind).map(([name, tensor]) => ({ name, ...tensor }));
  const { inputs: signatures, outputs } = program;
  const model: RunnableModel = { modelId: "0x", path: file, inputs: signatures, outputs, bound };
  const tensors = signatures.map((input, i) => ({ ...input, bytes: inputs[i] as Uint8Array }));
  return runtime.run(model, tensors, NO_LIMITS);
}

/** The canonical outputs with their signatures. */
export function outputTensors({ program }: CompiledModel, { outputs }: CanonicalRun): Tensor[] {
  return program.outputs.map((output, i) => ({ ...output, bytes: outputs[i] as Uint8Array }));
}

/** The largest differences over outputs of the same signature. */
export function compareOutputs(actual: readonly Tensor[], canonical: readonly Tensor[]): Difference {
  return largest(canonical.map(({ dtype, bytes }, i) => differenceOf(dtype, (actual[i] as Tensor).bytes, bytes)));
}

export function largest(differences: readonly Difference[]): Difference {
  const most = (field: keyof Difference) => Math.max(0, ...differences.map((difference) => difference[field]));
  return { maxAbs: most("maxAbs"), maxRel: most("maxRel"), maxScaled: most("maxScaled") };
}
