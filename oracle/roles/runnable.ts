/** From a model as it is registered to what executors run. */
import { parseOptions } from "../model/compilerOptions.ts";
import type { TensorSignature } from "../model/onnx/signature.ts";
import { DTYPES } from "../model/tensor.ts";
import { ExecutionError, type RegisteredModel, type RunnableModel } from "./ports.ts";

const KERNEL_PROGRAM = 1;

/** @throws ExecutionError ("program") for a program that this node cannot know */
export function runnableOf(model: RegisteredModel, path: string): RunnableModel {
  const { modelId, semantics, inputs, outputs, program } = model;
  const artefact = { modelId, path, inputs, outputs };
  if (program === undefined) return artefact;
  if (semantics !== KERNEL_PROGRAM)
    throw new ExecutionError("program", `semantics ${semantics} are not known to this node`);
  try {
    const { bind } = parseOptions(program.compilerOptions);
    return { ...artefact, program, bound: Object.entries(bind).map(([name, tensor]) => ({ name, ...tensor })) };
  } catch (cause) {
    throw unknownProgram(cause as Error);
  }
}

const unknownProgram = (cause: Error) => new ExecutionError("program", cause.message, { cause });

/** Of a tensor with this signature. */
export function byteLength({ dtype, dims }: TensorSignature<number>): number {
  return dims.reduce((elements, extent) => elements * extent, DTYPES[dtype].bytes);
}
