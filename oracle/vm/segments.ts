/** How the reduce steps of an element are cut, so that each piece fits one proof (docs/kernels.md, "Segments"). */
import { MAX_COST, MAX_LOADS, type Section } from "./section.ts";

const MAX_STEPS = 64;
const MAX_SEGMENTS = 64;

/** A range of steps: `from` included, `to` excluded. */
export interface Segment {
  readonly from: number;
  readonly to: number;
}

/** S: the number of steps that fit one proof. */
export function stepsPerProof({ loads, cost }: Pick<Section, "loads" | "cost">): number {
  // A quotient with divisor 0 is Infinity, which leaves it out.
  return Math.min(MAX_STEPS, Math.floor(MAX_LOADS / loads), Math.floor(MAX_COST / cost));
}

/** The segments of `segment`, in order: one, itself, if it fits a proof of `maxSteps`, at most 64 otherwise. */
export function cutSegment({ from, to }: Segment, maxSteps: number): Segment[] {
  const length = Math.max(maxSteps, Math.ceil((to - from) / MAX_SEGMENTS));
  const count = Math.ceil((to - from) / length);
  return Array.from({ length: count }, (_, i) => ({
    from: from + i * length,
    to: Math.min(to, from + (i + 1) * length),
  }));
}
