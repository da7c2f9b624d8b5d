/** A model as it is registered and run: kernels, constants, and what goes in and comes out. */
import type { KernelLeaf } from "../vm/kernelTree.ts";
import type { TensorSignature } from "./onnx/signature.ts";

export interface Program {
  /** In program order. */
  readonly kernels: readonly KernelLeaf[];
  /** The weights space, flat: every constant on a chunk. */
  readonly weights: Uint8Array;
  readonly inputs: readonly TensorSignature<number>[];
  /** Those of the last kernels, in order. */
  readonly outputs: readonly TensorSignature<number>[];
  /** T. */
  readonly traceChunks: number;
  /** I. */
  readonly inputChunks: number;
  /** W. */
  readonly weightChunks: number;
  /** O. */
  readonly outputChunks: number;
}
