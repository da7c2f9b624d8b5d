/** Arithmetic element by element. Integers wrap; floats are computed in binary64 and rounded once. */
import { InvalidNodeError, UnsupportedError } from "../onnx/errors.ts";
import { asFloat, asInteger, f64, type I64, i64, isF64, type Num } from "./expr.ts";
import { load } from "./kernels.ts";
import { FLOATS, type NodeContext, NUMBERS, type Operator, taking } from "./operator.ts";
import type { Tensor } from "./tensor.ts";
import { broadcastDims, broadcastTo, reshaped } from "./view.ts";

/** An operator of one input and no attributes. */
function unary(name: string, since: number, element: (x: Num) => Num, dtypes = NUMBERS): Operator {
  return { name, since, dtypes, lower: (node) => node.elementwise(element) };
}

/** An operator of two inputs that broadcast; before opset 7 only if the node says so. */
function binary(name: string, element: (x: Num, y: Num) => Num, remark = ""): Operator[] {
  return [
    { name, since: 7, remark, lower: (node) => node.elementwise(element) },
    {
      name,
      since: 1,
      remark,
      lower: (node) => node.kernels.elementwise(node.tensor(0).dtype, alignedInputs(node), element),
    },
  ];
}

/** Of a kernel. */
const MAX_OPERANDS = 16;

/** An operator of any number of inputs that broadcast. */
function variadic(
  name: string,
  combine: (x: Num, y: Num) => Num,
  finish = (x: Num, _inputs: number): Num => x,
): Operator {
  const lower = (node: NodeContext) => {
    const count = node.inputCount;
    if (count > MAX_OPERANDS) throw new UnsupportedError(`${count} inputs`);
    return node.elementwise((first, ...rest) => finish(rest.reduce(combine, first), count));
  };
  return { name, since: 1, remark: `at most ${MAX_OPERANDS} inputs`, lower };
}

/** Before opset 7 the second input had the shape of part of the first, from `axis` on (by default its end). */
export function alignedInputs(node: NodeContext): [Tensor, Tensor] {
  const [a, b] = [node.tensor(0), node.tensor(1)];
  const isBroadcast = node.attributes.flag("broadcast", false);
  const axis = node.attributes.int("axis");
  if (!isBroadcast || axis === undefined) return [a, b];
  const place = node.axis(axis, a.dims.length);
  const trailing = a.dims.length - place - b.dims.length;
  if (trailing < 0) throw new InvalidNodeError(`axis ${axis} leaves no room for [${b.dims.join(", ")}]`);
  const dims = [...b.dims, ...Array<number>(trailing).fill(1)];
  return [a, reshaped(b, dims) ?? node.kernels.reshape(b, dims)];
}

const sign = (x: Num): Num =>
  isF64(x) ? x.gt(0).select(f64(1), x.lt(0).select(f64(-1), x)) : integerSign(asInteger(x));
const integerSign = (x: I64): I64 => x.gt(0).bit().sub(x.lt(0).bit());

/** Floats only: integers are their own floor, ceiling and nearest integer. */
const rounding = (name: "ceil" | "floor" | "nearest") => (x: Num) => asFloat(x)[name]();

