/**
 * Values that are read many times, computed once into a buffer: padded inputs without a condition, weights in the order
 * in which the vectors of a tile want them.
 */
import { DTYPES, type Dtype } from "../../model/tensor.ts";
import type { SpaceName } from "../descriptor.ts";
import { type Affine, combine } from "./affine.ts";
import { type Atom, atomsOf, overAtoms, valuesOf } from "./atoms.ts";
import { ACCUMULATOR, dependsOn, Graph, type Node } from "./graph.ts";
import { type Interval, isWithin } from "./interval.ts";
import type { KernelGraph } from "./lift.ts";
import { type Address, type Nest, OUTPUT_BASE } from "./nest.ts";
import { rewrite } from "./rewrite.ts";

/** A buffer, and the nests that fill it; together they need not cover all of it. */
export interface Pack {
  readonly nests: readonly Nest[];
  readonly dtype: Dtype;
  readonly bytes: number;
  /** Where a step finds its value, over the loops of the kernel, from the buffer's start. */
  readonly address: Omit<Address, "base">;
  /** Whether it is made of weights only, and so once for all inputs. */
  readonly isConstant: boolean;
}

export interface Packing {
  /** With a `packed` node for each pack, by its position. */
  readonly step: Node;
  readonly packs: readonly Pack[];
}

export interface PackingOptions {
  /** The axis along which steps are computed two by two; undefined for none. */
  readonly vectorAxis: number | undefined;
  /** Its tile. */
  readonly columns: number;
  readonly spaces: readonly SpaceName[];
}

/** Uses of a value that pay for writing and reading it once more, if it could as well be loaded where it is. */
const MIN_USES_OF_LOADED = 32;
/** The same if it could not: it is computed, may be padding, or does not lie where a vector needs it. */
const MIN_USES_OF_COMPUTED = 2;
const MAX_PACK_BYTES = 2 ** 30;
/** f32 holds every integer up to here. */
const F32_INTEGERS: Interval = { low: -(2n ** 24n), high: 2n ** 24n };
/** Nests of one pack: the middle and its borders. */
const MAX_NESTS = 18;

export function packStreams(
  { graph, axisCount, step }: KernelGraph & { step: Node },
  options: PackingOptions,
): Packing {
  const packs: Pack[] = [];
  const replaced = new Map<Node, Node>();
  const rounds = graph.extents.reduce((product, extent) => product * extent, 1);
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    const pack = (node.deps & ACCUMULATOR) === 0 ? packOf(node, graph, axisCount, rounds, options) : undefined;
    if (pack === undefined) return node.args.forEach(visit);
    replaced.set(node, graph.packed(packs.length, node));
    packs.push(pack);
  };
  visit(step);
  const identity = (affine: Affine) => affine;
  const root = packs.length === 0 ? step : rewrite(step, graph, identity, replaced);
  if (root === undefined) throw new TypeError("a step that cannot be written again");
  return { step: root, packs };
}

function packOf(
  node: Node,
  graph: Graph,
  axisCount: number,
  rounds: number,
  options: PackingOptions,
): Pack | undefined {
  const { vectorAxis, spaces } = options;
  const operands = loadedOperands(node);
  const isStream = node.type === "f64" && operands.length > 0 && !hasPacked(node);
  // What only axes decide is computed before the steps anyway.
  const hasDigits = graph.extents.some((_, variable) => variable >= axisCount && dependsOn(node, variable));
  if (!isStream || !hasDigits) return undefined;
  const atoms = atomsOf(node, graph);
  if (atoms === undefined) return undefined;
  const isConstant = operands.every((operand) => spaces[operand] === "weights");
  const uses = rounds / valuesOf(atoms);
  const isDirect = isPlainLoad(node, graph, vectorAxis);
  const least = isDirect && !isConstant ? MIN_USES_OF_LOADED : MIN_USES_OF_COMPUTED;
  if (uses < least) return undefined;
  const layout = layoutOf(atoms, axisCount, isF32(node, graph), options);
  if (layout === undefined || layout.bytes > MAX_PACK_BYTES) return undefined;
  const nests = nestsOf(node, graph, atoms, layout);
  return nests && { nests, dtype: layout.dtype, bytes: layout.bytes, address: layout.address, isConstant };
}

/** Whether every value is one of f32, so that a buffer of f32 holds it. */
function isF32({ kind, args: [x] }: Node, { operands }: Graph): boolean {
  if (kind.op === "load") return operands[kind.operand]?.dtype === "f32";
  return kind.op === "f64.convert_i64_s" && x !== undefined && isWithin(x.range, F32_INTEGERS);
}

function loadedOperands(root: Node): number[] {
  const found = new Set<number>();
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind.op === "load") found.add(node.kind.operand);
    node.args.forEach(visit);
  };
  visit(root);
  return [...found];
}

