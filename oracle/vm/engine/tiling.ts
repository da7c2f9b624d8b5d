/**
 * How loops run: which elements are computed side by side, and in what order the tiles follow each other. Every sum
 * keeps its order; only what is independent moves. The figures are measured on V8's code for x86-64 with 16 vector
 * registers.
 */
import { DTYPES } from "../../model/tensor.ts";
import { ACCUMULATOR, dependsOn, type Node, nodesOf } from "./graph.ts";
import { isVectorOperator, isVectorShift, LANES } from "./lanes.ts";
import type { Nest, Tiling } from "./nest.ts";

/** Accumulators that stay in registers, and enough of them to hide an addition's latency. */
const ACCUMULATORS = 8;
/** Steps that are written out one after the other if there are no more of them. */
const MAX_UNROLLED_STEPS = 12;
const MAX_UNROLLED_NODES = 400;
/** Bytes of packed values that stay in the cache while other values pass by. */
const CACHE_BYTES = 2 ** 18;

/** The axis along which a kernel's steps are computed two by two: the one along which outputs lie side by side. */
export function vectorAxisOf(extents: readonly number[], axisCount: number): number | undefined {
  const axis = extents.slice(0, axisCount).findLastIndex((extent) => extent > 1);
  return axis < 0 ? undefined : axis;
}

/** Columns of a tile of a kernel that reduces: how many values along the vector axis lie together in packed weights. */
export function columnsOf(extent: number): number {
  return Math.min(ACCUMULATORS, Math.ceil(extent / LANES) * LANES);
}

/** @param columns of the panels that something is packed in, if anything is */
export function tilingOf(nest: Nest, columns?: number): Tiling {
  return nest.step === undefined ? mapTiling(nest) : reductionTiling(nest, nest.step, columns);
}

/** Element by element: two vectors at a time along the output, if most of the code can be done on vectors. */
function mapTiling(nest: Nest): Tiling {
  const { extents } = nest.graph;
  const order = nest.graph.extents.map((_, axis) => axis).slice(0, nest.axisCount);
  const innermost = vectorAxisOf(extents, nest.axisCount);
  const tiles = extents.map(() => 1);
  const plain = { order, tiles, vectorAxis: undefined, panelAxis: undefined };
  if (innermost === undefined || !canTile(nest, innermost)) return plain;
  const size = countNodes(nest.finish);
  const isVector = (extents[innermost] ?? 1) >= LANES && isVectorFriendly(nest.finish, nest, innermost);
  tiles[innermost] = size > 100 ? LANES : 2 * LANES;
  return { ...plain, vectorAxis: isVector ? innermost : undefined };
}

function reductionTiling(nest: Nest, step: Node, panelColumns: number | undefined): Tiling {
  const { extents } = nest.graph;
  const { axisCount } = nest;
  const innermost = vectorAxisOf(extents, axisCount);
  const tiles = extents.map(() => 1);
  const axes = extents.map((_, axis) => axis).slice(0, axisCount);
  if (innermost === undefined || !canTile(nest, innermost)) {
    return { order: axes, tiles: unrolled(nest, step, tiles), vectorAxis: undefined, panelAxis: undefined };
  }
  const isVector = step.type === "f64" && isVectorFriendly(step, nest, innermost);
  const columns = panelColumns ?? columnsOf(extents[innermost] ?? 1);
  tiles[innermost] = columns;
  const rowAxis = rowAxisOf(nest, step, innermost);
  const vectors = isVector ? Math.ceil(columns / LANES) : columns;
  if (rowAxis !== undefined) tiles[rowAxis] = rowsOf(extents[rowAxis] ?? 1, Math.floor(ACCUMULATORS / vectors));
  const order = orderOf(nest, step, axes, innermost, rowAxis);
  return {
    order,
    tiles: unrolled(nest, step, tiles),
    vectorAxis: isVector ? innermost : undefined,
    panelAxis: panelColumns === undefined ? undefined : innermost,
  };
}

/** The axis whose values share most of what is loaded along the vector axis. */
function rowAxisOf(nest: Nest, step: Node, innermost: number): number | undefined {
  const loads = loadsOf(step).filter((node) => dependsOn(node, innermost));
  const { extents } = nest.graph;
  let best: { axis: number; shared: number } | undefined;
  for (let axis = nest.axisCount - 1; axis >= 0; axis--) {
    if (axis === innermost || (extents[axis] ?? 1) < 2 || !canTile(nest, axis)) continue;
    const shared = loads.filter((node) => !dependsOn(node, axis)).length;
    if (shared > (best?.shared ?? 0)) best = { axis, shared };
  }
  return best?.axis;
}

/** A tile's elements are addressed by offsets, which are not negative. */
export function canTile(nest: Nest, variable: number): boolean {
  const loads = [...(nest.step === undefined ? [] : loadsOf(nest.step)), ...loadsOf(nest.finish)];
  return loads.every((node) => (strideAlong(node, nest, variable) ?? 0n) >= 0n);
}

/** As even as possible: 7 rows in tiles of at most 4 are 4 + 3. */
function rowsOf(extent: number, most: number): number {
  if (most < 2) return 1;
  const tiles = Math.ceil(extent / most);
  return Math.ceil(extent / tiles);
}

