/**
 * What a value really depends on. An input that a window slides over depends on `row + offset`, not on both: its values
 * are few, and can be laid out in a buffer before the loops read each of them many times.
 */
import { type Affine, affineRange, combine, multiplicity } from "./affine.ts";
import type { Graph, Node } from "./graph.ts";

/** A combination of loop variables that a value depends on as a whole. */
export interface Atom {
  /** Of the variables; without constant. */
  readonly factors: readonly bigint[];
  /** The least value; the values are counted from there. */
  readonly low: bigint;
  readonly extent: number;
}

/** Atoms that determine the value of `root`; undefined if no simple ones do. */
export function atomsOf(root: Node, graph: Graph): Atom[] | undefined {
  const { indices, others } = affineLeaves(root);
  const parts: Affine[] = [];
  // What decides about padding has the window's own combinations; the index of a load is made of several of them.
  for (const leaf of others.sort((a, b) => variableCount(a) - variableCount(b))) {
    const rest = reduce(leaf, parts);
    if (variableCount(rest) > 0) parts.push(linear(rest));
  }
  for (const leaf of indices) parts.push(...overlapping(reduce(leaf, parts), graph.extents));
  const isComplete = [...indices, ...others].every((leaf) => variableCount(reduce(leaf, parts)) === 0);
  return isComplete ? parts.map((part) => atomOf(part, graph.extents)) : undefined;
}

/** The affine form over atoms, each counted from its low end; undefined if it is none. */
export function overAtoms(affine: Affine, atoms: readonly Atom[]): Affine | undefined {
  let rest = affine;
  const factors = atoms.map((atom) => {
    const multiple = multiplicity(rest, { constant: 0n, factors: atom.factors }) ?? 0n;
    rest = combine(rest, { constant: -atom.low, factors: atom.factors }, -multiple);
    return multiple;
  });
  return variableCount(rest) === 0 ? { constant: rest.constant, factors } : undefined;
}

export function valuesOf(atoms: readonly Atom[]): number {
  return atoms.reduce((product, { extent }) => product * extent, 1);
}

function affineLeaves(root: Node): { indices: Affine[]; others: Affine[] } {
  const indices: Affine[] = [];
  const others: Affine[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node, isIndex: boolean): void => {
    if (node.affine !== undefined) {
      (isIndex ? indices : others).push(node.affine);
      return;
    }
    if (seen.has(node)) return;
    seen.add(node);
    for (const [i, arg] of node.args.entries()) visit(arg, node.kind.op === "load" && i === 0);
  };
  visit(root, false);
  return { indices, others };
}

/** What is left of a form when the parts are taken out of it. */
function reduce(leaf: Affine, parts: readonly Affine[]): Affine {
  return parts.reduce((rest, part) => combine(rest, part, -(multiplicity(rest, part) ?? 0n)), leaf);
}

/** Variables whose multiples overlap belong together: with fewer values, they reach the same elements. */
function overlapping(affine: Affine, extents: readonly number[]): Affine[] {
  const variables = affine.factors
    .map((factor, variable) => ({ factor, variable, size: factor < 0n ? -factor : factor }))
    .filter(({ factor }) => factor !== 0n)
    .sort((a, b) => (a.size < b.size ? -1 : 1));
  const parts: bigint[][] = [];
  let span = -1n;
  for (const { factor, variable, size } of variables) {
    const last = parts.at(-1);
    const reach = size * BigInt((extents[variable] ?? 1) - 1);
    if (last !== undefined && size <= span) {
      last[variable] = factor;
      span += reach;
    } else {
      parts.push(extents.map((_, v) => (v === variable ? factor : 0n)));
      span = span < 0n ? reach : span + reach;
    }
  }
  return parts.map((factors) => ({ constant: 0n, factors }));
}

function atomOf({ factors }: Affine, extents: readonly number[]): Atom {
  const divisor = factors.reduce((a, b) => gcd(a, b < 0n ? -b : b), 0n);
  const reduced = factors.map((factor) => factor / divisor);
  const { low, high } = affineRange({ constant: 0n, factors: reduced }, extents);
  return { factors: reduced, low, extent: Number(high - low) + 1 };
}

const linear = ({ factors }: Affine): Affine => ({ constant: 0n, factors });

const variableCount = ({ factors }: Affine) => factors.filter((factor) => factor !== 0n).length;

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
