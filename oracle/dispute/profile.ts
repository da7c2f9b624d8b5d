/** How large a program is, and what its costliest element would cost a dispute. */
import type { Program } from "../model/program.ts";
import { CHUNK_BYTES } from "../model/tensor.ts";
import { chunkCount } from "../vm/chunkTree.ts";
import { spaceOf } from "../vm/spaces.ts";
import { type ValidKernel, validate } from "../vm/validate.ts";
import { type DisputeEstimate, estimateDispute } from "./estimate.ts";

export interface Costliest extends DisputeEstimate {
  readonly kernel: number;
  readonly element: number;
}

export interface Profile {
  readonly kernels: number;
  /** Output elements of all kernels. */
  readonly elements: number;
  /** Reduce steps of all elements. */
  readonly steps: number;
  readonly loads: number;
  /** Steps that load from two tensors or more: the multiplications of matrix products and convolutions. */
  readonly macs: number;
  /** R of the kernel with the most steps per element. */
  readonly longestReduction: number;
  readonly traceBytes: number;
  readonly weightBytes: number;
  readonly costliest: Costliest;
}

/** @param input and `trace` of one run */
export function profile(program: Program, input: Uint8Array, trace: Uint8Array): Profile {
  const weights = spaceOf(program.weights, BigInt(program.weightChunks));
  const inputSpace = spaceOf(input, BigInt(chunkCount(input.length)));
  const total = { elements: 0, steps: 0, loads: 0, macs: 0, longestReduction: 0 };
  let costliest: Costliest = { kernel: 0, element: 0, moves: 0, gas: 0, proofGas: 0 };
  let firstChunk = 0;
  for (const [kernel, { descriptor, chunks }] of program.kernels.entries()) {
    const { valid } = validate(descriptor, chunks);
    if (valid !== undefined) {
      add(total, valid);
      const before = trace.subarray(0, firstChunk * CHUNK_BYTES);
      const spaces = { trace: spaceOf(before), weights, input: inputSpace };
      for (const element of samples(valid.elements)) {
        const estimate = estimateDispute(valid, spaces, element, program.traceChunks);
        if (estimate.gas > costliest.gas) costliest = { kernel, element, ...estimate };
      }
    }
    firstChunk += Number(chunks);
  }
  const sizes = { traceBytes: program.traceChunks * CHUNK_BYTES, weightBytes: program.weights.length };
  return { kernels: program.kernels.length, ...total, ...sizes, costliest };
}

type Total = { -readonly [K in "elements" | "steps" | "loads" | "macs" | "longestReduction"]: Profile[K] };

function add(total: Total, { elements, steps, step, finish }: ValidKernel): void {
  total.elements += elements;
  total.steps += elements * steps;
  total.loads += elements * (steps * (step?.loads ?? 0) + finish.loads);
  if ((step?.loads ?? 0) >= 2) total.macs += elements * steps;
  total.longestReduction = Math.max(total.longestReduction, steps);
}

/** Elements at the border read padding, those in the middle the most. */
function samples(elements: number): readonly number[] {
  return [...new Set([0, Math.floor(elements / 2), elements - 1])];
}
