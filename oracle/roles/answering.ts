/**
 * What an operator answers with, and what it refuses to sign. A program's answer is its canonical output, held against
 * ONNX Runtime, an implementation that shares nothing with it: where they disagree one of them is wrong, and a signature
 * would be a bet on which.
 */
import type { TensorSignature } from "../model/onnx/signature.ts";
import { DTYPES, elementCount, joinTensors } from "../model/tensor.ts";
import { firstOutside, type Tolerance } from "../model/tolerance.ts";
import type { StoredOutput } from "../store/port.ts";
import type { Hex } from "../vm/keccak.ts";
import {
  type CanonicalExecutor,
  type CanonicalOutput,
  ExecutionError,
  type Executor,
  type RunLimits,
  type RunnableModel,
  type Tensor,
} from "./ports.ts";

/** How a model of semantics 1 is served. */
export interface ProgramServing {
  /** How far ONNX Runtime may be from the program; `atol` holds for integers as well. */
  readonly sentinel: Tolerance;
  /** Whose outputs are signed; ONNX Runtime's for models registered with a tolerance only. */
  readonly answers: "canonical" | "onnxRuntime";
  /** Of so many answers of ONNX Runtime one is held against the program. */
  readonly checkEvery: number;
}

/** The trace is committed on the first challenge only. */
export const NO_TRACE: Hex = `0x${"00".repeat(32)}`;

export class Answering {
  readonly #onnx: Executor;
  readonly #canonical: CanonicalExecutor;
  /** Answers of ONNX Runtime, by model. */
  readonly #unchecked = new Map<string, number>();

  constructor({ executor, canonical }: { executor: Executor; canonical: CanonicalExecutor }) {
    this.#onnx = executor;
    this.#canonical = canonical;
  }

  /** @throws ExecutionError, "program" or "sentinel" for what must not be signed */
  async answer(
    model: RunnableModel,
    inputs: readonly Tensor[],
    limits: RunLimits,
    serving: ProgramServing,
  ): Promise<StoredOutput> {
    const { program } = model;
    if (program === undefined) return flat(model, await this.#onnx.run(model, inputs, limits), NO_TRACE);
    if (serving.answers === "onnxRuntime")
      return await this.#tolerant(model, inputs, limits, serving, program.tolerance);
    const [canonical, sentinel] = await this.#both(model, inputs, limits);
    agree(sentinel, canonical.outputs, serving.sentinel, Math.floor(serving.sentinel.atol));
    return flat(model, canonical.outputs, canonical.traceRoot);
  }

  /** Where every answer would take too long canonically; that the program is the registered one is always checked. */
  async #tolerant(
    model: RunnableModel,
    inputs: readonly Tensor[],
    limits: RunLimits,
    { checkEvery }: ProgramServing,
    tolerance: Tolerance,
  ): Promise<StoredOutput> {
    if (tolerance.atol === 0 && tolerance.rtol === 0) {
      throw new ExecutionError("model", "it is registered without a tolerance: ONNX Runtime cannot answer for it");
    }
    const count = this.#unchecked.get(model.modelId) ?? 0;
    this.#unchecked.set(model.modelId, (count + 1) % checkEvery);
    if (count === 0) {
      const [canonical, outputs] = await this.#both(model, inputs, limits);
      agree(outputs, canonical.outputs, tolerance, 0);
      return flat(model, outputs, NO_TRACE);
    }
    const [, outputs] = await settled(this.#canonical.load(model, limits), this.#onnx.run(model, inputs, limits));
    return flat(model, outputs, NO_TRACE);
  }

  #both(model: RunnableModel, inputs: readonly Tensor[], limits: RunLimits): Promise<[CanonicalOutput, Tensor[]]> {
    return settled(this.#canonical.run(model, inputs, limits), this.#onnx.run(model, inputs, limits));
  }
}

/** Waits for both, so that nothing goes on for a request that is given up; the first one's failure counts first. */
async function settled<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

function agree(
  actual: readonly Tensor[],
  canonical: readonly Tensor[],
  tolerance: Tolerance,
  integerAtol: number,
): void {
  for (const [i, { name, dtype, bytes }] of canonical.entries()) {
    const other = actual[i]?.bytes ?? new Uint8Array();
    const hasLength = other.length === bytes.length;
    const at = hasLength ? firstOutside(dtype, other, bytes, tolerance, integerAtol) : 0;
    if (at === undefined) continue;
    const { atol, rtol } = tolerance;
    throw new ExecutionError(
      "sentinel",
      `ONNX Runtime and the canonical program disagree on ${name}[${at}] by more than atol ${atol}, rtol ${rtol}`,
    );
  }
}

function flat(model: RunnableModel, outputs: readonly Tensor[], traceRoot: Hex): StoredOutput {
  checkOutputs(outputs, model.outputs);
  return { bytes: joinTensors(outputs.map(({ bytes }) => bytes)), traceRoot };
}

function checkOutputs(outputs: readonly Tensor[], wanted: readonly TensorSignature<number>[]): void {
  const describe = (tensors: readonly TensorSignature<number>[]) =>
    tensors.map(({ name, dtype, dims }) => `${name} ${dtype}[${dims}]`).join(", ");
  const isWhole = outputs.every(
    (tensor) => tensor.bytes.length === elementCount(tensor.dims) * DTYPES[tensor.dtype].bytes,
  );
  if (describe(outputs) === describe(wanted) && isWhole) return;
  throw new ExecutionError("model", `it gave ${describe(outputs)} instead of ${describe(wanted)}`);
}
