import { expect } from "chai";
import { f32, i64, runNode, type TestNode, type TestTensor } from "../../../test/operators.ts";
import { AttributeProto_AttributeType } from "../onnx/onnx_pb.ts";
import type { Dtype } from "../tensor.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const MAX = 2n ** 63n - 1n;
const run = (operator: string, inputs: readonly TestTensor[], attributes: TestNode["attributes"] = {}) =>
  runNode({ operator, inputs, attributes, bound: inputs.slice(1).map((_, i) => i + 1) })[0];

describe("reductions", () => {
  it("keep sums of f32 in binary64, and those of integers in 64 bits", () => {
    expect(run("ReduceSum", [f32([4], [2 ** 60, 1, 256, -(2 ** 60)])])?.values).to.deep.equal([256]);
    expect(run("ReduceSum", [i64([2], [MAX, 2n])])?.values).to.deep.equal([-MAX]);
  });

  it("drop axes or keep them", () => {
    const x = i64([2, 3], [1n, 2n, 3n, 4n, 5n, 6n]);
    expect(run("ReduceMax", [x, i64([1], [-1n])], { keepdims: 0n })).to.deep.equal({
      dtype: "i64",
      dims: [2],
      values: [3n, 6n],
    });
    expect(run("ReduceSum", [x, i64([1], [0n])])).to.deep.equal({ dtype: "i64", dims: [1, 3], values: [5n, 7n, 9n] });
  });

  it("ReduceLogSumExp neither overflows nor makes a NaN of infinities", () => {
    const of = (...values: number[]) => run("ReduceLogSumExp", [f32([values.length], values)])?.values[0];
    expect(of(1000, 1000)).to.equal(Math.fround(1000 + Math.LN2));
    expect(of(-inf, -inf)).to.equal(-inf);
    expect(of(inf, 0)).to.equal(inf);
  });

  it("ArgMax and ArgMin take the first or the last of equals", () => {
    const x = f32([4], [1, 3, 3, 1]);
    expect(run("ArgMax", [x])?.values).to.deep.equal([1n]);
    expect(run("ArgMax", [x], { select_last_index: 1n })?.values).to.deep.equal([2n]);
    expect(run("ArgMin", [x], { select_last_index: 1n })?.values).to.deep.equal([3n]);
  });
});

describe("Softmax", () => {
  it("sums to 1 at extremes, and makes NaN of NaN", () => {
    const softmax = (...values: number[]) => run("Softmax", [f32([values.length], values)])?.values;
    expect(softmax(3e38, 3e38)).to.deep.equal([0.5, 0.5]);
    expect(softmax(-inf, 0)).to.deep.equal([0, 1]);
    expect(softmax(nan, 0)).to.deep.equal([nan, nan]);
  });
});

describe("Cast", () => {
  const ONNX_TYPES: Partial<Record<Dtype, bigint>> = { f32: 1n, u8: 2n, i8: 3n, i64: 7n, bool: 9n };
  const cast = (x: TestTensor, to: Dtype) => run("Cast", [x], { to: ONNX_TYPES[to] ?? 0n })?.values;
  const f64 = (...values: number[]): TestTensor => ({ dtype: "f64", dims: [values.length], values });

  it("truncates and saturates at 64 bits", () => {
    expect(cast(f64(1.9, -1.9, 1e30, -1e30, nan), "i64")).to.deep.equal([1n, -1n, MAX, -MAX - 1n, 0n]);
  });

  it("keeps the low bits of integers, and makes 1 of all but 0", () => {
    expect(cast(i64([3], [257n, -1n, 128n]), "u8")).to.deep.equal([1, 255, 128]);
    expect(cast(i64([3], [257n, -1n, 128n]), "i8")).to.deep.equal([1, -1, -128]);
    expect(cast(f64(0, -0, 0.1, nan), "bool")).to.deep.equal([0, 0, 1, 1]);
  });

  it("rounds 64-bit integers to f32 once", () => {
    // Beside a tie that a step over binary64 would make of it.
    const x = 2n ** 60n + 2n ** 36n + 1n;
    expect(cast(i64([1], [x]), "f32")).to.deep.equal([2 ** 60 + 2 ** 37]);
  });
});

describe("logic", () => {
  it("compares 64-bit integers exactly, and NaN with nothing", () => {
    expect(run("Less", [i64([1], [MAX - 1n]), i64([1], [MAX])])?.values).to.deep.equal([1]);
    expect(run("Equal", [f32([2], [nan, 0]), f32([2], [nan, -0])])?.values).to.deep.equal([0, 1]);
  });

  it("takes any byte but 0 for true", () => {
    const bool = (...values: number[]): TestTensor => ({ dtype: "bool", dims: [values.length], values });
    expect(runNode({ operator: "Xor", inputs: [bool(1, 1, 0), bool(1, 0, 0)] })[0]?.values).to.deep.equal([0, 1, 0]);
    expect(run("Where", [bool(1, 0), f32([2], [nan, 1]), f32([2], [2, nan])])?.values).to.deep.equal([nan, nan]);
  });
});

describe("If", () => {
  const branch = (value: number) => ({
    graph: {
      node: [
        {
          opType: "Constant",
          output: ["v"],
          attribute: [{ name: "value_float", type: AttributeProto_AttributeType.FLOAT, f: value }],
        },
      ],
      output: [{ name: "v" }],
    },
  });
  const node = (bound: readonly number[]): TestNode => ({
    operator: "If",
    inputs: [{ dtype: "bool", dims: [], values: [0] }],
    attributes: { then_branch: branch(1), else_branch: branch(2) },
    bound,
  });

  it("takes one branch of a known condition, and chooses between both of another", () => {
    expect(runNode(node([0]))[0]?.values).to.deep.equal([2]);
    expect(runNode(node([]))[0]?.values).to.deep.equal([2]);
  });
});
