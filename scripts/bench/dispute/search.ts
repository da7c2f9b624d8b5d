// Which elements of a program cost a dispute the most, and which one costs as much as the median.
import { estimateDispute } from "../../../oracle/dispute/estimate.ts";
import type { Program } from "../../../oracle/model/program.ts";
import { CHUNK_BYTES } from "../../../oracle/model/tensor.ts";
import { chunkCount } from "../../../oracle/vm/chunkTree.ts";
import { spaceOf } from "../../../oracle/vm/spaces.ts";
import { validate } from "../../../oracle/vm/validate.ts";
import { Random } from "../../models/random.ts";

export interface Candidate {
  readonly kernel: number;
  readonly element: number;
  /** Estimated. */
  readonly gas: number;
}

/** Elements looked at in each kernel, and for the median in the whole program. */
const PER_KERNEL = 24;
const FOR_MEDIAN = 301;
/** Those estimated to be the costliest are played. */
const PLAYED = 4;

export interface Found {
  /** The costliest by estimate, the first the most, each of another kernel. */
  readonly costliest: readonly Candidate[];
  /** Of elements drawn alike from the whole program. */
  readonly median: Candidate;
}

/** @param trace of one run on `input` */
export function search(program: Program, input: Uint8Array, trace: Uint8Array): Found {
  const random = new Random(3n);
  const weights = spaceOf(program.weights, BigInt(program.weightChunks));
  const inputSpace = spaceOf(input, BigInt(chunkCount(input.length)));
  let firstChunk = 0;
  const kernels = program.kernels.map(({ descriptor, chunks }, kernel) => {
    const spaces = { trace: spaceOf(trace.subarray(0, firstChunk * CHUNK_BYTES)), weights, input: inputSpace };
    firstChunk += Number(chunks);
    const { valid } = validate(descriptor, chunks);
    if (valid === undefined) throw new Error(`kernel ${kernel} is malformed`);
    const estimate = (element: number): Candidate => ({
      kernel,
      element,
      gas: estimateDispute(valid, spaces, element, program.traceChunks).gas,
    });
    return { elements: valid.elements, estimate };
  });

  const costliest = kernels.map(({ elements, estimate }) => {
    // Elements at the border read padding, those in the middle the most.
    const samples = [0, Math.floor(elements / 2), elements - 1];
    while (samples.length < Math.min(PER_KERNEL, elements)) samples.push(random.below(elements));
    return byGas(samples.map(estimate)).at(-1) as Candidate;
  });
  const total = kernels.reduce((sum, { elements }) => sum + elements, 0);
  const drawn = Array.from({ length: FOR_MEDIAN }, () => {
    let rest = random.below(total);
    const found = kernels.find(({ elements }) => {
      if (rest < elements) return true;
      rest -= elements;
      return false;
    });
    return found?.estimate(rest) as Candidate;
  });
  const median = byGas(drawn)[Math.floor(FOR_MEDIAN / 2)] as Candidate;
  return { costliest: byGas(costliest).reverse().slice(0, PLAYED), median };
}

const byGas = (candidates: readonly Candidate[]) => candidates.toSorted((a, b) => a.gas - b.gas);
