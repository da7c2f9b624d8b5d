/**
 * Quantised operators, equal to ONNX Runtime bit for bit: every f32 operation that it makes is one rounding here (`roundF32`; a
 * product of two f32 is exact before it), and sums of integers are exact.
 */
import { dtypeOfElementType } from "../onnx/constants.ts";
import { InvalidNodeError } from "../onnx/errors.ts";
import { DTYPES, type Dtype, unpack } from "../tensor.ts";
import { type Convolution, convolve } from "./conv.ts";
import { asFloat, asInteger, type F64, f64, type I64, i64, isF64, type Num } from "./expr.ts";
import { type Kernels, load } from "./kernels.ts";
import { matmul, productDims } from "./matmul.ts";
import type { NodeContext, Operator } from "./operator.ts";
import { extremes, reduceAxes } from "./reduction.ts";
import type { Tensor } from "./tensor.ts";
import { broadcastTo, sizeOf, sliced, unsqueezed } from "./view.ts";

const BYTES: readonly Dtype[] = ["i8", "u8"];
const AS_ORT = "as ONNX Runtime, bit for bit";

export const QUANTISED: readonly Operator[] = [
  {
    name: "QuantizeLinear",
    since: 10,
    dtypes: ["f32", "i32"],
    remark: AS_ORT,
    lower: (node) => {
      node.attributes.ignore("saturate", "precision");
      const [x, scale, zero] = [node.tensor(0), node.tensor(1), node.optionalTensor(2)];
      const named = node.attributes.int("output_dtype") ?? 0;
      const dtype = zero?.dtype ?? (named === 0 ? "u8" : dtypeOfElementType(named));
      const inputs = [x, ...parametersOf(node, x, scale, zero)];
      return node.kernels.elementwise(dtype, inputs, (value, s, z = i64(0)) =>
        quantised(toFloat(value).div(asFloat(s)).roundF32(), toFloat(z), dtype),
      );
    },
  },
  {
    name: "DequantizeLinear",
    since: 10,
    dtypes: ["i8", "u8", "i16", "u16", "i32"],
    lower: (node) => {
      node.attributes.ignore("output_dtype");
      const [x, scale, zero] = [node.tensor(0), node.tensor(1), node.optionalTensor(2)];
      // Differences of narrow integers are f32 as they are.
      const isNarrow = DTYPES[x.dtype].bytes < 4;
      return node.kernels.elementwise(
        scale.dtype,
        [x, ...parametersOf(node, x, scale, zero)],
        (value, s, z = i64(0)) => {
          const difference = asInteger(value).sub(asInteger(z)).toF64();
          return (isNarrow ? difference : difference.roundF32()).mul(asFloat(s));
        },
      );
    },
  },
  { name: "DynamicQuantizeLinear", since: 11, dtypes: ["f32"], lower: dynamicQuantize },
  {
    name: "MatMulInteger",
    since: 10,
    dtypes: BYTES,
    lower: (node) => {
      const [a, b, zeroA, zeroB] = [node.tensor(0), node.tensor(1), node.optionalTensor(2), node.optionalTensor(3)];
      return matmul(node.kernels, a, b, { dtype: "i32", product: integerProduct(a, b, zeroA, zeroB) });
    },
  },
  {
    name: "QLinearMatMul",
    since: 10,
    dtypes: BYTES,
    remark: AS_ORT,
    lower: (node) => {
      const [a, scaleA, zeroA] = [node.tensor(0), node.tensor(1), node.tensor(2)];
      const [b, scaleB, zeroB] = [node.tensor(3), node.tensor(4), node.tensor(5)];
      const [scaleY, zeroY] = [node.tensor(6), node.tensor(7)];
      const dims = productDims(a, b);
      const scale = requantisingScale(node.kernels, perRow(scaleA), scaleB, scaleY);
      const [scaleAt, zeroAt] = [reader(scale, dims), reader(zeroY, dims)];
      return matmul(node.kernels, a, b, {
        dtype: zeroY.dtype,
        product: integerProduct(a, b, zeroA, zeroB),
        finish: (sum, at) => requantised(asInteger(sum), scaleAt(at), zeroAt(at), zeroY.dtype),
      });
    },
  },
  {
    name: "ConvInteger",
    since: 10,
    dtypes: BYTES,
    lower: (node) => {
      const [x, w, zeroX, zeroW] = [node.tensor(0), node.tensor(1), node.optionalTensor(2), node.optionalTensor(3)];
      return convolve(node, x, w, { dtype: "i32", init: 0n, product: windowProduct(w, zeroX, zeroW) });
    },
  },
  {
    name: "QLinearConv",
    since: 10,
    dtypes: BYTES,
    remark: AS_ORT,
    lower: (node) => {
      const [x, scaleX, zeroX] = [node.tensor(0), node.tensor(1), node.tensor(2)];
      const [w, scaleW, zeroW] = [node.tensor(3), node.tensor(4), node.tensor(5)];
      const [scaleY, zeroY, bias] = [node.tensor(6), node.tensor(7), node.optionalTensor(8)];
      const channels = [w.dims[0] ?? 1];
      const scale = reader(requantisingScale(node.kernels, scaleX, scaleW, scaleY), channels);
      const [zeroAt, biasAt] = [reader(zeroY, channels), reader(bias, channels)];
      return convolve(node, x, w, {
        dtype: zeroY.dtype,
        init: 0n,
        product: windowProduct(w, zeroX, zeroW),
        finish: (sum, channel) => {
          const biased = asInteger(sum).add(asInteger(biasAt([channel])));
          return requantised(biased, scale([channel]), zeroAt([channel]), zeroY.dtype);
        },
      });
    },
  },
];

