/** Activations and elementary functions, element by element. */
import { UnsupportedError } from "../onnx/errors.ts";
import type { Dtype } from "../tensor.ts";
import { asFloat, asInteger, type F64, f64, type I64, i64, isF64, type Num } from "./expr.ts";
import { type Kernels, load } from "./kernels.ts";
import { erf } from "./math/errorFunction.ts";
import { exp, expm1, expOfF32, sigmoid, tanh } from "./math/exponential.ts";
import { gelu, geluTanh } from "./math/gelu.ts";
import { log, softplus } from "./math/logarithm.ts";
import { logPower, powerOf } from "./math/power.ts";
import { FLOATS, type NodeContext, NUMBERS, type Operator, taking } from "./operator.ts";
import type { Tensor } from "./tensor.ts";
import { broadcastDims, broadcastTo, unsqueezed } from "./view.ts";

/** A function of floats, with the values of attributes that have defaults. */
function float<P extends readonly number[]>(
  name: string,
  since: number,
  compute: (x: F64, ...parameters: P) => F64,
  defaults: { readonly [name: string]: number } = {},
): Operator {
  return {
    name,
    since,
    lower: (node) => {
      const parameters = Object.entries(defaults).map(([key, value]) => node.attributes.float(key) ?? value);
      return node.elementwise((x) => compute(asFloat(x), ...(parameters as unknown as P)));
    },
  };
}

/** x where it is above 0, else what `below` makes of it. */
const positiveOr = (x: F64, below: F64) => x.gt(0).select(x, below);

/** x tanh(log(1 + e)) with e = e^x, and 1 + e squared is 1 + n: at 20 tanh is 1 to the last bit. */
const mish = (x: F64) => {
  const e = exp(x.min(20));
  const n = e.mul(e.add(2));
  return x.mul(n.div(n.add(2)));
};

export const ACTIVATION: readonly Operator[] = taking(FLOATS, [
  { name: "Relu", since: 1, dtypes: NUMBERS, lower: (node) => node.elementwise((x) => x.max(0)) },
  float("LeakyRelu", 1, (x, alpha: number) => x.lt(0).select(x.mul(alpha), x), { alpha: 0.01 }),
  float("ThresholdedRelu", 10, (x, alpha: number) => x.gt(alpha).select(x, 0), { alpha: 1 }),
  float("Elu", 1, (x, alpha: number) => positiveOr(x, expm1(x.min(0)).mul(alpha)), { alpha: 1 }),
  float("Celu", 12, (x, alpha: number) => positiveOr(x, expm1(x.min(0).div(alpha)).mul(alpha)), { alpha: 1 }),
  float("Selu", 1, (x, alpha: number, gamma: number) => positiveOr(x, expm1(x.min(0)).mul(alpha)).mul(gamma), {
    alpha: 1.6732631921768188,
    gamma: 1.0507010221481323,
  }),
  float("HardSigmoid", 1, (x, alpha: number, beta: number) => x.mul(alpha).add(beta).max(0).min(1), {
    alpha: 0.20000000298023224,
    beta: 0.5,
  }),
  float("HardSwish", 14, (x) => x.mul(x.div(6).add(0.5).max(0).min(1))),
  float("Sigmoid", 1, sigmoid),
  float("Tanh", 1, tanh),
  float("Softplus", 1, softplus),
  float("Softsign", 1, (x) => x.div(x.abs().add(1))),
  float("Mish", 18, mish),
  float("Swish", 24, (x, alpha: number) => x.mul(sigmoid(x.mul(alpha))), { alpha: 1 }),
  float("Erf", 9, erf),
  {
    name: "Exp",
    since: 1,
    lower: (node) => {
      const compute = node.tensor(0).dtype === "f32" ? expOfF32 : exp;
      return node.elementwise((x) => compute(asFloat(x)));
    },
  },
  float("Log", 1, log),
  {
    name: "Gelu",
    since: 20,
    lower: (node) => {
      const approximate = node.attributes.string("approximate") ?? "none";
      if (approximate !== "none" && approximate !== "tanh") throw new UnsupportedError(`approximate ${approximate}`);
      return node.elementwise((x) => (approximate === "tanh" ? geluTanh : gelu)(asFloat(x)));
    },
  },
  { name: "PRelu", since: 7, dtypes: NUMBERS, lower: (node) => prelu(node, node.tensor(1)) },
  {
    // Before opset 7 the slopes were one per channel.
    name: "PRelu",
    since: 1,
    dtypes: NUMBERS,
    lower: (node) => {
      const slope = node.tensor(1);
      const spatial = node.tensor(0).dims.slice(2);
      return prelu(
        node,
        slope.dims.length === 1
          ? unsqueezed(
              slope,
              spatial.map((_, i) => i + 1),
            )
          : slope,
      );
    },
  },
  {
    name: "Pow",
    since: 7,
    dtypes: NUMBERS,
    remark: "integers wrap; negative exponents of integers give 0 but for the bases 1 and -1",
    lower: (node) => {
      const [x, y] = [node.tensor(0), node.tensor(1)];
      const exponent = y.source.space === "weights" && y.source.count === 1 ? Number(node.constant(1)[0]) : undefined;
      const special = exponent === undefined ? undefined : simplePower(exponent);
      if (special === undefined || !isFloat(x.dtype)) return power(node);
      return node.kernels.elementwise(x.dtype, [x, y], (base) => special(asFloat(base)));
    },
  },
]);

