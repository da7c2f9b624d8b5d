// What an operator can be wrong about, and how it may try to hide it.
import type { Execution } from "../../oracle/dispute/execution.ts";
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import { evaluateKernel } from "../../oracle/vm/reference.ts";
import { spaceOf } from "../../oracle/vm/spaces.ts";
import { validate } from "../../oracle/vm/validate.ts";
import type { Place } from "./operatorTrace.ts";

/** An answer before it is given. */
export interface Draft {
  readonly execution: Execution;
  readonly input: Uint8Array;
  /** All 2^depth chunks. */
  readonly trace: Uint8Array;
  /** Flat. */
  output: Uint8Array;
  readonly garbage: Place[];
}

export type Lie = (draft: Draft) => void;

/** One bit of the trace, the output is right. */
export function flipBit(chunk: number, bit: number): Lie {
  return ({ trace }) => flip(trace, chunk * CHUNK_BYTES * 8 + bit);
}

/** One bit of the output, the trace is right. */
export function flipOutput(bit: number): Lie {
  return ({ output }) => flip(output, bit);
}

/** One bit of the trace, and all that follows from it. */
export function flipAndRecompute(chunk: number, bit: number): Lie {
  return (draft) => {
    const { execution, trace, input } = draft;
    const { program } = execution;
    flip(trace, chunk * CHUNK_BYTES * 8 + bit);
    const { number } = execution.kernelOf(chunk);
    let first = 0;
    for (const [k, { descriptor, chunks }] of program.kernels.entries()) {
      const { valid } = validate(descriptor, chunks);
      if (k > number && valid !== undefined) {
        const before = {
          trace: spaceOf(trace, BigInt(first)),
          weights: spaceOf(program.weights),
          input: spaceOf(input),
        };
        trace.set(evaluateKernel(valid, before), first * CHUNK_BYTES);
      }
      first += Number(chunks);
    }
    assertTraced(draft);
  };
}

/** The output is the trace's. */
export function assertTraced({ execution: { program }, trace, output }: Draft): void {
  const from = (program.traceChunks - program.outputChunks) * CHUNK_BYTES;
  output.set(trace.subarray(from, from + output.length));
}

/** A node that nothing hashes to: nobody can say what is below it. */
export function garbage(height: number, index: number): Lie {
  return (draft) => draft.garbage.push({ height, index });
}

function flip(bytes: Uint8Array, bit: number): void {
  const at = Math.floor(bit / 8);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8));
}
