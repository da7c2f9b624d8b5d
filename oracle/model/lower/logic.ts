/** Comparisons, logic and bits. A bool is true if its byte is not 0: that of an input may be any. */
import { UnsupportedError } from "../onnx/errors.ts";
import type { Dtype } from "../tensor.ts";
import { alignedInputs } from "./arithmetic.ts";
import { asFloat, asInteger, type Condition, type I64, type Num } from "./expr.ts";
import { FLOATS, INTEGERS, type NodeContext, NUMBERS, type Operator } from "./operator.ts";
import type { Tensor } from "./tensor.ts";

const BOOL: readonly Dtype[] = ["bool"];

const isTrue = (x: Num): Condition => x.ne(0);

/** Two inputs that broadcast, and a bool; before opset 7 they broadcast only if the node says so. */
function predicate(name: string, dtypes: readonly Dtype[], holds: (x: Num, y: Num) => Condition): Operator[] {
  const compute = (node: NodeContext, inputs: readonly Tensor[]) =>
    node.kernels.elementwise("bool", inputs, (x, y) => holds(normal(node, x), normal(node, y)).bit());
  return [
    { name, since: 7, dtypes, lower: (node) => compute(node, node.tensors()) },
    { name, since: 1, dtypes, lower: (node) => compute(node, alignedInputs(node)) },
  ];
}

/** Of a bool 0 or 1, so that equality and order are those of truth values. */
function normal(node: NodeContext, x: Num): Num {
  return node.tensor(0).dtype === "bool" ? isTrue(x).bit() : x;
}

function bitwise(name: string, compute: (x: I64, y: I64) => I64): Operator {
  return {
    name,
    since: 18,
    dtypes: INTEGERS,
    lower: (node) => node.elementwise((x, y) => compute(asInteger(x), asInteger(y))),
  };
}

export const LOGIC: readonly Operator[] = [
  ...predicate("Equal", [...NUMBERS, ...BOOL], (x, y) => x.eq(y)),
  ...predicate("Greater", NUMBERS, (x, y) => x.gt(y)),
  ...predicate("GreaterOrEqual", NUMBERS, (x, y) => x.ge(y)),
  ...predicate("Less", NUMBERS, (x, y) => x.lt(y)),
  ...predicate("LessOrEqual", NUMBERS, (x, y) => x.le(y)),
  ...predicate("And", BOOL, (x, y) => isTrue(x).and(isTrue(y))),
  ...predicate("Or", BOOL, (x, y) => isTrue(x).or(isTrue(y))),
  ...predicate("Xor", BOOL, (x, y) => x.ne(y)),
  { name: "Not", since: 1, dtypes: BOOL, lower: (node) => node.elementwise((x) => isTrue(x).not().bit()) },
  {
    name: "Where",
    since: 9,
    dtypes: BOOL,
    lower: (node) => node.elementwise((condition, x, y) => isTrue(condition).select(x, y), node.tensor(1).dtype),
  },
  bitwise("BitwiseAnd", (x, y) => x.bitAnd(y)),
  bitwise("BitwiseOr", (x, y) => x.bitOr(y)),
  bitwise("BitwiseXor", (x, y) => x.bitXor(y)),
  {
    name: "BitwiseNot",
    since: 18,
    dtypes: INTEGERS,
    lower: (node) => node.elementwise((x) => asInteger(x).bitXor(-1)),
  },
  {
    name: "BitShift",
    since: 11,
    dtypes: ["u8", "u16", "u32"],
    lower: (node) => {
      const direction = node.attributes.string("direction");
      if (direction !== "LEFT" && direction !== "RIGHT") throw new UnsupportedError(`direction ${direction}`);
      return node.elementwise((x, y) => {
        const [bits, count] = [asInteger(x), asInteger(y)];
        return direction === "LEFT" ? bits.shl(count) : bits.shrU(count);
      });
    },
  },
  {
    name: "IsNaN",
    since: 9,
    dtypes: FLOATS,
    lower: (node) => node.elementwise((x) => asFloat(x).isNaN().bit(), "bool"),
  },
  {
    name: "IsInf",
    since: 10,
    dtypes: FLOATS,
    lower: (node) => {
      const [detectsNegative, detectsPositive] = ["detect_negative", "detect_positive"].map((name) =>
        node.attributes.flag(name, true),
      );
      return node.elementwise((x) => {
        const isHigh = x.eq(Number.POSITIVE_INFINITY);
        const isLow = x.eq(Number.NEGATIVE_INFINITY);
        if (detectsNegative && detectsPositive) return isHigh.or(isLow).bit();
        if (detectsPositive) return isHigh.bit();
        return detectsNegative ? isLow.bit() : isHigh.and(isLow).bit();
      }, "bool");
    },
  },
];