function hasPacked(node: Node): boolean {
  return node.kind.op === "packed" || node.args.some(hasPacked);
}

/** Whether a node is a load that needs no condition and that vectors can use as it lies. */
function isPlainLoad({ kind, args }: Node, { operands }: Graph, vectorAxis: number | undefined): boolean {
  const [index, guard] = args;
  if (kind.op !== "load" || guard !== undefined || index?.affine === undefined) return false;
  const dtype = operands[kind.operand]?.dtype;
  if (dtype !== "f32" && dtype !== "f64") return false;
  const factor = vectorAxis === undefined ? 0n : (index.affine.factors[vectorAxis] ?? 0n);
  return factor === 0n || factor === 1n;
}

interface PackLayout {
  readonly dtype: Dtype;
  readonly bytes: number;
  /** Over the kernel's loops. */
  readonly address: Omit<Address, "base">;
  /** By atom, in bytes. */
  readonly strides: readonly bigint[];
  /** The atom that is the vector axis, cut into tiles. */
  readonly panel: { readonly atom: number; readonly columns: number; readonly tileStride: bigint } | undefined;
}

/** @param isF32 whether every value is an f32 */
function layoutOf(
  atoms: readonly Atom[],
  axisCount: number,
  isF32: boolean,
  { vectorAxis, columns }: PackingOptions,
): PackLayout | undefined {
  const along = vectorAxis === undefined ? -1 : atoms.findIndex(({ factors }) => factors[vectorAxis] !== 0n);
  if (along < 0 || vectorAxis === undefined) return plainLayout(atoms, orderOf(atoms, axisCount), "f64");
  const atom = atoms[along];
  const isAlone = atom?.factors.every((factor, variable) => (variable === vectorAxis ? factor === 1n : factor === 0n));
  if (isAlone) return panelLayout(atoms, along, isF32 ? "f32" : "f64", { axisCount, columns, vectorAxis });
  if (atom?.factors[vectorAxis] !== 1n) return undefined;
  // Neighbours along the axis are neighbours among the atom's values: it goes innermost.
  const order = orderOf(atoms, axisCount).filter((i) => i !== along);
  return plainLayout(atoms, [...order, along], "f64");
}

/** Outermost first: atoms of axes alone, then those with digits, in the order of the digits. */
function orderOf(atoms: readonly Atom[], axisCount: number): number[] {
  const deepest = ({ factors }: Atom) => factors.findLastIndex((factor) => factor !== 0n);
  const depth = (i: number) => {
    const variable = deepest(atoms[i] as Atom);
    return variable < axisCount ? variable - axisCount : variable;
  };
  return [...atoms.keys()].sort((a, b) => depth(a) - depth(b));
}

function plainLayout(atoms: readonly Atom[], order: readonly number[], dtype: Dtype): PackLayout {
  const strides = atoms.map(() => 0n);
  let bytes = DTYPES[dtype].bytes;
  for (const i of order.toReversed()) {
    strides[i] = BigInt(bytes);
    bytes *= atoms[i]?.extent ?? 1;
  }
  return { dtype, bytes, strides, panel: undefined, address: addressOf(atoms, strides) };
}

/** [axes] [tile of the vector axis] [digits] [column of the tile], f32 where that is exact: half the size. */
function panelLayout(
  atoms: readonly Atom[],
  along: number,
  dtype: "f32" | "f64",
  { axisCount, columns, vectorAxis }: { axisCount: number; columns: number; vectorAxis: number },
): PackLayout {
  const strides = atoms.map(() => 0n);
  const order = orderOf(atoms, axisCount).filter((i) => i !== along);
  const isOfAxes = (i: number) => (atoms[i]?.factors.findLastIndex((factor) => factor !== 0n) ?? 0) < axisCount;
  const width = BigInt(DTYPES[dtype].bytes);
  strides[along] = width;
  let bytes = width * BigInt(columns);
  for (const i of order.filter((atom) => !isOfAxes(atom)).toReversed()) {
    strides[i] = bytes;
    bytes *= BigInt(atoms[i]?.extent ?? 1);
  }
  const tileStride = bytes;
  bytes *= BigInt(Math.ceil((atoms[along]?.extent ?? 1) / columns));
  for (const i of order.filter(isOfAxes).toReversed()) {
    strides[i] = bytes;
    bytes *= BigInt(atoms[i]?.extent ?? 1);
  }
  const address = { ...addressOf(atoms, strides), tileStride };
  address.strides[vectorAxis] = width;
  return { dtype, bytes: Number(bytes), strides, panel: { atom: along, columns, tileStride }, address };
}

