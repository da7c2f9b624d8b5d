/** Operators that place elements by index: what views cannot say. */
import { lookUp } from "../lookup.ts";
import { InvalidNodeError, UnsupportedError } from "../onnx/errors.ts";
import { elementCount, pack } from "../tensor.ts";
import { asInteger, type Condition, type I64, i64, loadElement, type Num } from "./expr.ts";
import { type Kernels, load, position } from "./kernels.ts";
import { type NodeContext, NUMBERS, type Operator } from "./operator.ts";
import { constantTensor, type Tensor } from "./tensor.ts";
import { memoryOrder, sliced, squeezed } from "./view.ts";
import { both, guarded } from "./window.ts";

const OUTSIDE = "an index out of range gives 0";

export const INDEXING: readonly Operator[] = [
  {
    name: "Concat",
    since: 1,
    lower: (node) => {
      const inputs = node.tensors();
      const axis = node.attributes.int("axis") ?? 1;
      return concatenate(node.kernels, inputs, node.axis(axis, node.tensor(0).dims.length));
    },
  },
  { name: "Gather", since: 1, remark: OUTSIDE, lower: gather },
  {
    name: "GatherElements",
    since: 11,
    remark: OUTSIDE,
    lower: (node) => {
      const [data, indices] = [node.tensor(0), node.tensor(1)];
      const axis = node.axis(node.attributes.int("axis") ?? 0, data.dims.length);
      return node.kernels.map(data.dtype, indices.dims, (axes) => {
        const { index, inside } = wrapped(asInteger(load(indices, axes)), data.dims[axis] ?? 0);
        return loadElement(data.source, guarded(inside, position(data, axes.with(axis, index))));
      });
    },
  },
  {
    name: "Pad",
    since: 11,
    remark: "known pads",
    lower: (node) => pad(node, node.integers(1), node.optionalTensor(2), node.optionalIntegers(3)),
  },
  {
    name: "Pad",
    since: 2,
    lower: (node) => {
      const { dtype } = node.tensor(0);
      const value = constantTensor(dtype, [], pack(dtype, [node.attributes.float("value") ?? 0]));
      return pad(node, node.attributes.ints("pads") ?? [], value, undefined);
    },
  },
  {
    name: "Range",
    since: 11,
    dtypes: NUMBERS,
    remark: "known inputs",
    lower: (node) => {
      const [start = 0, limit = 0, delta = 0] = [0, 1, 2].map((i) => node.constant(i)[0]);
      const count = rangeCount(start, limit, delta);
      const [first, step] = [node.tensor(0), node.tensor(2)];
      return node.kernels.map(first.dtype, [count], ([i = i64(0)]) => {
        const base = load(
          first,
          first.dims.map(() => i64(0)),
        );
        const offset = load(
          step,
          step.dims.map(() => i64(0)),
        );
        return base.add(offset.mul(base.type === "f64" ? i.toF64() : i));
      });
    },
  },
];

/** How many steps of `delta` lead from `start` to before `limit`. */
function rangeCount(start: number | bigint, limit: number | bigint, delta: number | bigint): number {
  if (Number(delta) === 0) throw new InvalidNodeError("delta is 0");
  const isWide = typeof start === "bigint" && typeof limit === "bigint" && typeof delta === "bigint";
  // Rounded up: away from 0 towards the last step.
  const steps = isWide
    ? Number((limit - start + delta - (delta > 0n ? 1n : -1n)) / delta)
    : Math.ceil((Number(limit) - Number(start)) / Number(delta));
  const count = Math.max(0, steps);
  if (!Number.isSafeInteger(count)) throw new InvalidNodeError(`from ${start} to ${limit} in steps of ${delta}`);
  return count;
}

/** Code of so many parts fits one section. */
const MAX_PARTS = 8;

