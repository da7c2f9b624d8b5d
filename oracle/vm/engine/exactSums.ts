/**
 * Sums of integers as sums of f64, which vectors add and multiply faster: the same sums as long as no partial one can
 * reach 2^53, below which f64 holds every integer. A product may be -0, a sum that starts at +0 never is.
 */
import type { Affine } from "./affine.ts";
import { ACCUMULATOR, type Graph, type Node } from "./graph.ts";
import { greatest, type Interval, isWithin } from "./interval.ts";
import type { KernelGraph } from "./lift.ts";
import { rewrite } from "./rewrite.ts";

const EXACT: Interval = { low: -(2n ** 53n), high: 2n ** 53n };

/** The same kernel with an f64 accumulator if its steps add up integers that are small enough; else the kernel itself. */
export function withExactSums(kernel: KernelGraph): KernelGraph {
  const { graph, axisCount, step, finish, init } = kernel;
  if (step?.type !== "i64" || typeof init !== "bigint") return kernel;
  const term = addedTerm(step);
  if (term === undefined) return kernel;
  const steps = graph.extents.slice(axisCount).reduce((product, extent) => product * BigInt(extent), 1n);
  const most = magnitude({ low: init, high: init }) + steps * magnitude(term.range);
  const factors = term.kind.op === "i64.mul" ? term.args : [term];
  if (most > EXACT.high || !factors.every(({ range }) => isWithin(range, EXACT))) return kernel;
  const sum = graph.accumulator("f64");
  const [first, ...rest] = factors.map((factor) => graph.apply("f64.convert_i64_s", [factor]));
  if (first === undefined) return kernel;
  const product = rest.reduce((a, b) => graph.apply("f64.mul", [a, b]), first);
  const finished = withAccumulator(finish, graph, graph.apply("i64.trunc_sat_f64_s", [sum]));
  if (finished === undefined) return kernel;
  return { ...kernel, step: graph.apply("f64.add", [sum, product]), finish: finished, init: Number(init) };
}

/** What a step adds to the accumulator; undefined if it does anything else. */
function addedTerm({ kind, args: [a, b] }: Node): Node | undefined {
  if (kind.op !== "i64.add" || a === undefined || b === undefined) return undefined;
  const [sum, term] = a.kind.op === "accumulator" ? [a, b] : [b, a];
  return sum.kind.op === "accumulator" && (term.deps & ACCUMULATOR) === 0 ? term : undefined;
}

/** `root` with another value in place of the i64 accumulator. */
function withAccumulator(root: Node, graph: Graph, value: Node): Node | undefined {
  const identity = (affine: Affine) => affine;
  return rewrite(root, graph, identity, new Map([[graph.accumulator("i64"), value]]));
}

function magnitude({ low, high }: Interval): bigint {
  return greatest(-low, high);
}
