/** Operators that move data: most are views and leave no kernel. */
import { InvalidNodeError, UnsupportedError } from "../onnx/errors.ts";
import { type Dtype, elementCount, pack } from "../tensor.ts";
import type { NodeContext, Operator } from "./operator.ts";
import { constantTensor, MAX_RANK, type Tensor } from "./tensor.ts";
import { broadcastDims, broadcastTo, sizeOf, sliced, squeezed, transposed, unsqueezed } from "./view.ts";

function i64Constant(values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
  return constantTensor("i64", dims, pack("i64", values));
}

export const MOVEMENT: readonly Operator[] = [
  { name: "Identity", since: 1, lower: (node) => node.value(0) },
  {
    name: "Reshape",
    since: 5,
    remark: "a known shape",
    lower: (node) => reshape(node, node.integers(1), node.attributes.flag("allowzero", false)),
  },
  { name: "Reshape", since: 1, lower: (node) => reshape(node, node.attributes.ints("shape") ?? [], false) },
  {
    name: "Flatten",
    since: 1,
    lower: (node) => {
      const x = node.tensor(0);
      const rank = x.dims.length;
      const axis = node.attributes.int("axis") ?? 1;
      const place = axis === rank ? rank : node.axis(axis, rank);
      return node.kernels.reshape(x, [elementCount(x.dims.slice(0, place)), elementCount(x.dims.slice(place))]);
    },
  },
  {
    name: "Transpose",
    since: 1,
    lower: (node) => {
      const x = node.tensor(0);
      const order = node.attributes.ints("perm") ?? x.dims.map((_, i) => x.dims.length - 1 - i);
      const isPermutation = x.dims.every((_, i) => order.includes(i)) && order.length === x.dims.length;
      if (!isPermutation) throw new InvalidNodeError(`perm [${order.join(", ")}]`);
      return transposed(x, order);
    },
  },
  { name: "Squeeze", since: 13, remark: "known axes", lower: (node) => squeeze(node, node.optionalIntegers(1)) },
  { name: "Squeeze", since: 1, lower: (node) => squeeze(node, node.attributes.ints("axes")) },
  { name: "Unsqueeze", since: 13, remark: "known axes", lower: (node) => unsqueeze(node, node.integers(1)) },
  { name: "Unsqueeze", since: 1, lower: (node) => unsqueeze(node, node.attributes.ints("axes") ?? []) },
  {
    name: "Expand",
    since: 8,
    remark: "a known shape",
    lower: (node) => broadcastTo(node.tensor(0), broadcastDims(node.tensor(0).dims, node.integers(1))),
  },
  {
    name: "Tile",
    since: 6,
    remark: "known repeats",
    lower: (node) => {
      const x = node.tensor(0);
      const repeats = node.integers(1);
      if (repeats.length !== x.dims.length || repeats.some((count) => count < 0)) {
        throw new InvalidNodeError(`repeats [${repeats.join(", ")}]`);
      }
      // A dimension d repeated r times is [r, d] with r repeating, seen as one dimension.
      const outer = unsqueezed(
        x,
        x.dims.map((_, axis) => 2 * axis),
      );
      const pairs = x.dims.flatMap((dim, axis) => [repeats[axis] ?? 1, dim]);
      return node.kernels.reshape(
        broadcastTo(outer, pairs),
        x.dims.map((dim, axis) => dim * (repeats[axis] ?? 1)),
      );
    },
  },
  {
    name: "Slice",
    since: 10,
    remark: "known starts, ends, axes and steps",
    lower: (node) => {
      const starts = node.integers(1);
      return slice(node, starts, node.integers(2), node.optionalIntegers(3), node.optionalIntegers(4));
    },
  },
  {
    name: "Slice",
    since: 1,
    lower: (node) => {
      const { attributes } = node;
      return slice(node, attributes.ints("starts") ?? [], attributes.ints("ends") ?? [], attributes.ints("axes"));
    },
  },
  {
    name: "Split",
    since: 13,
    remark: "known sizes",
    lower: (node) => split(node, node.optionalIntegers(1), node.attributes.int("num_outputs")),
  },
  { name: "Split", since: 1, lower: (node) => split(node, node.attributes.ints("split"), undefined) },
  {
    name: "Shape",
    since: 1,
    lower: (node) => {
      const { dims } = node.tensor(0);
      return i64Constant(dims.slice(node.attributes.int("start") ?? 0, node.attributes.int("end") ?? dims.length));
    },
  },
  { name: "Size", since: 1, lower: (node) => i64Constant([sizeOf(node.tensor(0))], []) },
  { name: "Constant", since: 1, remark: "dense tensors of numbers", lower: constant },
  {
    name: "ConstantOfShape",
    since: 9,
    remark: "a known shape",
    lower: (node) => {
      const value = node.attributes.tensor("value") ?? { dtype: "f32", dims: [1], bytes: new Uint8Array(4) };
      const dims = node.integers(0);
      if (dims.some((dim) => dim < 0)) throw new InvalidNodeError(`shape [${dims.join(", ")}]`);
      return broadcastTo(constantTensor(value.dtype, [], value.bytes), dims);
    },
  },
  {
    name: "Dropout",
    since: 7,
    remark: "inference only",
    lower: (node) => {
      node.attributes.ignore("ratio", "seed");
      const x = node.tensor(0);
      const isTraining = node.optionalTensor(2) !== undefined && Number(node.constant(2)[0]) !== 0;
      if (isTraining) throw new UnsupportedError("training_mode drops elements at random");
      const kept: Dtype = node.opset < 10 ? x.dtype : "bool";
      return [x, broadcastTo(constantTensor(kept, [], pack(kept, [1])), x.dims)];
    },
  },
  {
    // A sequence of maps from labels to scores is given as the tensor of its scores.
    domain: "ai.onnx.ml",
    name: "ZipMap",
    since: 1,
    remark: "gives the tensor of the scores",
    lower: (node) => {
      node.attributes.ignore("classlabels_strings", "classlabels_int64s");
      return node.tensor(0);
    },
  },
];