const toFloat = (x: Num): F64 => (isF64(x) ? x : asInteger(x).toF64());

/** To the nearest integer, plus the zero point, within the dtype. */
function quantised(scaled: F64, zero: F64, dtype: Dtype): I64 {
  const { least, greatest } = extremes(dtype);
  return scaled.nearest().add(zero).max(least).min(greatest).toI64();
}

/** A sum of integers to the output's scale, clamped before it is rounded. */
function requantised(sum: I64, scale: Num, zero: Num, dtype: Dtype): I64 {
  const { least, greatest } = extremes(dtype);
  const z = toFloat(zero);
  const scaled = sum.toF64().roundF32().mul(asFloat(scale)).roundF32();
  return scaled
    .max(f64(Number(least)).sub(z))
    .min(f64(Number(greatest)).sub(z))
    .nearest()
    .add(z)
    .toI64();
}

/** What a sum is multiplied by: fr(fr(a b) / y), fr being the rounding to f32. */
function requantisingScale(kernels: Kernels, a: Tensor, b: Tensor, y: Tensor): Tensor {
  return kernels.elementwise("f32", [a, b, y], (first, second, third) =>
    asFloat(first.mul(second)).roundF32().div(asFloat(third)),
  );
}

/** The elements of a tensor that broadcasts to `dims`, as literals if it is one known integer; 0 if there is none. */
function reader(tensor: Tensor | undefined, dims: readonly number[]): (at: readonly I64[]) => Num {
  if (tensor === undefined) return () => i64(0);
  const view = broadcastTo(tensor, dims);
  const { source, dtype } = tensor;
  if (source.space !== "weights" || sizeOf(tensor) !== 1 || dtype === "f32" || dtype === "f64")
    return (at) => load(view, at);
  const literal = i64(BigInt(unpack(dtype, source.bytes)[tensor.offset] ?? 0));
  return () => literal;
}

/** A parameter of one element per row of a matrix, as it broadcasts to products. */
function perRow(parameter: Tensor): Tensor {
  return parameter.dims.length === 1 ? unsqueezed(parameter, [1]) : parameter;
}

