/** Normalisations and softmax. Means, variances and sums stay in binary64; only results are rounded. */
import { InvalidNodeError, UnsupportedError } from "../onnx/errors.ts";
import { asFloat, f64, type Num } from "./expr.ts";
import type { Kernels } from "./kernels.ts";
import { exp, expOfF32 } from "./math/exponential.ts";
import { log } from "./math/logarithm.ts";
import { FLOATS, type NodeContext, type Operator, taking } from "./operator.ts";
import { finiteMax, reduceAxes } from "./reduction.ts";
import type { Tensor } from "./tensor.ts";
import { unsqueezed } from "./view.ts";

export const NORMALISATION: readonly Operator[] = taking(FLOATS, [
  { name: "Softmax", since: 1, lower: (node) => softmax(node) },
  { name: "LogSoftmax", since: 1, lower: (node) => logSoftmax(node) },
  {
    name: "BatchNormalization",
    since: 7,
    remark: "inference only",
    lower: (node) => {
      const { attributes } = node;
      attributes.ignore("momentum");
      if (attributes.flag("training_mode", false)) throw new UnsupportedError("training_mode");
      if (!attributes.flag("spatial", true)) throw new UnsupportedError("spatial = 0");
      return batchNormalisation(node, attributes.float("epsilon") ?? 1e-5);
    },
  },
  {
    name: "LayerNormalization",
    since: 17,
    lower: (node) => {
      node.attributes.ignore("stash_type");
      const [x, scale, bias] = [node.tensor(0), node.tensor(1), node.optionalTensor(2)];
      const axis = node.axis(node.attributes.int("axis") ?? -1, x.dims.length);
      const axes = x.dims.map((_, i) => i).filter((i) => i >= axis);
      const { mean, inverse } = moments(node.kernels, x, axes, node.attributes.float("epsilon") ?? 1e-5);
      const y = normalised(node.kernels, x, mean, inverse, scale, bias);
      const rounded = (tensor: Tensor) => node.kernels.elementwise("f32", [tensor], (value) => value);
      return node.node.outputs.length < 2 ? y : [y, rounded(mean), rounded(inverse)];
    },
  },
  {
    name: "InstanceNormalization",
    since: 1,
    lower: (node) => {
      const x = node.tensor(0);
      const axes = x.dims.map((_, i) => i).filter((i) => i >= 2);
      const { mean, inverse } = moments(node.kernels, x, axes, node.attributes.float("epsilon") ?? 1e-5);
      return normalised(node.kernels, x, mean, inverse, perChannel(x, node.tensor(1)), perChannel(x, node.tensor(2)));
    },
  },
]);

/** The axes of a softmax: one since opset 13, before all from one on. */
function softmaxAxes(node: NodeContext): number[] {
  const { dims } = node.tensor(0);
  const axis = node.axis(node.attributes.int("axis") ?? (node.opset >= 13 ? -1 : 1), dims.length);
  return node.opset >= 13 ? [axis] : dims.map((_, i) => i).filter((i) => i >= axis);
}

/** e^(x - max) / sum, the exponentials rounded like any tensor and their sum not. */
function softmax(node: NodeContext): Tensor {
  const { kernels } = node;
  const x = node.tensor(0);
  const axes = softmaxAxes(node);
  const max = finiteMax(kernels, x, axes);
  const power = x.dtype === "f32" ? expOfF32 : exp;
  const powers = kernels.elementwise(x.dtype, [x, max], (value, m) => power(asFloat(value.sub(m))));
  const sum = reduceAxes(kernels, powers, axes, { init: 0, step: (total, value) => total.add(value) }, "f64");
  return kernels.elementwise(x.dtype, [powers, sum], (value, total) => value.div(total));
}

/** x - max - log(sum of e^(x - max)). */
function logSoftmax(node: NodeContext): Tensor {
  const { kernels } = node;
  const x = node.tensor(0);
  const axes = softmaxAxes(node);
  const max = finiteMax(kernels, x, axes);
  const step = (total: Num, value: Num, ...[m = f64(0)]: Num[]) => total.add(exp(asFloat(value.sub(m))));
  const sum = reduceAxes(kernels, x, axes, { init: 0, step, finish: (total) => log(asFloat(total)) }, "f64", [max]);
  return kernels.elementwise(x.dtype, [x, max, sum], (value, m, logSum) => value.sub(m).sub(logSum));
}

/** x a + b, where a and b, per channel and usually constant, are computed once. */
function batchNormalisation(node: NodeContext, epsilon: number): Tensor {
  const { kernels } = node;
  const x = node.tensor(0);
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => perChannel(x, node.tensor(i)));
  if (scale === undefined || bias === undefined || mean === undefined || variance === undefined) {
    throw new InvalidNodeError("an input is missing");
  }
  const factor = kernels.elementwise("f64", [scale, variance], (s, v) => s.div(asFloat(v.add(epsilon)).sqrt()));
  const shift = kernels.elementwise("f64", [bias, mean, factor], (b, m, a) => b.sub(m.mul(a)));
  return kernels.elementwise(x.dtype, [x, factor, shift], (value, a, b) => value.mul(a).add(b));
}

/** A vector of one element per channel, as it broadcasts to x. */
function perChannel(x: Tensor, vector: Tensor): Tensor {
  return unsqueezed(
    vector,
    x.dims.slice(2).map((_, i) => i + 1),
  );
}

/** The mean along axes, and 1 / sqrt(variance + epsilon), as f64. */
function moments(
  kernels: Kernels,
  x: Tensor,
  axes: readonly number[],
  epsilon: number,
): { mean: Tensor; inverse: Tensor } {
  const add = (sum: Num, value: Num) => sum.add(value);
  const mean = reduceAxes(kernels, x, axes, { init: 0, step: add, finish: (sum, n) => sum.div(n) }, "f64");
  const addSquare = (sum: Num, value: Num, ...[m = f64(0)]: Num[]) => {
    const difference = value.sub(m);
    return sum.add(difference.mul(difference));
  };
  const finish = (sum: Num, n: number) => f64(1).div(asFloat(sum.div(n).add(epsilon)).sqrt());
  return { mean, inverse: reduceAxes(kernels, x, axes, { init: 0, step: addSquare, finish }, "f64", [mean]) };
}

/** (x - mean) inverse scale + bias. */
function normalised(
  kernels: Kernels,
  x: Tensor,
  mean: Tensor,
  inverse: Tensor,
  scale: Tensor,
  bias: Tensor | undefined,
): Tensor {
  const inputs = [x, mean, inverse, scale, ...(bias === undefined ? [] : [bias])];
  return kernels.elementwise(x.dtype, inputs, (value, m, i, s, ...[b]) => {
    const scaled = value.sub(m).mul(i).mul(s);
    return b === undefined ? scaled : scaled.add(b);
  });
}
