/**
 * Convolutions. Channels are innermost in memory, for the input, the output and the weights of each output channel, so that a step's
 * neighbours are neighbours in memory and a proof of 64 steps opens few chunks.
 */
import { InvalidNodeError } from "../onnx/errors.ts";
import type { Dtype } from "../tensor.ts";
import { elementCount } from "../tensor.ts";
import { type Condition, type I64, i64, loadElement, type Num } from "./expr.ts";
import { load } from "./kernels.ts";
import { FLOATS, type NodeContext, type Operator, taking } from "./operator.ts";
import type { Tensor } from "./tensor.ts";
import { both, guarded, type Window, windowIndex, windowsOf } from "./window.ts";

export const CONV: readonly Operator[] = taking(FLOATS, [
  {
    name: "Conv",
    since: 1,
    lower: (node) => {
      const [x, w, bias] = [node.tensor(0), node.tensor(1), node.optionalTensor(2)];
      return convolve(node, x, w, {
        dtype: x.dtype,
        init: 0,
        finish: (sum, channel) => (bias === undefined ? sum : sum.add(load(bias, [channel]))),
      });
    },
  },
]);

/** What a convolution does with its products. */
export interface Convolution {
  readonly dtype: Dtype;
  readonly init: number | bigint;
  /** The product of an input and a weight; by default just that. `inside`: whether the input is one, not padding (then it is 0). */
  product?(x: Num, w: Num, channel: I64, inside: Condition | undefined): Num;
  finish?(sum: Num, channel: I64): Num;
}

/**
 * Slides the weights [M, C / group, ...kernel] over x [N, C, ...spatial], as the node's attributes say.
 * @returns a tensor [N, M, ...output]
 */
export function convolve(node: NodeContext, x: Tensor, w: Tensor, convolution: Convolution): Tensor {
  const { kernels, attributes } = node;
  const group = attributes.int("group") ?? 1;
  const [batch = 1, channels = 1, ...spatial] = x.dims;
  const [maps = 1, depth = 1, ...kernel] = w.dims;
  const isConvolution = x.dims.length >= 3 && w.dims.length === x.dims.length && depth * group === channels;
  const shape = attributes.ints("kernel_shape") ?? kernel;
  if (!isConvolution || maps % group !== 0 || shape.some((size, axis) => size !== kernel[axis])) {
    throw new InvalidNodeError(`[${x.dims.join(", ")}] with weights [${w.dims.join(", ")}] in ${group} groups`);
  }
  const windows = windowsOf(node, spatial, kernel);
  const places = spatial.map((_, axis) => axis + 2);
  const input = kernels.laidOut(x, [0, ...places, 1]);
  const weights = kernels.laidOut(w, [0, ...places, 1]);
  const gather =
    depth === channels ? gatherWhole(windows, channels) : gatherGroup(windows, channels, depth, maps / group);
  const steps = elementCount(gather.digits);
  const dims = [batch, maps, ...windows.map(({ output }) => output)];
  const { init, dtype, finish = (sum) => sum, product = (a, b) => a.mul(b) } = convolution;
  const step = (sum: Num, digits: readonly I64[], [n = i64(0), channel = i64(0), ...output]: readonly I64[]) => {
    const { index, inside } = gather.at(n, channel, output, digits);
    const weight = loadElement(
      weights.source,
      linear(digits, gather.digits).add(channel.mul(steps)).add(weights.offset),
    );
    return sum.add(product(loadElement(input.source, guarded(inside, index)), weight, channel, inside));
  };
  const reduction = {
    digits: gather.digits,
    init,
    step,
    finish: (sum: Num, [, channel = i64(0)]: readonly I64[]) => finish(sum, channel),
  };
  return kernels.reduce(dtype, dims, reduction, [0, ...places, 1]);
}

/** How the steps of an output element walk over the input. */
interface Gather {
  readonly digits: readonly number[];
  at(
    n: I64,
    channel: I64,
    output: readonly I64[],
    digits: readonly I64[],
  ): { index: I64; inside: Condition | undefined };
}

/**
 * All channels: the last spatial digit and the channel are one, which counts elements of a row, if the window is without gaps:
 * fewer digits, fewer instructions, and one comparison bounds both.
 */
function gatherWhole(windows: readonly Window[], channels: number): Gather {
  const last = windows.at(-1);
  if (last === undefined || last.dilation !== 1) return gatherGroup(windows, channels, channels, 1);
  const row: Window = {
    ...last,
    input: last.input * channels,
    kernel: last.kernel * channels,
    stride: last.stride * channels,
    begin: last.begin * channels,
  };
  const merged = [...windows.slice(0, -1), row];
  return {
    digits: merged.map(({ kernel }) => kernel),
    at: (n, _channel, output, digits) => locate(merged, n, output, digits),
  };
}

/** The channels of the output channel's group. */
function gatherGroup(windows: readonly Window[], channels: number, depth: number, mapsPerGroup: number): Gather {
  return {
    digits: [...windows.map(({ kernel }) => kernel), depth],
    at: (n, channel, output, digits) => {
      const { index, inside } = locate(windows, n, output, digits.slice(0, -1));
      const first = depth === channels ? i64(0) : channel.div(mapsPerGroup).mul(depth);
      return {
        index: index
          .mul(channels)
          .add(first)
          .add(digits.at(-1) ?? i64(0)),
        inside,
      };
    },
  };
}

/** The row-major position of a window's element, counted in elements of the last window's dimension. */
function locate(windows: readonly Window[], n: I64, output: readonly I64[], digits: readonly I64[]) {
  let index = n;
  let inside: Condition | undefined;
  for (const [axis, window] of windows.entries()) {
    const along = windowIndex(window, output[axis] ?? i64(0), digits[axis] ?? i64(0));
    index = index.mul(window.input).add(along.index);
    inside = both(inside, along.inside);
  }
  return { index, inside };
}

/** The row-major position of indices among extents. */
function linear(indices: readonly I64[], extents: readonly number[]): I64 {
  return indices.reduce((sum, index, i) => sum.mul(extents[i] ?? 1).add(index), i64(0));
}
