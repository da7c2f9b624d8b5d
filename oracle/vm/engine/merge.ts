/** Fewer and longer loops: neighbours through which everything runs evenly become one. */
import type { Affine } from "./affine.ts";
import { Graph, type Node } from "./graph.ts";
import type { Address, Nest } from "./nest.ts";
import { rewrite } from "./rewrite.ts";

/**
 * The same nest without loops of one round, and with loops merged.
 * @param fixed an axis that stays as it is, if any
 */
export function mergeLoops(nest: Nest, fixed: number | undefined): { nest: Nest; fixed: number | undefined } {
  let current = { nest, fixed };
  for (let outer = 0; outer + 1 < current.nest.graph.extents.length; ) {
    const merged = mergePair(current.nest, outer, current.fixed);
    if (merged === undefined) outer++;
    else current = { nest: merged, fixed: moved(current.fixed, outer) };
  }
  return current;
}

/** Variables after `outer` are one less. */
const moved = (variable: number | undefined, outer: number) =>
  variable !== undefined && variable > outer ? variable - 1 : variable;

/** `outer` and the variable after it as one; undefined if they do not run evenly. */
function mergePair(nest: Nest, outer: number, fixed: number | undefined): Nest | undefined {
  const { extents } = nest.graph;
  const inner = outer + 1;
  const [rounds = 1, length = 1] = [extents[outer], extents[inner]];
  const isAcross = outer < nest.axisCount && inner >= nest.axisCount;
  if (isAcross || ((outer === fixed || inner === fixed) && rounds > 1 && length > 1)) return undefined;
  /** The strides of the loops that are left, if the pair's fit. */
  const merge = (strides: readonly bigint[]): bigint[] | undefined => {
    const [a = 0n, b = 0n] = [strides[outer], strides[inner]];
    // A loop of one round moves nothing.
    if (rounds === 1) return strides.toSpliced(outer, 1);
    if (length === 1) return strides.toSpliced(inner, 1);
    return a === b * BigInt(length) ? strides.toSpliced(outer, 1) : undefined;
  };
  const mergeAddress = (address: Address): Address | undefined => {
    const strides = merge(address.strides);
    return strides && { ...address, strides };
  };
  const translate = ({ constant, factors }: Affine): Affine | undefined => {
    const merged = merge(factors);
    return merged && { constant, factors: merged };
  };
  const address = mergeAddress(nest.output.address);
  if (address === undefined) return undefined;
  const to = new Graph(extents.toSpliced(outer, 2, rounds * length), nest.graph.operands);
  const packed: Nest["packed"][number][] = [];
  for (const element of nest.packed) {
    const own = mergeAddress(element.address);
    if (own === undefined) return undefined;
    packed.push({ ...element, address: own });
  }
  const step = nest.step && rewrite(nest.step, to, translate, packedNodes(nest, to, outer));
  const finish = rewrite(nest.finish, to, translate, packedNodes(nest, to, outer));
  if (finish === undefined || (nest.step !== undefined && step === undefined)) return undefined;
  const axisCount = inner < nest.axisCount ? nest.axisCount - 1 : nest.axisCount;
  return { ...nest, graph: to, axisCount, step, finish, packed, output: { ...nest.output, address } };
}

/** The nodes of packed values, over the loops that are left. */
function packedNodes({ step, packed }: Nest, to: Graph, outer: number): Map<Node, Node> {
  const found = new Map<Node, Node>();
  if (step === undefined || packed.length === 0) return found;
  const low = (1 << (outer + 1)) - 1;
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind.op === "packed") {
      const deps = (node.deps & low) | ((node.deps >> 1) & ~(low >> 1));
      found.set(node, to.packed(node.kind.pack, { ...node, deps }));
    }
    node.args.forEach(visit);
  };
  visit(step);
  return found;
}
