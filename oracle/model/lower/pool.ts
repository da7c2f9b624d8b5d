/** Pools: windows without weights. */
import { InvalidNodeError, UnsupportedError } from "../onnx/errors.ts";
import { asInteger, type Condition, type I64, i64, loadElement, type Num } from "./expr.ts";
import { position } from "./kernels.ts";
import { FLOATS, type NodeContext, NUMBERS, type Operator, taking } from "./operator.ts";
import { extremes, reduceAxes } from "./reduction.ts";
import type { Tensor } from "./tensor.ts";
import { memoryOrder } from "./view.ts";
import { both, guarded, isPadded, type Window, windowIndex, windowsOf } from "./window.ts";

export const POOL: readonly Operator[] = taking(FLOATS, [
  {
    name: "MaxPool",
    since: 1,
    dtypes: NUMBERS,
    lower: (node) => {
      const storageOrder = node.attributes.int("storage_order") ?? 0;
      const values = maxPool(node);
      return node.node.outputs.length < 2 ? values : [values, maxIndices(node, storageOrder === 1)];
    },
  },
  {
    name: "AveragePool",
    since: 1,
    lower: (node) => {
      const includesPadding = node.attributes.flag("count_include_pad", false);
      return pool(node, {
        init: 0,
        step: (sum, x) => sum.add(x),
        finish: (sum, windows, output) => sum.div(covered(windows, output, includesPadding).toF64()),
      });
    },
  },
  global("GlobalAveragePool", { init: 0, step: (sum, x) => sum.add(x), finish: (sum, count) => sum.div(count) }),
  global("GlobalMaxPool", { init: Number.NEGATIVE_INFINITY, step: (best, x) => best.max(x) }),
]);

function global(name: string, fold: Parameters<typeof reduceAxes>[3]): Operator {
  return {
    name,
    since: 1,
    lower: (node) => {
      const x = node.tensor(0);
      return reduceAxes(
        node.kernels,
        x,
        x.dims.slice(2).map((_, axis) => axis + 2),
        fold,
      );
    },
  };
}

interface Pool {
  readonly init: number | bigint;
  /** An element in the padding is 0, and `inside` says so. */
  step(accumulator: Num, x: Num, inside: Condition | undefined): Num;
  finish?(accumulator: Num, windows: readonly Window[], output: readonly I64[]): Num;
}

function maxPool(node: NodeContext): Tensor {
  return pool(node, {
    init: extremes(node.tensor(0).dtype).least,
    step: (best, x, inside) => (inside === undefined ? best.max(x) : inside.select(best.max(x), best)),
  });
}

function poolWindows(node: NodeContext, x: Tensor): Window[] {
  const kernel = node.attributes.ints("kernel_shape");
  if (kernel === undefined) throw new InvalidNodeError("kernel_shape is missing");
  return windowsOf(node, x.dims.slice(2), kernel);
}

function pool(node: NodeContext, { init, step, finish }: Pool): Tensor {
  const x = node.tensor(0);
  const windows = poolWindows(node, x);
  const dims = [...x.dims.slice(0, 2), ...windows.map(({ output }) => output)];
  const reduction = {
    digits: windows.map(({ kernel }) => kernel),
    init,
    step: (accumulator: Num, digits: readonly I64[], axes: readonly I64[]) => {
      const { index, inside } = locate(x, windows, axes, digits);
      return step(accumulator, loadElement(x.source, guarded(inside, index)), inside);
    },
    ...(finish === undefined
      ? {}
      : { finish: (sum: Num, axes: readonly I64[]) => finish(sum, windows, axes.slice(2)) }),
  };
  return node.kernels.reduce(x.dtype, dims, reduction, memoryOrder(x));
}

function locate(x: Tensor, windows: readonly Window[], axes: readonly I64[], digits: readonly I64[]) {
  const [n = i64(0), channel = i64(0), ...output] = axes;
  const along = windows.map((window, i) => windowIndex(window, output[i] ?? i64(0), digits[i] ?? i64(0)));
  const inside = along.reduce<Condition | undefined>((all, one) => both(all, one.inside), undefined);
  return { index: position(x, [n, channel, ...along.map(({ index }) => index)]), inside };
}

/** Where the maxima lie in x, as row-major positions; column-major within the two spatial dimensions if the node wants that. */
function maxIndices(node: NodeContext, isColumnMajor: boolean): Tensor {
  const x = node.kernels.rowMajor(node.tensor(0));
  const windows = poolWindows(node, x);
  const dims = [...x.dims.slice(0, 2), ...windows.map(({ output }) => output)];
  const [rows = 1, columns = 1, ...more] = windows.map(({ input }) => input);
  if (isColumnMajor && (windows.length !== 2 || more.length > 0))
    throw new UnsupportedError("storage_order 1 in other than 2 dimensions");
  return node.kernels.reduce("i64", dims, {
    digits: windows.map(({ kernel }) => kernel),
    init: -1n,
    step: (best, digits, axes) => {
      const { index, inside } = locate(x, windows, axes, digits);
      const at = guarded(inside, index);
      const known = asInteger(best);
      const isBetter = loadElement(x.source, at).gt(loadElement(x.source, known)).or(known.lt(0));
      const replaces = inside === undefined ? isBetter : isBetter.and(inside);
      return replaces.select(at, known);
    },
    finish: (best) => {
      if (!isColumnMajor) return best;
      const at = asInteger(best);
      const within = at.rem(rows * columns);
      return at.sub(within).add(within.rem(columns).mul(rows)).add(within.div(columns));
    },
  });
}

/** How many elements of a window count: those inside of the input, or of the padded input. */
function covered(windows: readonly Window[], output: readonly I64[], includesPadding: boolean): I64 {
  return windows.reduce((count, window, axis) => {
    const { input, kernel, stride, dilation, begin, end } = window;
    if (!isPadded(window)) return count.mul(kernel);
    const start = (output[axis] ?? i64(0)).mul(stride).sub(begin);
    const high = includesPadding ? input + end : input;
    const upTo = i64(high + dilation - 1)
      .sub(start)
      .div(dilation)
      .min(kernel);
    const before = includesPadding
      ? i64(0)
      : i64(dilation - 1)
          .sub(start)
          .div(dilation)
          .max(0);
    return count.mul(upTo.sub(before));
  }, i64(1));
}