function reshape(node: NodeContext, shape: readonly number[], allowsZero: boolean): Tensor {
  const x = node.tensor(0);
  const copied = shape.map((dim, axis) => {
    if (dim !== 0 || allowsZero) return dim;
    const own = x.dims[axis];
    if (own === undefined) throw new InvalidNodeError(`shape [${shape.join(", ")}] copies dimension ${axis}`);
    return own;
  });
  const known = elementCount(copied.filter((dim) => dim !== -1));
  const dims = copied.map((dim) => (dim === -1 ? sizeOf(x) / known : dim));
  const isShape =
    copied.filter((dim) => dim === -1).length <= 1 && dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
  if (!isShape) throw new InvalidNodeError(`[${x.dims.join(", ")}] to shape [${shape.join(", ")}]`);
  return node.kernels.reshape(x, dims);
}

function squeeze(node: NodeContext, axes: readonly number[] | undefined): Tensor {
  const x = node.tensor(0);
  const places =
    axes?.map((axis) => node.axis(axis, x.dims.length)) ?? x.dims.flatMap((dim, i) => (dim === 1 ? [i] : []));
  for (const place of places) {
    if (x.dims[place] !== 1) throw new InvalidNodeError(`dimension ${place} is ${x.dims[place]}, not 1`);
  }
  return squeezed(x, places);
}

function unsqueeze(node: NodeContext, axes: readonly number[]): Tensor {
  const x = node.tensor(0);
  const rank = x.dims.length + axes.length;
  if (rank > MAX_RANK) throw new UnsupportedError(`rank ${rank}`);
  const places = axes.map((axis) => node.axis(axis, rank));
  if (new Set(places).size < places.length) throw new InvalidNodeError(`axes [${axes.join(", ")}]`);
  return unsqueezed(x, places);
}

function slice(
  node: NodeContext,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, i) => i),
  steps: readonly number[] = starts.map(() => 1),
): Tensor {
  return axes.reduce((tensor, axis, i) => {
    const [start, end, step] = [starts[i], ends[i], steps[i]];
    if (start === undefined || end === undefined || step === undefined || step === 0) {
      throw new InvalidNodeError(`starts, ends and steps of axis ${axis}`);
    }
    const place = node.axis(axis, tensor.dims.length);
    const dim = tensor.dims[place] ?? 0;
    // Backwards the first element may be the last one, and the end lies before the first.
    const [low, high] = step > 0 ? [0, dim] : [-1, dim - 1];
    const clamp = (at: number, least: number) => Math.min(Math.max(at < 0 ? at + dim : at, least), high);
    const first = clamp(start, step > 0 ? 0 : Math.min(0, high));
    const count = Math.max(0, Math.ceil((clamp(end, low) - first) / step));
    return sliced(tensor, place, first, step, count);
  }, node.tensor(0));
}

function split(node: NodeContext, sizes: readonly number[] | undefined, wanted: number | undefined): Tensor[] {
  const x = node.tensor(0);
  const axis = node.axis(node.attributes.int("axis") ?? 0, x.dims.length);
  const dim = x.dims[axis] ?? 0;
  const parts = node.node.outputs.length;
  if (wanted !== undefined && wanted !== parts)
    throw new InvalidNodeError(`num_outputs ${wanted} for ${parts} outputs`);
  const even = Math.ceil(dim / parts);
  const lengths = sizes ?? Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(even, dim - i * even)));
  const isPartition =
    lengths.every((length) => length >= 0) && lengths.reduce((sum, length) => sum + length, 0) === dim;
  if (!isPartition) throw new InvalidNodeError(`${dim} in parts of [${lengths.join(", ")}]`);
  let start = 0;
  return lengths.map((length) => {
    const part = sliced(x, axis, start, 1, length);
    start += length;
    return part;
  });
}

function constant({ attributes }: NodeContext): Tensor {
  const tensor = attributes.tensor("value");
  if (tensor !== undefined) return constantTensor(tensor.dtype, tensor.dims, tensor.bytes);
  const float = attributes.float("value_float");
  if (float !== undefined) return constantTensor("f32", [], pack("f32", [float]));
  const int = attributes.bigints("value_ints");
  if (int !== undefined) return constantTensor("i64", [int.length], pack("i64", int));
  const floats = attributes.floats("value_floats");
  if (floats !== undefined) return constantTensor("f32", [floats.length], pack("f32", floats));
  const single = attributes.bigint("value_int");
  if (single !== undefined) return constantTensor("i64", [], pack("i64", [single]));
  throw new UnsupportedError("a constant that is no dense tensor of numbers");
}
