/** What ai.onnx.ml's models do with their scores: post transforms, labels, and the second class of a binary one. */
import { InvalidNodeError, UnsupportedError } from "../onnx/errors.ts";
import { pack } from "../tensor.ts";
import { asFloat, asInteger, type F64, f64, type I64, i64, type Num } from "./expr.ts";
import { concatenate } from "./indexing.ts";
import { type Kernels, load } from "./kernels.ts";
import { exp, sigmoid } from "./math/exponential.ts";
import { log } from "./math/logarithm.ts";
import type { NodeContext } from "./operator.ts";
import { finiteMax, reduceAxes } from "./reduction.ts";
import { constantTensor, type Tensor } from "./tensor.ts";

/** The scores [N, C], C at least 2, after a post transform, as f32. */
export function postTransformed(node: NodeContext, scores: Tensor): Tensor {
  const { kernels } = node;
  const transform = node.attributes.string("post_transform") ?? "NONE";
  const elementwise = (element: (score: F64) => F64) =>
    kernels.elementwise("f32", [scores], (score) => element(asFloat(score)));
  switch (transform) {
    case "NONE":
      return elementwise((score) => score);
    case "LOGISTIC":
      return elementwise(sigmoid);
    case "PROBIT":
      return elementwise(probit);
    case "SOFTMAX":
      return softmax(kernels, scores);
    case "SOFTMAX_ZERO":
      return softmaxZero(kernels, scores);
    default:
      throw new InvalidNodeError(`post_transform ${transform}`);
  }
}

function softmax(kernels: Kernels, scores: Tensor): Tensor {
  const max = finiteMax(kernels, scores, [1]);
  const powers = kernels.elementwise("f64", [scores, max], (score, m) => exp(asFloat(score.sub(m))));
  return shares(kernels, powers, powers);
}

/** What SOFTMAX_ZERO takes for a score of 0: it is multiplied by e^-max, and takes no part in the sum. */
const isAlmostZero = (score: Num) => score.abs().le(0.0000001);

function softmaxZero(kernels: Kernels, scores: Tensor): Tensor {
  const max = finiteMax(kernels, scores, [1]);
  const powers = kernels.elementwise("f64", [scores, max], (score, m) => {
    const power = exp(asFloat(isAlmostZero(score).select(0, score).sub(m)));
    return isAlmostZero(score).select(score.mul(power), power);
  });
  const summed = kernels.elementwise("f64", [scores, powers], (score, power) => isAlmostZero(score).select(0, power));
  return shares(kernels, powers, summed);
}

/** Each element divided by the sum of its row of `summed`. */
function shares(kernels: Kernels, powers: Tensor, summed: Tensor): Tensor {
  const sum = reduceAxes(kernels, summed, [1], { init: 0, step: (total, power) => total.add(power) }, "f64");
  return kernels.elementwise("f32", [powers, sum], (power, total) => power.div(total));
}

/** The normal quantile by S. Winitzki's approximation of the inverse error function, with the constants of ONNX Runtime. */
function probit(score: F64): F64 {
  const a = 0.147;
  const x = score.mul(2).sub(1);
  const l = log(f64(1).sub(x).mul(x.add(1)));
  const first = l.mul(0.5).add(2 / (3.14159 * a));
  const root = first.mul(first).sub(l.div(a)).sqrt().sub(first).sqrt();
  return x.lt(0).select(root.neg(), root).mul(1.41421356);
}

/** Labels by class; ones that are strings have no dtype here, so that nothing may ask for them. */
export function labelsOf(node: NodeContext, integers: string): { count: number; table: Tensor | undefined } {
  const strings = node.attributes.strings("classlabels_strings") ?? [];
  const labels = node.attributes.bigints(integers) ?? [];
  if (strings.length > 0) return { count: strings.length, table: undefined };
  return { count: labels.length, table: constantTensor("i64", [labels.length], pack("i64", labels)) };
}

/** The label of the first of the highest scores [N, C]. */
export function bestLabel(kernels: Kernels, scores: Tensor, table: Tensor): Tensor {
  const [rows = 1, classes = 1] = scores.dims;
  const at = (n: I64, c: I64) => load(scores, [n, c]);
  return kernels.reduce("i64", [rows], {
    digits: [classes],
    init: 0n,
    step: (best, [c = i64(0)], [n = i64(0)]) =>
      at(n, c)
        .gt(at(n, asInteger(best)))
        .select(c, asInteger(best)),
    finish: (best) => load(table, [asInteger(best)]),
  });
}

/** One of the two labels for each row. */
export function binaryLabel(
  kernels: Kernels,
  score: Tensor,
  table: Tensor,
  isPositive: (score: Num) => ReturnType<Num["gt"]>,
): Tensor {
  return kernels.map("i64", [score.dims[0] ?? 1], ([n = i64(0)]) =>
    load(table, [isPositive(load(score, [n, i64(0)])).bit()]),
  );
}

/** [N, 2] from [N, 1]: what the two classes get of the one score. */
export function twoScores(
  kernels: Kernels,
  score: Tensor,
  negative: (s: F64) => F64,
  positive: (s: F64) => F64,
): Tensor {
  const column = (element: (s: F64) => F64) => kernels.elementwise("f32", [score], (s) => element(asFloat(s)));
  return concatenate(kernels, [column(negative), column(positive)], 1);
}

/** A row is a vector, or the only one of a matrix. */
export function asRows(node: NodeContext, x: Tensor): Tensor {
  if (x.dims.length === 2) return x;
  if (x.dims.length !== 1) throw new UnsupportedError(`an input [${x.dims.join(", ")}]`);
  return node.kernels.reshape(x, [1, x.dims[0] ?? 0]);
}
