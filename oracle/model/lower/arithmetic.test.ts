import { expect } from "chai";
import { f32, i64, runNode, type TestTensor } from "../../../test/operators.ts";

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const f64 = (values: readonly number[]): TestTensor => ({ dtype: "f64", dims: [values.length], values });
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const integers = (operator: string, x: readonly bigint[], y: readonly bigint[], attributes = {}) =>
  runNode({ operator, inputs: [i64([x.length], x), i64([y.length], y)], attributes })[0]?.values;
const floats = (operator: string, x: readonly number[], y: readonly number[], attributes = {}) =>
  runNode({ operator, inputs: [f32([x.length], x), f32([y.length], y)], attributes })[0]?.values;

describe("arithmetic", () => {
  it("has 64-bit integers that wrap", () => {
    expect(integers("Add", [MAX, MIN], [1n, -1n])).to.deep.equal([MIN, MAX]);
    expect(integers("Sub", [MIN, 0n], [1n, MIN])).to.deep.equal([MAX, MIN]);
    expect(integers("Mul", [MAX, 2n ** 32n + 1n], [3n, 2n ** 32n - 1n])).to.deep.equal([MAX - 2n, -1n]);
    expect(runNode({ operator: "Neg", inputs: [i64([1], [MIN])] })[0]?.values).to.deep.equal([MIN]);
  });

  it("divides integers towards 0, and by 0 to 0", () => {
    expect(integers("Div", [7n, -7n, MIN, 5n], [-2n, 2n, -1n, 0n])).to.deep.equal([-3n, -3n, MIN, 0n]);
  });

  it("Mod has the sign of the divisor, fmod that of the dividend", () => {
    const [x, y] = [
      [7n, -7n, 7n, -7n, MIN, 5n],
      [3n, 3n, -3n, -3n, -1n, 0n],
    ];
    expect(integers("Mod", x, y)).to.deep.equal([1n, 2n, -2n, -1n, 0n, 0n]);
    expect(integers("Mod", x, y, { fmod: 1n })).to.deep.equal([1n, -1n, 1n, -1n, 0n, 0n]);
  });

  it("takes the remainder of floats exactly, however large the quotient", () => {
    const [x, y] = [
      [5.5, -5.5, 3e38, 1, inf, -0],
      [2, 2, 2 ** -149, inf, 2, 3],
    ];
    const expected = x.map((value, i) => Math.fround(value) % (y[i] ?? nan));
    expect(floats("Mod", x, y, { fmod: 1n })).to.deep.equal(expected);
  });

  it("rounds f32 once, and orders zeros", () => {
    expect(floats("Add", [2 ** 24, -0], [1, -0])).to.deep.equal([2 ** 24, -0]);
    expect(floats("Min", [0, nan], [-0, 1])).to.deep.equal([-0, nan]);
    expect(floats("Max", [-0, nan], [0, 1])).to.deep.equal([0, nan]);
  });

  it("rounds half to even, and keeps the sign of zero", () => {
    const round = (operator: string) =>
      runNode({ operator, inputs: [f64([0.5, 1.5, 2.5, -0.5, -0.2, -inf])] })[0]?.values;
    expect(round("Round")).to.deep.equal([0, 2, 2, -0, -0, -inf]);
    expect(round("Ceil")).to.deep.equal([1, 2, 3, -0, -0, -inf]);
    expect(round("Floor")).to.deep.equal([0, 1, 2, -1, -1, -inf]);
  });

  it("Clip lets NaN pass and prefers the maximum", () => {
    const inputs = [f32([3], [nan, 5, -5]), f32([], [2]), f32([], [1])];
    expect(runNode({ operator: "Clip", inputs })[0]?.values).to.deep.equal([nan, 1, 1]);
  });

  it("broadcasts both ways", () => {
    const inputs = [i64([2, 1], [10, 20]), i64([3], [1, 2, 3])];
    const [y] = runNode({ operator: "Add", inputs });
    expect(y).to.deep.equal({ dtype: "i64", dims: [2, 3], values: [11n, 12n, 13n, 21n, 22n, 23n] });
  });

  it("refuses shapes and dtypes that do not fit", () => {
    expect(() => runNode({ operator: "Add", inputs: [f32([2], [0, 0]), f32([3], [0, 0, 0])] })).to.throw(
      "[2] and [3] do not broadcast",
    );
    expect(() => runNode({ operator: "Add", inputs: [f32([1], [0]), i64([1], [0])] })).to.throw(
      "values of f64 and i64 together",
    );
    expect(() => runNode({ operator: "Add", inputs: [f32([1], [0])] })).to.throw("1 inputs instead of 2");
  });
});
