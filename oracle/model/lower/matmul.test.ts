import { expect } from "chai";
import { f32, i64, runNode } from "../../../test/operators.ts";

describe("MatMul", () => {
  const matmul = (...inputs: Parameters<typeof f32>[]) =>
    runNode({ operator: "MatMul", inputs: inputs.map(([dims, values]) => f32(dims, values)) });

  it("multiplies matrices", () => {
    const [y] = matmul(
      [
        [2, 3],
        [1, 2, 3, 4, 5, 6],
      ],
      [
        [3, 2],
        [7, 8, 9, 10, 11, 12],
      ],
    );
    expect(y).to.deep.equal({ dtype: "f32", dims: [2, 2], values: [58, 64, 139, 154] });
  });

  it("takes vectors as a row and a column", () => {
    expect(matmul([[2], [1, 2]], [[2], [3, 4]])[0]).to.deep.equal({ dtype: "f32", dims: [], values: [11] });
  });

  it("broadcasts outer dimensions", () => {
    const [y] = matmul(
      [
        [2, 1, 1, 2],
        [1, 2, 3, 4],
      ],
      [
        [2, 2, 1],
        [1, 1, 10, 10],
      ],
    );
    expect(y).to.deep.equal({ dtype: "f32", dims: [2, 2, 1, 1], values: [3, 30, 7, 70] });
  });

  it("sums in binary64 and rounds once", () => {
    const [y] = matmul(
      [
        [1, 3],
        [2 ** 30, 1, -(2 ** 30)],
      ],
      [
        [3, 1],
        [1, 1, 1],
      ],
    );
    expect(y?.values).to.deep.equal([1]);
  });

  it("is exact for 64-bit integers, which wrap", () => {
    const inputs = [i64([1, 2], [2n ** 62n, 1n]), i64([2, 1], [2n, 5n])];
    expect(runNode({ operator: "MatMul", inputs })[0]?.values).to.deep.equal([-(2n ** 63n) + 5n]);
  });

  it("gives a sum of nothing as 0", () => {
    const [y] = runNode({ operator: "MatMul", inputs: [f32([2, 0], []), f32([0, 1], [])], bound: [0, 1] });
    expect(y).to.deep.equal({ dtype: "f32", dims: [2, 1], values: [0, 0] });
  });

  it("refuses inner dimensions that differ", () => {
    expect(() =>
      matmul(
        [
          [1, 2],
          [1, 2],
        ],
        [
          [1, 2],
          [1, 2],
        ],
      ),
    ).to.throw("node node (MatMul, opset 21): [1, 2] times [1, 2]");
  });
});

describe("Gemm", () => {
  it("scales, transposes and adds", () => {
    const [y] = runNode({
      operator: "Gemm",
      inputs: [f32([2, 1], [1, 2]), f32([3, 2], [1, 2, 3, 4, 5, 6]), f32([3], [1, 10, 100])],
      attributes: { alpha: 2, beta: 0.5, transA: 1n, transB: 1n },
    });
    expect(y).to.deep.equal({ dtype: "f32", dims: [1, 3], values: [10.5, 27, 84] });
  });
});
