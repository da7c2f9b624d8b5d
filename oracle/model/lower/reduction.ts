/** Reductions over axes. Sums of floats are kept in binary64, in memory order, and rounded once. */
import { InvalidNodeError } from "../onnx/errors.ts";
import type { Dtype } from "../tensor.ts";
import { asFloat, type I64, i64, isF64, type Num } from "./expr.ts";
import { type Kernels, load } from "./kernels.ts";
import { contiguousAlong } from "./layout.ts";
import { exp } from "./math/exponential.ts";
import { log } from "./math/logarithm.ts";
import { FLOATS, type NodeContext, NUMBERS, type Operator, taking } from "./operator.ts";
import type { Tensor } from "./tensor.ts";
import { memoryOrder, pick, squeezed } from "./view.ts";

/** What is done to the elements of each slice. */
interface Fold {
  /** The neutral element. */
  readonly init: number | bigint;
  step(accumulator: Num, x: Num): Num;
  /** @param count elements of a slice */
  finish?(accumulator: Num, count: number): Num;
}

/**
 * Reduces `axes` of a tensor, which stay as dimensions of 1.
 * @param others tensors with the dimensions of the result, whose elements `step` gets as well
 */
export function reduceAxes(
  kernels: Kernels,
  x: Tensor,
  axes: readonly number[],
  fold: Omit<Fold, "step"> & { step(accumulator: Num, x: Num, ...others: Num[]): Num },
  dtype: Dtype = x.dtype,
  others: readonly Tensor[] = [],
): Tensor {
  const read = contiguousAlong(kernels, x, axes);
  const order = memoryOrder(read).filter((axis) => axes.includes(axis));
  const digits = pick(read.dims, order);
  const count = digits.reduce((product, dim) => product * dim, 1);
  const dims = x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const { finish } = fold;
  const reduction = {
    digits,
    init: fold.init,
    step: (accumulator: Num, steps: readonly I64[], at: readonly I64[]) => {
      const indices = at.map((index, axis) => steps[order.indexOf(axis)] ?? index);
      return fold.step(accumulator, load(read, indices), ...others.map((other) => load(other, at)));
    },
    ...(finish === undefined ? {} : { finish: (accumulator: Num) => finish(accumulator, count) }),
  };
  return kernels.reduce(dtype, dims, reduction, memoryOrder(read));
}

const isFloat = (dtype: Dtype) => dtype === "f32" || dtype === "f64";

/** The least and the greatest value of a dtype. */
export function extremes(dtype: Dtype): { least: number | bigint; greatest: number | bigint } {
  const signed = (bits: bigint) => ({ least: -(2n ** (bits - 1n)), greatest: 2n ** (bits - 1n) - 1n });
  const unsigned = (bits: bigint) => ({ least: 0n, greatest: 2n ** bits - 1n });
  switch (dtype) {
    case "f32":
    case "f64":
      return { least: Number.NEGATIVE_INFINITY, greatest: Number.POSITIVE_INFINITY };
    case "i8":
      return signed(8n);
    case "i16":
      return signed(16n);
    case "i32":
      return signed(32n);
    case "i64":
      return signed(64n);
    case "u8":
      return unsigned(8n);
    case "u16":
      return unsigned(16n);
    case "u32":
      return unsigned(32n);
    case "bool":
      return unsigned(1n);
  }
}

/** The axes that a node reduces: an input since `inputSince`, an attribute before; all of them if it names none. */
function reducedAxes(node: NodeContext, inputSince: number): number[] {
  const { dims } = node.tensor(0);
  const isEmptyNone = node.attributes.flag("noop_with_empty_axes", false);
  const named = node.attributes.ints("axes") ?? (node.opset >= inputSince ? node.optionalIntegers(1) : undefined);
  if (named === undefined || named.length === 0) return isEmptyNone ? [] : dims.map((_, axis) => axis);
  return named.map((axis) => node.axis(axis, dims.length));
}

function dropped(node: NodeContext, reduced: Tensor, axes: readonly number[]): Tensor {
  return node.attributes.flag("keepdims", true) ? reduced : squeezed(reduced, axes);
}

function reduction(name: string, fold: (dtype: Dtype) => Fold, inputSince = 18, dtypes = NUMBERS): Operator {
  return {
    name,
    since: 1,
    dtypes,
    remark: "known axes",
    lower: (node) => {
      const x = node.tensor(0);
      const axes = reducedAxes(node, inputSince);
      return dropped(node, reduceAxes(node.kernels, x, axes, fold(x.dtype)), axes);
    },
  };
}