export const ARITHMETIC: readonly Operator[] = taking(NUMBERS, [
  ...binary("Add", (x, y) => x.add(y)),
  ...binary("Sub", (x, y) => x.sub(y)),
  ...binary("Mul", (x, y) => x.mul(y)),
  ...binary("Div", (x, y) => x.div(y), "x / 0 is 0 for integers"),
  unary("Neg", 1, (x) => x.neg()),
  unary("Abs", 1, (x) => x.abs()),
  unary("Sign", 9, sign),
  unary("Floor", 1, rounding("floor"), FLOATS),
  unary("Ceil", 1, rounding("ceil"), FLOATS),
  unary("Round", 11, rounding("nearest"), FLOATS),
  unary("Reciprocal", 1, (x) => f64(1).div(asFloat(x)), FLOATS),
  unary("Sqrt", 1, (x) => asFloat(x).sqrt(), FLOATS),
  variadic("Min", (x, y) => x.min(y)),
  variadic("Max", (x, y) => x.max(y)),
  variadic("Sum", (x, y) => x.add(y)),
  variadic(
    "Mean",
    (x, y) => x.add(y),
    (x, inputs) => x.div(inputs),
  ),
  {
    name: "Mod",
    since: 10,
    remark: "x mod 0 is 0 for integers",
    lower: (node) => {
      const isTruncated = node.attributes.flag("fmod", false);
      const { dtype } = node.tensor(0);
      if (dtype !== "f32" && dtype !== "f64") return node.elementwise((x, y) => integerMod(x, y, isTruncated));
      if (!isTruncated) throw new InvalidNodeError("floats need fmod = 1");
      return floatRemainder(node, dtype);
    },
  },
  {
    name: "Clip",
    since: 11,
    lower: (node) => {
      const [x, min, max] = [node.tensor(0), node.optionalTensor(1), node.optionalTensor(2)];
      const bounds = [min, max].filter((bound) => bound !== undefined);
      return node.kernels.elementwise(x.dtype, [x, ...bounds], (value, ...[first, second]) => {
        const low = min === undefined ? undefined : first;
        const high = min === undefined ? first : second;
        const raised = low === undefined ? value : value.max(low);
        return high === undefined ? raised : raised.min(high);
      });
    },
  },
  {
    name: "Clip",
    since: 1,
    lower: (node) => {
      const [min, max] = [node.attributes.float("min"), node.attributes.float("max")];
      return node.elementwise((x) => {
        const raised = min === undefined ? x : x.max(min);
        return max === undefined ? raised : raised.min(max);
      });
    },
  },
]);

/** Truncated: the sign of the dividend, C's %; else the sign of the divisor, Python's. */
function integerMod(x: Num, y: Num, isTruncated: boolean): I64 {
  const [dividend, divisor] = [asInteger(x), asInteger(y)];
  const remainder = dividend.rem(divisor);
  if (isTruncated) return remainder;
  const isOtherSign = remainder.bitXor(divisor).lt(0).and(remainder.ne(0));
  return isOtherSign.select(remainder.add(divisor), remainder);
}

/** The quotient of two finite f32 is below 2^277, of two f64 below 2^2098. */
const QUOTIENT_BITS = { f32: 277, f64: 2098 } as const;
const EXPONENT_BIAS = 1023;
const MANTISSA_BITS = 52;

/** C's fmod, exact: long division by subtraction of |y| 2^k, each of which is exact since it is at least halving. */
function floatRemainder(node: NodeContext, dtype: "f32" | "f64"): Tensor {
  const [x, y] = [node.tensor(0), node.tensor(1)];
  const dims = broadcastDims(x.dims, y.dims);
  const [dividend, divisor] = [broadcastTo(x, dims), broadcastTo(y, dims)];
  const bits = QUOTIENT_BITS[dtype];
  // The accumulator starts as NaN, which says that the dividend has not been taken yet.
  return node.kernels.reduce(dtype, dims, {
    digits: [bits],
    init: Number.NaN,
    step: (rest, [digit = i64(0)], axes) => {
      // In three factors, since 2^exponent may be out of range.
      const exponent = i64(bits - 1).sub(digit);
      const third = exponent.div(3);
      const [low, high] = [powerOfTwo(third), powerOfTwo(exponent.sub(third).sub(third))];
      const scaled = asFloat(load(divisor, axes)).abs().mul(low).mul(low).mul(high);
      const before = digit.eq(0).select(asFloat(load(dividend, axes)).abs(), asFloat(rest));
      return before.ge(scaled).select(before.sub(scaled), before);
    },
    finish: (rest, axes) => {
      const [a, b] = [asFloat(load(dividend, axes)), asFloat(load(divisor, axes))];
      // An infinite dividend, a zero divisor and NaN have no remainder; the sign is the dividend's, of a zero too.
      const isUndefined = a.abs().lt(Number.POSITIVE_INFINITY).and(b.abs().gt(0)).not();
      const signed = a.asI64().lt(0).select(rest.neg(), rest);
      return isUndefined.select(f64(Number.NaN), asFloat(signed));
    },
  });
}

/** 2^exponent for an exponent from 0 to 1023. */
function powerOfTwo(exponent: I64) {
  return exponent.add(EXPONENT_BIAS).shl(MANTISSA_BITS).asF64();
}