function addressOf(atoms: readonly Atom[], strides: readonly bigint[]) {
  const zero: Affine = { constant: 0n, factors: atoms[0]?.factors.map(() => 0n) ?? [] };
  const sum = atoms.reduce(
    (total, { factors, low }, i) => combine(total, { constant: -low, factors }, strides[i] ?? 0n),
    zero,
  );
  return { constant: sum.constant, strides: [...sum.factors] };
}

/** A range of an atom's values, counted from its low end. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Nests that fill the buffer, one for each combination of ranges in which all conditions are decided. */
function nestsOf(node: Node, graph: Graph, atoms: readonly Atom[], layout: PackLayout): Nest[] | undefined {
  const { panel } = layout;
  const divided = (cuts: (atom: number) => number[]) =>
    atoms.map(({ extent }, i) => rangesOf(panel?.atom === i ? panelCuts(atoms, panel) : cuts(i), extent));
  const ranges = divided((i) => cutsOf(node, atoms, i));
  const count = ranges.reduce((product, list) => product * list.length, 1);
  const used = count <= MAX_NESTS ? ranges : divided(() => []);
  const nests: Nest[] = [];
  for (const box of combinations(used)) {
    const nest = nestOf(node, graph, atoms, layout, box);
    if (nest === undefined) return undefined;
    nests.push(nest);
  }
  return nests;
}

/** Where the columns of the last tile begin, if they are fewer. */
function panelCuts(atoms: readonly Atom[], { atom, columns }: { atom: number; columns: number }): number[] {
  const extent = atoms[atom]?.extent ?? 1;
  return [Math.floor(extent / columns) * columns];
}

/** The values of an atom at which a comparison with a constant may change its outcome. */
function cutsOf(root: Node, atoms: readonly Atom[], atom: number): number[] {
  const found: number[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    const [a, b] = node.args;
    if (node.type === "i32" && a?.affine !== undefined && b?.kind.op === "const") {
      const over = overAtoms(a.affine, atoms);
      const isAlone = over?.factors.every((factor, i) => (i === atom ? factor === 1n : factor === 0n));
      if (over !== undefined && isAlone) {
        const zero = -over.constant;
        // An unsigned comparison changes at 0 too; a comparison with `or equal` one later.
        for (const place of [zero, zero + b.kind.value, zero + b.kind.value + 1n]) found.push(Number(place));
      }
    }
    node.args.forEach(visit);
  };
  visit(root);
  return found;
}

function rangesOf(cuts: readonly number[], extent: number): Range[] {
  const inside = cuts.filter((cut) => cut > 0 && cut < extent);
  const ends = [...new Set([0, ...inside, extent])].sort((a, b) => a - b);
  return ends.slice(1).map((to, i) => ({ from: ends[i] ?? 0, to }));
}

function combinations(lists: readonly (readonly Range[])[]): Range[][] {
  return lists.reduce<Range[][]>((all, list) => all.flatMap((head) => list.map((range) => [...head, range])), [[]]);
}

/** The values of `node` for a range of every atom, at their places. */
function nestOf(
  node: Node,
  graph: Graph,
  atoms: readonly Atom[],
  layout: PackLayout,
  box: readonly Range[],
): Nest | undefined {
  const { panel } = layout;
  // The axis of a panel runs in two loops, tiles and columns; all other atoms in one.
  const loops = atoms.flatMap((_, i) => {
    const { from, to } = box[i] as Range;
    const stride = layout.strides[i] ?? 0n;
    if (panel?.atom !== i)
      return [{ atom: i, extent: to - from, factor: 1n, from, stride, base: stride * BigInt(from) }];
    const columns = Math.min(panel.columns, to - from);
    const tiles = (to - from) / columns;
    const base = panel.tileStride * BigInt(from / panel.columns);
    return [
      { atom: i, extent: tiles, factor: BigInt(panel.columns), from, stride: panel.tileStride, base },
      { atom: i, extent: columns, factor: 1n, from: 0, stride, base: 0n },
    ];
  });
  const to = new Graph(
    loops.map(({ extent }) => extent),
    graph.operands,
  );
  const translate = (affine: Affine): Affine | undefined => {
    const over = overAtoms(affine, atoms);
    if (over === undefined) return undefined;
    const constant = loops.reduce(
      (sum, { atom, from }) => sum + (over.factors[atom] ?? 0n) * BigInt(from),
      over.constant,
    );
    return {
      constant,
      factors: loops.map(({ atom, factor, extent }) => (extent === 1 ? 0n : (over.factors[atom] ?? 0n) * factor)),
    };
  };
  const finish = rewrite(node, to, translate);
  if (finish === undefined) return undefined;
  const constant = loops.reduce((sum, { base }) => sum + base, 0n);
  const address = { base: OUTPUT_BASE, constant, strides: loops.map(({ stride }) => stride) };
  const output = { address, dtype: layout.dtype, isHidden: true };
  return { graph: to, axisCount: loops.length, step: undefined, finish, init: 0n, output, packed: [] };
}
