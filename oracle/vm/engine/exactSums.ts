/**
 * Sums of integers as sums of f64, which vectors add and multiply faster: the same sums as long as no partial one can
 * reach 2^53, below which f64 holds every integer. A product may be -0, a sum that starts at +0 never is.
 */
import type { Affine } from "./affine.ts";
import { ACCUMULATOR, type Graph, type Node, nodesOf } from "./graph.ts";
import { greatest, type Interval, isWithin, rangeOf } from "./interval.ts";
import type { KernelGraph } from "./lift.ts";
import { rewrite } from "./rewrite.ts";

const EXACT: Interval = { low: -(2n ** 53n), high: 2n ** 53n };

/** The same kernel with an f64 accumulator if its steps add up integers that are small enough; else the kernel itself. */
export function withExactSums(kernel: KernelGraph): KernelGraph {
  const { graph, axisCount, step, init } = kernel;
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
  const finished = finishOf(kernel, sum, { low: -most, high: most });
  if (finished === undefined) return kernel;
  return { ...kernel, step: graph.apply("f64.add", [sum, product]), finish: finished, init: Number(init) };
}

/** What a step adds to the accumulator; undefined if it does anything else. */
function addedTerm({ kind, args: [a, b] }: Node): Node | undefined {
  if (kind.op !== "i64.add" || a === undefined || b === undefined) return undefined;
  const [sum, term] = a.kind.op === "accumulator" ? [a, b] : [b, a];
  return sum.kind.op === "accumulator" && (term.deps & ACCUMULATOR) === 0 ? term : undefined;
}

/** `finish` of an f64 sum in place of an i64 one within `bounds`. */
function finishOf({ graph, finish }: KernelGraph, sum: Node, bounds: Interval): Node | undefined {
  const replaced = new Map<Node, Node>();
  for (const node of nodesOf(finish)) {
    const [value] = node.args;
    if (node.kind.op !== "f64.convert_i64_s" || value === undefined || (value.deps & ACCUMULATOR) === 0) continue;
    const exact = exactFloat(value, graph, sum, bounds);
    if (exact !== undefined) replaced.set(node, exact.node);
  }
  replaced.set(graph.accumulator("i64"), graph.apply("i64.trunc_sat_f64_s", [sum]));
  const identity = (affine: Affine) => affine;
  return rewrite(finish, graph, identity, replaced);
}

/** The f64 of an integer that is the sum, or a few integers more or less; undefined for any other. Never -0. */
function exactFloat(
  node: Node,
  graph: Graph,
  sum: Node,
  bounds: Interval,
): { readonly node: Node; readonly range: Interval } | undefined {
  const { op } = node.kind;
  if (op === "accumulator") return { node: sum, range: bounds };
  if ((node.deps & ACCUMULATOR) === 0) {
    if (!isWithin(node.range, EXACT)) return undefined;
    return { node: graph.apply("f64.convert_i64_s", [node]), range: node.range };
  }
  if (op !== "i64.add" && op !== "i64.sub") return undefined;
  const [a, b] = node.args.map((arg) => exactFloat(arg, graph, sum, bounds));
  if (a === undefined || b === undefined) return undefined;
  const range = rangeOf(op, a.range, b.range);
  const isExact = isWithin(range, EXACT);
  return isExact ? { node: graph.apply(op === "i64.add" ? "f64.add" : "f64.sub", [a.node, b.node]), range } : undefined;
}

function magnitude({ low, high }: Interval): bigint {
  return greatest(-low, high);
}