/**
 * Loops whose rounds read packed weights again come inside of those that change the weights, unless the weights are few:
 * then they stay in the cache, and what they are multiplied with is read once.
 */
function orderOf(
  nest: Nest,
  step: Node,
  axes: readonly number[],
  innermost: number,
  rowAxis: number | undefined,
): number[] {
  const panels = loadsOf(step).filter(({ kind }) => kind.op === "packed" && hasPanel(nest, kind.pack));
  const others = axes.filter((axis) => axis !== innermost);
  const changing = others.filter((axis) => panels.some((node) => dependsOn(node, axis)));
  const rest = others.filter((axis) => !changing.includes(axis) && axis !== rowAxis);
  const rows = rowAxis === undefined || changing.includes(rowAxis) ? [] : [rowAxis];
  const bytes = panels.reduce((sum, { kind }) => sum + (kind.op === "packed" ? panelBytes(nest, kind.pack) : 0), 0);
  const isLarge = bytes > CACHE_BYTES;
  return isLarge ? [...changing, innermost, ...rest, ...rows] : [...changing, ...rest, ...rows, innermost];
}

function hasPanel({ packed }: Nest, pack: number): boolean {
  return packed[pack]?.address.tileStride !== undefined;
}

/** Bytes of all panels that are read for one value of the other axes. */
function panelBytes({ packed, graph, axisCount }: Nest, pack: number): number {
  const element = packed[pack];
  if (element === undefined) return 0;
  const digits = graph.extents.slice(axisCount).reduce((product, extent) => product * extent, 1);
  const columns = graph.extents[axisCount - 1] ?? 1;
  return digits * columns * DTYPES[element.dtype].bytes;
}

/** Writes out the innermost digits if their steps are few. */
function unrolled(nest: Nest, step: Node, tiles: readonly number[]): number[] {
  const { extents } = nest.graph;
  const elements = tiles.reduce((product, tile) => product * tile, 1);
  const nodes = countNodes(step) * elements;
  const result = [...tiles];
  let steps = 1;
  for (let digit = extents.length - 1; digit >= nest.axisCount; digit--) {
    const extent = extents[digit] ?? 1;
    const isWhole = steps * extent <= MAX_UNROLLED_STEPS && steps * extent * nodes <= MAX_UNROLLED_NODES;
    if (!isWhole || !canTile(nest, digit)) {
      if (steps === 1 && canTile(nest, digit)) result[digit] = Math.max(1, Math.min(4, Math.floor(64 / nodes)));
      break;
    }
    result[digit] = extent;
    steps *= extent;
  }
  return result;
}

/** Whether few enough nodes have to be computed lane by lane. */
function isVectorFriendly(root: Node, nest: Nest, axis: number): boolean {
  const counts = { vector: 0, lanes: 0 };
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    const isVarying = dependsOn(node, axis) || (node.deps & ACCUMULATOR) !== 0;
    if (seen.has(node) || !isVarying) return;
    seen.add(node);
    const { op } = node.kind;
    if (op !== "accumulator") counts[isOnVectors(node, nest, axis) ? "vector" : "lanes"]++;
    // Indices that grow evenly are addresses, and cost nothing.
    const isIndexed = op === "load" && node.args[0]?.affine !== undefined;
    if (node.affine === undefined) node.args.slice(isIndexed ? 1 : 0).forEach(visit);
  };
  visit(root);
  return counts.vector >= 3 * counts.lanes;
}

/** Whether there is an instruction that makes a node's values two by two. */
function isOnVectors(node: Node, nest: Nest, axis: number): boolean {
  const { op } = node.kind;
  if (node.affine !== undefined || op === "accumulator" || op === "const" || op === "var") return false;
  if (op === "load" || op === "packed") return isVectorLoad(node, nest, axis);
  const count = node.args[1];
  return isVectorOperator(op) || (isVectorShift(op) && count !== undefined && !dependsOn(count, axis));
}

function isVectorLoad(node: Node, nest: Nest, axis: number): boolean {
  const stride = strideAlong(node, nest, axis);
  if (stride === undefined || node.args[1] !== undefined) return false;
  const { kind } = node;
  const dtype =
    kind.op === "packed"
      ? nest.packed[kind.pack]?.dtype
      : kind.op === "load"
        ? nest.graph.operands[kind.operand]?.dtype
        : undefined;
  if (dtype === undefined) return false;
  return ["f32", "f64", "i32", "u32", "i64"].includes(dtype) && stride === BigInt(DTYPES[dtype].bytes);
}

/** Bytes between the values of a load for neighbouring values of a variable; undefined if they are not even. */
function strideAlong({ kind, args }: Node, { packed, graph }: Nest, variable: number): bigint | undefined {
  if (kind.op === "packed") return packed[kind.pack]?.address.strides[variable];
  const factor = args[0]?.affine?.factors[variable];
  if (kind.op !== "load" || factor === undefined) return undefined;
  return factor * BigInt(DTYPES[graph.operands[kind.operand]?.dtype ?? "u8"].bytes);
}

function loadsOf(root: Node): Node[] {
  return nodesOf(root).filter(({ kind }) => kind.op === "load" || kind.op === "packed");
}

function countNodes(root: Node): number {
  return nodesOf(root).length;
}