function prelu(node: NodeContext, slope: Tensor): Tensor {
  const x = node.tensor(0);
  return node.kernels.elementwise(x.dtype, [x, broadcastTo(slope, x.dims)], (value, factor) =>
    value.lt(0).select(value.mul(factor), value),
  );
}

/** Powers that need no logarithm, and are exact before the last rounding or nearly so. */
function simplePower(exponent: number): ((x: F64) => F64) | undefined {
  switch (exponent) {
    case 1:
      return (x) => x;
    case 2:
      return (x) => x.mul(x);
    case 3:
      return (x) => x.mul(x).mul(x);
    case 0.5:
      // The root of -0 would be -0, and that of -inf NaN.
      return (x) => x.eq(Number.NEGATIVE_INFINITY).select(Number.POSITIVE_INFINITY, x.add(0).sqrt());
    case -1:
      return (x) => f64(1).div(x);
    default:
      return undefined;
  }
}

function power(node: NodeContext): Tensor {
  const [x, y] = [node.tensor(0), node.tensor(1)];
  const [isFloatBase, isFloatExponent] = [isFloat(x.dtype), isFloat(y.dtype)];
  if (!isFloatBase && !isFloatExponent) return integerPower(node.kernels, x, y);
  // One section has no room for both the logarithm and the exponential.
  const logarithm = node.elementwise((base, exponent) => logPower(toFloat(base), toFloat(exponent)), "f64");
  return node.kernels.elementwise(x.dtype, [x, y, logarithm], (base, exponent, power) => {
    const result = powerOf(toFloat(base), toFloat(exponent), asFloat(power));
    return isFloatBase ? result : result.toI64();
  });
}

const EXPONENT_BITS = 64;

/** Modulo 2^64, by squaring from the highest bit of the exponent on; a negative exponent gives 0, or the base if that is 1 or -1. */
function integerPower(kernels: Kernels, x: Tensor, y: Tensor): Tensor {
  const dims = broadcastDims(x.dims, y.dims);
  const [base, exponent] = [broadcastTo(x, dims), broadcastTo(y, dims)];
  const at = (tensor: Tensor, axes: readonly I64[]) => asInteger(load(tensor, axes));
  return kernels.reduce(x.dtype, dims, {
    digits: [EXPONENT_BITS],
    init: 1n,
    step: (result, [digit = i64(0)], axes) => {
      const bit = at(exponent, axes)
        .shrU(i64(EXPONENT_BITS - 1).sub(digit))
        .bitAnd(1);
      return result.mul(result).mul(bit.ne(0).select(at(base, axes), 1));
    },
    finish: (result, axes) => {
      const isUnit = at(base, axes).add(1).isBelow(3).and(at(base, axes).ne(0));
      return at(exponent, axes).lt(0).and(isUnit.not()).select(i64(0), result);
    },
  });
}

const toFloat = (x: Num): F64 => (isF64(x) ? x : asInteger(x).toF64());
const isFloat = (dtype: Dtype) => dtype === "f32" || dtype === "f64";
