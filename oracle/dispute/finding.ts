/** What is wrong with an assertion, as far as the operator's trace is known. */
import { CHUNK_BYTES, DTYPES } from "../model/tensor.ts";
import type { ValidKernel } from "../vm/validate.ts";
import type { Assertion } from "./assertion.ts";
import type { DisputedTrace } from "./disputedTrace.ts";
import type { Execution, PlacedKernel } from "./execution.ts";
import { firstFault, type Place } from "./firstFault.ts";
import { firstOutputChunk, outputFault } from "./judgement.ts";

/** Each with the place of the trace that it is at. */
export type Finding =
  /** The trace is the canonical one, and the asserted output is not its. `chunk` counts in the output. */
  | (Place & { readonly type: "output"; readonly chunk: number; readonly element: number })
  /** A node that covers no chunk of the trace is not that of zeros. */
  | (Place & { readonly type: "padding" })
  /** A wrong node of which nothing below is known. */
  | (Place & { readonly type: "hidden" })
  /** A byte behind the kernel's last element. */
  | (Place & { readonly type: "tail"; readonly kernel: PlacedKernel })
  /** A byte of a kernel that is malformed, whose bytes are all 0. */
  | (Place & { readonly type: "malformed"; readonly kernel: PlacedKernel })
  /** `element` is its number in the kernel. */
  | (Place & {
      readonly type: "element";
      readonly kernel: PlacedKernel;
      readonly valid: ValidKernel;
      readonly element: number;
    });

/** @returns undefined if nothing is wrong */
export function find({ execution, output, tolerance }: Assertion, trace: DisputedTrace): Finding | undefined {
  const fault = firstFault(execution.trees.trace, trace);
  if (fault === undefined) {
    const wrong = outputFault(execution, output, tolerance);
    return wrong && { type: "output", ...wrong, height: 0, index: firstOutputChunk(execution) + wrong.chunk };
  }
  if (fault.type !== "chunk") return fault;
  return { height: 0, index: fault.index, ...chunkFault(execution, fault.index, fault.chunk) };
}

/** Whether an element's reduction takes more steps than one proof runs. */
export function isLong({ steps, stepsPerProof }: ValidKernel): boolean {
  return steps > stepsPerProof;
}

/** @param chunk what the operator has as trace chunk `index`, and is not the canonical one */
function chunkFault(execution: Execution, index: number, chunk: Uint8Array) {
  const kernel = execution.kernelOf(index);
  const { valid } = kernel;
  if (valid === undefined) return { type: "malformed", kernel } as const;
  const { bytes } = DTYPES[valid.kernel.dtype];
  const offset = (index - kernel.firstChunk) * CHUNK_BYTES;
  // Cheaper to show than an element, so looked at first.
  const tail = chunk.subarray(valid.elements * bytes - offset);
  if (tail.some((byte) => byte !== 0)) return { type: "tail", kernel } as const;
  const canonical = execution.trees.trace.chunk(index);
  const byte = chunk.findIndex((value, i) => value !== canonical[i]);
  return { type: "element", kernel, valid, element: Math.floor((offset + byte) / bytes) } as const;
}
