import { CHUNK_BYTES } from "../../../../oracle/model/tensor.ts";
import { toHex } from "../../../../oracle/vm/keccak.ts";
import { evaluateSegment, type Run } from "../../../../oracle/vm/reference.ts";
import { encodeValue } from "../../../../oracle/vm/value.ts";
import { type KernelCase, randomCase, someRuns, spacesOfCase } from "../../../../test/kernels/random.ts";
import { Random } from "../../../models/random.ts";
import { leafFields } from "./descriptors.ts";

/**
 * Random kernels with all bytes they can reach, and runs of some elements: whole, or from step `from` to step `to` with
 * an accumulator at `from`. The result is the stored element if `to` is the number of steps, else the accumulator.
 */
export function runVectors() {
  const random = new Random(2n);
  return Array.from({ length: 30 }, () => {
    const kernelCase = randomCase(random);
    const spaces = spacesOfCase(kernelCase);
    const runs = someRuns(random, kernelCase).map((run) => ({
      ...runFields(run),
      result: toHex(evaluateSegment(kernelCase.valid, spaces, run)),
    }));
    return { ...leafFields(kernelCase.leaf), ...spaceFields(kernelCase), runs };
  });
}

export const runFields = ({ element, from, to, accumulator }: Run) => ({
  element,
  from,
  to,
  accumulator: toHex(encodeValue(accumulator)),
});

/** Without the trace from the kernel's first chunk on, which it cannot reach. */
const spaceFields = ({ firstChunk, trace, weights, input }: KernelCase) => ({
  firstChunk,
  trace: toHex(trace.subarray(0, firstChunk * CHUNK_BYTES)),
  weights: toHex(weights),
  input: toHex(input),
});
