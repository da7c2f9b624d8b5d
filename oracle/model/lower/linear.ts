/** The linear models and the preprocessing of ai.onnx.ml. Their results are f32. */
import { lookUp } from "../lookup.ts";
import { InvalidNodeError } from "../onnx/errors.ts";
import { pack } from "../tensor.ts";
import { asFloat, asInteger, f64, i64, isF64, type Num } from "./expr.ts";
import { load } from "./kernels.ts";
import { matmul } from "./matmul.ts";
import { type NodeContext, NUMBERS, type Operator, taking } from "./operator.ts";
import { reduceAxes } from "./reduction.ts";
import { asRows, bestLabel, binaryLabel, labelsOf, postTransformed, twoScores } from "./scores.ts";
import { constantTensor, type Tensor } from "./tensor.ts";
import { transposed, unsqueezed } from "./view.ts";

const DOMAIN = "ai.onnx.ml";
const LABELS = "labels that are strings cannot be asked for";

export const LINEAR: readonly Operator[] = taking(NUMBERS, [
  {
    domain: DOMAIN,
    name: "LinearRegressor",
    since: 1,
    lower: (node) => {
      const scores = linear(node, node.attributes.int("targets") ?? 1);
      const isPlain = scores.dims[1] === 1 && node.attributes.string("post_transform") !== "PROBIT";
      return isPlain ? scores : postTransformed(node, scores);
    },
  },
  { domain: DOMAIN, name: "LinearClassifier", since: 1, remark: LABELS, lower: classifier },
  {
    domain: DOMAIN,
    name: "Scaler",
    since: 1,
    lower: (node) => {
      const [offset, scale] = [vector(node, "offset", 0), vector(node, "scale", 1)];
      return node.kernels.elementwise("f32", [node.tensor(0), offset, scale], (x, o, s) =>
        toFloat(x).sub(asFloat(o)).mul(asFloat(s)),
      );
    },
  },
  {
    domain: DOMAIN,
    name: "Normalizer",
    since: 1,
    lower: (node) => {
      const norm = lookUp(NORMS, node.attributes.string("norm") ?? "MAX");
      if (norm === undefined) throw new InvalidNodeError("norm");
      const x = node.kernels.elementwise("f32", [node.tensor(0)], toFloat);
      const size = reduceAxes(node.kernels, x, [x.dims.length - 1], norm, "f64");
      return node.kernels.elementwise("f32", [x, size], (value, s) => s.eq(0).select(value, value.div(s)));
    },
  },
  {
    domain: DOMAIN,
    name: "ArrayFeatureExtractor",
    since: 1,
    lower: (node) => {
      const x = node.tensor(0).dims.length === 1 ? unsqueezed(node.tensor(0), [0]) : node.tensor(0);
      const indices = node.kernels.reshape(node.tensor(1), [node.tensor(1).dims.reduce((size, dim) => size * dim, 1)]);
      const last = x.dims.length - 1;
      return node.kernels.map(x.dtype, x.dims.with(last, indices.dims[0] ?? 0), (axes) =>
        load(x, axes.with(last, asInteger(load(indices, [axes[last] ?? i64(0)])))),
      );
    },
  },
]);

const toFloat = (x: Num) => (isF64(x) ? x : asInteger(x).toF64());

const NORMS: Readonly<Record<string, Parameters<typeof reduceAxes>[3]>> = {
  MAX: { init: Number.NEGATIVE_INFINITY, step: (most, x) => most.max(x) },
  L1: { init: 0, step: (sum, x) => sum.add(x.abs()) },
  L2: { init: 0, step: (sum, x) => sum.add(x.mul(x)), finish: (sum) => asFloat(sum).sqrt() },
};

/** An attribute of floats as a tensor that broadcasts along the last axis. */
function vector(node: NodeContext, name: string, fallback: number): Tensor {
  const values = node.attributes.floats(name) ?? [fallback];
  return constantTensor("f32", [values.length], pack("f32", values));
}

/** X [N, F] times the coefficients [targets, F] plus the intercepts, as f32. */
function linear(node: NodeContext, targets: number): Tensor {
  const x = node.kernels.elementwise("f32", [asRows(node, node.tensor(0))], toFloat);
  const features = x.dims[1] ?? 0;
  const coefficients = node.attributes.floats("coefficients") ?? [];
  const intercepts = vector(node, "intercepts", 0);
  if (coefficients.length !== targets * features) {
    throw new InvalidNodeError(`${coefficients.length} coefficients for ${targets} times ${features}`);
  }
  const weights = constantTensor("f32", [targets, features], pack("f32", coefficients));
  const [count] = intercepts.dims;
  return matmul(node.kernels, x, transposed(weights, [1, 0]), {
    finish: (sum, [, target = i64(0)]) => sum.add(load(intercepts, [count === 1 ? i64(0) : target])),
  });
}

function classifier(node: NodeContext): (Tensor | undefined)[] {
  const { attributes, kernels } = node;
  attributes.ignore("multi_class");
  const { count, table } = labelsOf(node, "classlabels_ints");
  const targets = attributes.floats("intercepts")?.length ?? count;
  const scores = linear(node, targets);
  if (targets > 1) {
    return [table === undefined ? undefined : bestLabel(kernels, scores, table), postTransformed(node, scores)];
  }
  const label = table === undefined ? undefined : binaryLabel(kernels, scores, table, (score) => score.gt(0));
  attributes.ignore("post_transform");
  return [
    label,
    count === 2
      ? twoScores(
          kernels,
          scores,
          (s) => f64(1).sub(s),
          (s) => s,
        )
      : scores,
  ];
}
