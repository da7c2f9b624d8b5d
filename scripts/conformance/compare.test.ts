import { expect } from "chai";
import type { ConstantTensor } from "../../oracle/model/onnx/graph.ts";
import { type Dtype, type Element, pack } from "../../oracle/model/tensor.ts";
import { compare, tiedMargin } from "./compare.ts";

const tensor = (dtype: Dtype, dims: readonly number[], values: readonly Element[]): ConstantTensor => ({
  dtype,
  dims,
  bytes: pack(dtype, values),
});
const vector = (dtype: Dtype, ...values: readonly Element[]) => tensor(dtype, [values.length], values);
const TOLERANCE = { rtol: 1e-3, atol: 1e-7 };

describe("compare", () => {
  it("allows atol + rtol of the stored value, and finds the worst element", () => {
    expect(compare(vector("f64", 1.001, 0), vector("f64", 1, 1e-7), TOLERANCE)).to.equal(undefined);
    expect(compare(vector("f64", 1.002, 3, 2), vector("f64", 1, 2, 2), TOLERANCE)).to.deep.equal({
      element: 1,
      actual: 3,
      expected: 2,
      count: 2,
    });
  });

  it("takes a NaN for a NaN and an infinity for itself only", () => {
    const special = vector("f32", Number.NaN, Number.POSITIVE_INFINITY);
    expect(compare(special, special, TOLERANCE)).to.equal(undefined);
    expect(compare(special, vector("f32", Number.NaN, 1e38), TOLERANCE)?.element).to.equal(1);
    expect(compare(special, vector("f32", 0, Number.POSITIVE_INFINITY), TOLERANCE)?.element).to.equal(0);
  });

  it("compares 64-bit integers exactly", () => {
    expect(compare(vector("i64", 2n ** 62n), vector("i64", 2n ** 62n + 1n), TOLERANCE)?.actual).to.equal(2n ** 62n);
  });

  it("lets a label differ where the two best scores are nearer than the tolerance", () => {
    const scores = tensor("f32", [2, 2], [0.5, 0.5001, 0.2, 0.8]);
    const expected = vector("i64", 1, 1);
    const margin = (...labels: number[]) => tiedMargin(vector("i64", ...labels), expected, [scores], TOLERANCE);
    expect(Math.abs(Number(margin(0, 1)) - 0.0001) < 1e-6).to.equal(true);
    expect(margin(0, 0)).to.equal(undefined);
    expect(tiedMargin(vector("i64", 0, 1), expected, [], TOLERANCE)).to.equal(undefined);
  });
});
