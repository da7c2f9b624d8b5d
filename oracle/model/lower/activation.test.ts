import { expect } from "chai";
import { f32, i64, runNode, type TestNode } from "../../../test/operators.ts";

const { POSITIVE_INFINITY: inf, NaN: nan } = Number;
const valuesOf = (node: TestNode) => runNode(node)[0]?.values ?? [];
const unary = (operator: string, values: readonly number[], attributes = {}) =>
  valuesOf({ operator, opset: 24, inputs: [f32([values.length], values)], attributes });

describe("activations", () => {
  it("keep NaN, and the sign of zero where the function is odd", () => {
    for (const operator of ["Relu", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus", "Erf", "Exp", "Gelu"]) {
      expect(unary(operator, [nan, 1])[0], operator).to.be.NaN;
    }
    for (const operator of ["Tanh", "Erf", "Elu", "Selu", "Softsign", "Gelu"]) {
      expect(Object.is(unary(operator, [-0, 1])[0], -0), operator).to.equal(true);
    }
  });

  it("have the limits of the functions at the infinities", () => {
    const limits = { Sigmoid: [0, 1], Tanh: [-1, 1], Softplus: [0, inf], Erf: [-1, 1], Exp: [0, inf], Elu: [-1, inf] };
    for (const [operator, expected] of Object.entries(limits)) {
      expect(unary(operator, [-inf, inf]), operator).to.deep.equal(expected);
    }
    expect(unary("Log", [0, -1, inf])).to.deep.equal([-inf, nan, inf]);
  });

  it("ThresholdedRelu is 0 at its threshold, and where nothing compares", () => {
    expect(unary("ThresholdedRelu", [1, 1.5, nan])).to.deep.equal([0, 1.5, 0]);
  });

  it("Pow is exact for integers, which wrap", () => {
    const power = (x: readonly bigint[], y: readonly bigint[]) =>
      valuesOf({ operator: "Pow", inputs: [i64([x.length], x), i64([y.length], y)] });
    expect(power([3n, -3n, 2n, -1n, 5n, 1n, 0n], [40n, 3n, 64n, -3n, -2n, -9n, 0n])).to.deep.equal([
      BigInt.asIntN(64, 3n ** 40n),
      -27n,
      0n,
      -1n,
      0n,
      1n,
      1n,
    ]);
  });

  it("refuse integers where only floats have a meaning", () => {
    expect(() => runNode({ operator: "Sigmoid", inputs: [i64([1], [0])] })).to.throw("a first input of i64");
  });
});