const ALL: readonly Dtype[] = [...NUMBERS, "bool"];
const zero = (dtype: Dtype) => (isFloat(dtype) ? 0 : 0n);
const sumOf =
  (term: (x: Num) => Num, finish?: (sum: Num, count: number) => Num) =>
  (dtype: Dtype): Fold => ({
    init: zero(dtype),
    step: (sum, x) => sum.add(term(x)),
    ...(finish === undefined ? {} : { finish }),
  });
/** An integer's root is truncated. */
const squareRoot = (x: Num): Num => (isF64(x) ? x.sqrt() : (x as I64).toF64().sqrt().toI64());

export const REDUCTION: readonly Operator[] = taking(NUMBERS, [
  reduction(
    "ReduceSum",
    sumOf((x) => x),
    13,
  ),
  reduction(
    "ReduceMean",
    sumOf(
      (x) => x,
      (sum, count) => sum.div(count),
    ),
  ),
  reduction(
    "ReduceL1",
    sumOf((x) => x.abs()),
  ),
  reduction(
    "ReduceL2",
    sumOf((x) => x.mul(x), squareRoot),
  ),
  reduction(
    "ReduceSumSquare",
    sumOf((x) => x.mul(x)),
  ),
  reduction(
    "ReduceLogSum",
    sumOf(
      (x) => x,
      (sum) => log(asFloat(sum)),
    ),
    18,
    FLOATS,
  ),
  reduction("ReduceProd", (dtype) => ({ init: isFloat(dtype) ? 1 : 1n, step: (product, x) => product.mul(x) })),
  reduction("ReduceMax", (dtype) => ({ init: extremes(dtype).least, step: (best, x) => best.max(x) }), 18, ALL),
  reduction("ReduceMin", (dtype) => ({ init: extremes(dtype).greatest, step: (best, x) => best.min(x) }), 18, ALL),
  {
    name: "ReduceLogSumExp",
    since: 1,
    dtypes: FLOATS,
    remark: "known axes",
    lower: (node) => {
      const axes = reducedAxes(node, 18);
      const { kernels } = node;
      const x = node.tensor(0);
      const max = finiteMax(kernels, x, axes);
      const sum = expSum(kernels, x, max, axes);
      const result = kernels.elementwise(x.dtype, [sum, max], (s, m) => log(asFloat(s)).add(asFloat(m)));
      return dropped(node, result, axes);
    },
  },
  argument(
    "ArgMax",
    (x, best) => x.gt(best),
    (x, best) => x.ge(best),
  ),
  argument(
    "ArgMin",
    (x, best) => x.lt(best),
    (x, best) => x.le(best),
  ),
]);

/** The maximum along axes, or 0 where that is infinite: what can be subtracted before exp without making a NaN. */
export function finiteMax(kernels: Kernels, x: Tensor, axes: readonly number[]): Tensor {
  return reduceAxes(kernels, x, axes, {
    init: Number.NEGATIVE_INFINITY,
    step: (best, value) => best.max(value),
    finish: (best) => best.abs().eq(Number.POSITIVE_INFINITY).select(0, best),
  });
}

/** The sum of e^(x - max) along axes, as f64. */
function expSum(kernels: Kernels, x: Tensor, max: Tensor, axes: readonly number[]): Tensor {
  const step = (sum: Num, value: Num, m: Num = i64(0)) => sum.add(exp(asFloat(value.sub(m))));
  return reduceAxes(kernels, x, axes, { init: 0, step }, "f64", [max]);
}

type Compare = (x: Num, best: Num) => ReturnType<Num["gt"]>;

/** The index of the first (or last) extreme element along an axis; a NaN in the first place stays. */
function argument(name: string, isBetter: Compare, isAtLeast: Compare): Operator {
  return {
    name,
    since: 1,
    lower: (node) => {
      const { attributes, kernels } = node;
      const x = node.tensor(0);
      const axis = node.axis(attributes.int("axis") ?? 0, x.dims.length);
      const replaces = attributes.flag("select_last_index", false) ? isAtLeast : isBetter;
      if (x.dims[axis] === 0) throw new InvalidNodeError("an axis without elements");
      const read = contiguousAlong(kernels, x, [axis]);
      const dims = x.dims.with(axis, 1);
      const result = kernels.reduce("i64", dims, {
        digits: [x.dims[axis] ?? 1],
        init: 0n,
        step: (best, [index = i64(0)], at) => {
          const candidate = load(read, at.with(axis, index));
          const current = load(read, at.with(axis, best as I64));
          return replaces(candidate, current).select(index, best as I64);
        },
      });
      return attributes.flag("keepdims", true) ? result : squeezed(result, [axis]);
    },
  };
}