/** The product of elements less their zero points: one of each tensor, or one per row of `a` and column of `b`. */
function integerProduct(a: Tensor, b: Tensor, zeroA: Tensor | undefined, zeroB: Tensor | undefined) {
  const dims = productDims(a, b);
  const [zeroAtA, zeroAtB] = [reader(zeroA === undefined ? undefined : perRow(zeroA), dims), reader(zeroB, dims)];
  return (x: Num, y: Num, at: readonly I64[]) => x.sub(zeroAtA(at)).mul(y.sub(zeroAtB(at)));
}

/** The same in a window, whose padding is the zero point and so contributes nothing; the weights' is per output channel. */
function windowProduct(
  w: Tensor,
  zeroX: Tensor | undefined,
  zeroW: Tensor | undefined,
): NonNullable<Convolution["product"]> {
  const channels = [w.dims[0] ?? 1];
  const [zeroAtX, zeroAtW] = [reader(zeroX, channels), reader(zeroW, channels)];
  return (x, weight, channel, inside) => {
    const zero = zeroAtX([channel]);
    const isPlain = inside === undefined || zero.constant === 0n;
    const difference = isPlain ? x.sub(zero) : inside.select(x.sub(zero), i64(0));
    return difference.mul(weight.sub(zeroAtW([channel])));
  };
}

/** Scale and zero point as they broadcast to x: of all of it, of each index along an axis, or of each block along it. */
function parametersOf(node: NodeContext, x: Tensor, ...parameters: readonly (Tensor | undefined)[]): Tensor[] {
  const axis = node.attributes.int("axis") ?? 1;
  const block = node.attributes.int("block_size") ?? 0;
  return parameters.flatMap((parameter) => {
    if (parameter === undefined) return [];
    if (sizeOf(parameter) === 1) return [node.kernels.reshape(parameter, [])];
    const place = node.axis(axis, x.dims.length);
    if (block > 0) return [blocks(node.kernels, parameter, place, block, x.dims[place] ?? 0)];
    if (parameter.dims.length !== 1)
      throw new InvalidNodeError(`a scale [${parameter.dims.join(", ")}] without blocks`);
    return [
      unsqueezed(
        parameter,
        x.dims.slice(place + 1).map((_, i) => i + 1),
      ),
    ];
  });
}

/** Each element along an axis repeated, `size` elements in all. */
function blocks(kernels: Kernels, parameter: Tensor, axis: number, block: number, size: number): Tensor {
  const count = parameter.dims[axis] ?? 0;
  if (Math.ceil(size / block) !== count) throw new InvalidNodeError(`${count} blocks of ${block} for ${size} elements`);
  const spread = unsqueezed(parameter, [axis + 1]);
  const repeated = kernels.reshape(
    broadcastTo(spread, spread.dims.with(axis + 1, block)),
    parameter.dims.with(axis, count * block),
  );
  return sliced(repeated, axis, 0, 1, size);
}

function dynamicQuantize(node: NodeContext): Tensor[] {
  const { kernels } = node;
  const x = node.tensor(0);
  const axes = x.dims.map((_, axis) => axis);
  // The range always has 0 in it.
  const bound = (pickOne: (a: Num, b: Num) => Num) =>
    kernels.reshape(reduceAxes(kernels, x, axes, { init: 0, step: pickOne }), []);
  const [least, greatest] = [bound((a, b) => a.min(b)), bound((a, b) => a.max(b))];
  const scale = kernels.elementwise("f32", [least, greatest], (low, high) =>
    high.eq(low).select(f64(1), asFloat(high.sub(low)).roundF32().div(LEVELS)),
  );
  const zero = kernels.elementwise("u8", [least, scale], (low, s) =>
    asFloat(low.div(s)).roundF32().neg().max(0).min(LEVELS).nearest().toI64(),
  );
  const y = kernels.elementwise("u8", [x, scale, zero], (value, s, z) =>
    quantised(asFloat(value.div(s)).roundF32(), toFloat(z), "u8"),
  );
  return [y, scale, zero];
}

const LEVELS = 255;
