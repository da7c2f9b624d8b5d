/** The accumulators between the segments of a long reduction (docs/kernels.md, "Segments"). */
import { concatBytes } from "@noble/hashes/utils";
import { fromHex, toHex } from "../vm/keccak.ts";
import { evaluateSegment, type Run } from "../vm/reference.ts";
import { cutSegment, type Segment } from "../vm/segments.ts";
import type { Spaces } from "../vm/spaces.ts";
import type { ValidKernel } from "../vm/validate.ts";
import { decodeValue, type Value } from "../vm/value.ts";
import type { Focus } from "./session.ts";

const SUM_BYTES = 8;

/** Where a focus's sums are: a kernel that has long reductions, and what it loads from. */
export interface Reduction {
  readonly valid: ValidKernel;
  readonly spaces: Spaces;
  readonly focus: Focus;
}

/** The pieces of a focus. */
export function segmentsOf({ from, to, stepsPerProof }: Focus): Segment[] {
  return cutSegment({ from, to }, stepsPerProof);
}

/** The sums as the program gives them from the focus's beginning on: one fewer than segments, 8 bytes each. */
export function sumsOf(reduction: Reduction): Uint8Array {
  let before = beforeSegment(reduction, new Uint8Array(0), 0);
  const sums = segmentsOf(reduction.focus)
    .slice(0, -1)
    .map((segment) => {
      const sum = evaluateSegment(reduction.valid, reduction.spaces, runOf(reduction, segment, before));
      before = accumulatorFrom(reduction, sum);
      return sum;
    });
  return concatBytes(...sums);
}

/** A segment, run from what the operator claims to be before it. */
export function claimedRun(reduction: Reduction, sums: Uint8Array, segment: number): Run {
  const piece = segmentsOf(reduction.focus)[segment];
  if (piece === undefined) throw new RangeError(`there is no segment ${segment}`);
  return runOf(reduction, piece, beforeSegment(reduction, sums, segment));
}

/**
 * The first segment that does not end as the operator claims. It begins with a right accumulator, as the focus does: so
 * whatever it is cut into, one of the parts is wrong, and begins with a right one. Undefined if the claim is right.
 * @param sums what the operator claims
 */
export function firstFalseSegment(reduction: Reduction, sums: Uint8Array): number | undefined {
  const claimedEnds = [...sumsIn(sums), fromHex(reduction.focus.after_)];
  for (const [segment, claimed] of claimedEnds.entries()) {
    const end = evaluateSegment(reduction.valid, reduction.spaces, claimedRun(reduction, sums, segment));
    // A stored element is shorter than the field for it.
    if (toHex(end) !== toHex(claimed.subarray(0, end.length))) return segment;
  }
  return undefined;
}

function sumsIn(sums: Uint8Array): Uint8Array[] {
  return Array.from({ length: sums.length / SUM_BYTES }, (_, i) => sums.subarray(i * SUM_BYTES, (i + 1) * SUM_BYTES));
}

function runOf({ focus }: Reduction, { from, to }: Segment, accumulator: Value): Run {
  return { element: focus.element, from, to, accumulator };
}

function beforeSegment(reduction: Reduction, sums: Uint8Array, segment: number): Value {
  const { focus, valid } = reduction;
  if (segment > 0) return accumulatorFrom(reduction, sums.subarray((segment - 1) * SUM_BYTES, segment * SUM_BYTES));
  return focus.from === 0 ? valid.kernel.init : accumulatorFrom(reduction, fromHex(focus.before));
}

/** The chain takes no other form of a NaN. */
function accumulatorFrom({ valid }: Reduction, sum: Uint8Array): Value {
  const { accumulator } = valid.kernel;
  const value = accumulator === "none" ? undefined : decodeValue(accumulator, sum);
  if (value === undefined) throw new RangeError(`${toHex(sum)} is no accumulator`);
  return value;
}
