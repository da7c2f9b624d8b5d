/** Runs a whole program on the engine: flat input in, flat output and trace out. */

import type { TensorSignature } from "../model/onnx/signature.ts";
import type { Program } from "../model/program.ts";
import { CHUNK_BYTES, DTYPES, elementCount, flatLayout, splitTensors } from "../model/tensor.ts";
import { Executor } from "./engine/executor.ts";

export interface CanonicalRun {
  /** A copy. */
  readonly output: Uint8Array;
  /** The tensors in it. */
  readonly outputs: readonly Uint8Array[];
  /** A view that the next run writes to. */
  readonly trace: Uint8Array;
}

export class CanonicalProgram {
  /** Its weights are a view of the engine's: there may be hundreds of megabytes. */
  readonly program: Program;
  readonly #executor: Executor;
  /** Where the flat output is in the trace: its tensors are the last kernels', each from a chunk on in both. */
  readonly #outputAt: number;
  readonly #lengths: readonly number[];

  /** Throws a MemoryTooLargeError for a program that does not fit 32-bit addresses. */
  constructor(program: Program) {
    const { kernels, weights, inputs, outputs, traceChunks, outputChunks } = program;
    this.#executor = new Executor(kernels, weights, flatLayout(lengthsOf(inputs)).totalBytes);
    this.program = { ...program, weights: this.#executor.weights };
    this.#outputAt = (traceChunks - outputChunks) * CHUNK_BYTES;
    this.#lengths = lengthsOf(outputs);
  }

  /** Throws a RangeError for an input of another length. */
  run(input: Uint8Array): CanonicalRun {
    this.#executor.run(input);
    const { trace } = this.#executor;
    const { totalBytes } = flatLayout(this.#lengths);
    const output = trace.slice(this.#outputAt, this.#outputAt + totalBytes);
    return { output, outputs: splitTensors(output, this.#lengths), trace };
  }
}

function lengthsOf(tensors: readonly TensorSignature<number>[]): number[] {
  return tensors.map(({ dtype, dims }) => elementCount(dims) * DTYPES[dtype].bytes);
}