/** Tensors one after the other along an axis. */
export function concatenate(kernels: Kernels, inputs: readonly Tensor[], axis: number): Tensor {
  const parts = inputs.filter(({ dims }) => dims[axis] !== 0);
  const [first] = parts.length > 0 ? parts : inputs;
  if (first === undefined) throw new InvalidNodeError("nothing to concatenate");
  if (parts.length <= 1) return first;
  if (parts.length > MAX_PARTS) {
    const size = Math.ceil(parts.length / MAX_PARTS);
    const groups = Array.from({ length: Math.ceil(parts.length / size) }, (_, i) =>
      parts.slice(i * size, (i + 1) * size),
    );
    return concatenate(
      kernels,
      groups.map((group) => concatenate(kernels, group, axis)),
      axis,
    );
  }
  for (const { dims } of parts) {
    const isSame = dims.length === first.dims.length && dims.every((dim, i) => i === axis || dim === first.dims[i]);
    if (!isSame) throw new InvalidNodeError(`[${dims.join(", ")}] after [${first.dims.join(", ")}]`);
  }
  const sizes = parts.map(({ dims }) => dims[axis] ?? 0);
  const dims = first.dims.with(
    axis,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const element = (axes: readonly I64[]) => {
    const along = axes[axis] ?? i64(0);
    let start = dims[axis] ?? 0;
    // From the last part to the first: each is taken where the index is below its end.
    return parts.reduceRight<Num | undefined>((rest, part, i) => {
      const end = start;
      start -= sizes[i] ?? 0;
      const own = along.sub(start);
      const value = loadElement(part.source, guarded(own.isBelow(sizes[i] ?? 0), position(part, axes.with(axis, own))));
      return rest === undefined ? value : along.lt(end).select(value, rest);
    }, undefined);
  };
  return kernels.map(first.dtype, dims, (axes) => element(axes) ?? i64(0), memoryOrder(first));
}

/** An index counted from the end if it is negative, and whether it is inside; outside is an error in ONNX, and 0 here. */
function wrapped(index: I64, size: number): { index: I64; inside: Condition } {
  const counted = index.lt(0).select(index.add(size), index);
  return { index: counted, inside: counted.isBelow(size) };
}

function gather(node: NodeContext): Tensor {
  const [data, indices] = [node.tensor(0), node.tensor(1)];
  const rank = data.dims.length;
  const axis = node.axis(node.attributes.int("axis") ?? 0, rank);
  const size = data.dims[axis] ?? 0;
  if (indices.source.space === "weights" && indices.dims.length === 0) {
    const at = Number(node.constant(1)[0]);
    return squeezed(sliced(data, axis, node.axis(at, size), 1, 1), [axis]);
  }
  const dims = [...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)];
  return node.kernels.map(data.dtype, dims, (axes) => {
    const chosen = axes.slice(axis, axis + indices.dims.length);
    const { index, inside } = wrapped(asInteger(load(indices, chosen)), size);
    const at = [...axes.slice(0, axis), index, ...axes.slice(axis + indices.dims.length)];
    return loadElement(data.source, guarded(inside, position(data, at)));
  });
}

/** Where an element along a padded dimension comes from, and whether it is one of the tensor's. */
type Placement = (place: I64, size: number) => { index: I64; inside: Condition | undefined };

/** No tensor has as many elements, and sums of a few are exact. */
const MAX_PAD = 2 ** 31;

const PLACEMENTS: Readonly<Record<string, Placement>> = {
  constant: (place, size) => ({ index: place, inside: place.isBelow(size) }),
  edge: (place, size) => ({ index: place.max(0).min(size - 1), inside: undefined }),
  // Mirrored at the first and the last element, again and again: with the period 2 (size - 1).
  reflect: (place, size) => {
    const period = Math.max(1, 2 * (size - 1));
    const at = remainder(place, period);
    return { index: at.min(i64(period).sub(at)).min(size - 1), inside: undefined };
  },
  wrap: (place, size) => ({ index: remainder(place, size), inside: undefined }),
};

/** From 0 to below the period. */
function remainder(place: I64, period: number): I64 {
  return place.rem(period).add(period).rem(period);
}

function pad(
  node: NodeContext,
  pads: readonly number[],
  value: Tensor | undefined,
  named: readonly number[] | undefined,
): Tensor {
  const x = node.tensor(0);
  const mode = node.attributes.string("mode") ?? "constant";
  const place = lookUp(PLACEMENTS, mode);
  if (place === undefined) throw new UnsupportedError(`mode ${mode}`);
  const axes = named?.map((axis) => node.axis(axis, x.dims.length)) ?? x.dims.map((_, axis) => axis);
  if (pads.some((amount) => Math.abs(amount) >= MAX_PAD)) throw new InvalidNodeError(`pads [${pads.join(", ")}]`);
  if (pads.length !== 2 * axes.length) throw new InvalidNodeError(`${pads.length} pads for ${axes.length} axes`);
  const [before, after] = [x.dims.map(() => 0), x.dims.map(() => 0)];
  for (const [i, axis] of axes.entries()) {
    before[axis] = pads[i] ?? 0;
    after[axis] = pads[i + axes.length] ?? 0;
  }
  const dims = x.dims.map((dim, axis) => dim + (before[axis] ?? 0) + (after[axis] ?? 0));
  if (dims.some((dim) => dim < 0)) throw new InvalidNodeError(`pads [${pads.join(", ")}]`);
  const isPadded = (axis: number) => before[axis] !== 0 || after[axis] !== 0;
  const element = (at: readonly I64[]) => {
    let inside: Condition | undefined;
    const indices = at.map((index, axis) => {
      if (!isPadded(axis)) return index;
      const along = place(index.sub(before[axis] ?? 0), x.dims[axis] ?? 0);
      inside = both(inside, along.inside);
      return along.index;
    });
    const element = loadElement(x.source, guarded(inside, position(x, indices)));
    if (inside === undefined || value === undefined) return element;
    return inside.select(
      element,
      load(
        value,
        value.dims.map(() => i64(0)),
      ),
    );
  };
  return elementCount(x.dims) === 0 && mode !== "constant"
    ? constantTensor(x.dtype, dims, new Uint8Array(0))
    : node.kernels.map(x.dtype, dims, element, memoryOrder(x));
}
