import { expect } from "chai";
import { type Dtype, type Element, joinTensors, pack } from "../model/tensor.ts";
import { decodeOutputs, showTensor } from "./outputs.ts";

describe("outputs of a request", () => {
  const decode = (dtype: Dtype, elements: Element[]) =>
    decodeOutputs([{ name: "y", dtype, dims: [elements.length] }], pack(dtype, elements))[0]?.values;

  it("shows every dtype exactly", () => {
    expect(decode("f32", [0.1, -2.5, 16777217, 3.4028234663852886e38, 1.1754943508222875e-38])).to.deep.equal([
      0.1, -2.5, 16777216, 3.4028235e38, 1.1754944e-38,
    ]);
    expect(decode("f64", [0.1, 1 / 3])).to.deep.equal([0.1, 1 / 3]);
    expect(decode("i64", [5, -(2n ** 63n), 2n ** 53n])).to.deep.equal([5, "-9223372036854775808", "9007199254740992"]);
    expect(decode("u32", [4294967295])).to.deep.equal([4294967295]);
    expect(decode("bool", [true, false])).to.deep.equal([true, false]);
  });

  it("has words for what JSON has no numbers for", () => {
    expect(decode("f32", [Number.NaN, Infinity, -Infinity])).to.deep.equal(["NaN", "Infinity", "-Infinity"]);
    expect(decode("f64", [Number.NaN, Infinity])).to.deep.equal(["NaN", "Infinity"]);
  });

  it("splits several tensors, and shows each on a line", () => {
    const outputs = [
      { name: "label", dtype: "i64", dims: [1] },
      { name: "scores", dtype: "f32", dims: [1, 20] },
    ] as const;
    const flat = joinTensors([pack("i64", [3]), pack("f32", Array(20).fill(0.5))]);
    const [label, scores] = decodeOutputs(outputs, flat).map(showTensor);
    expect(label).to.equal("label i64 [1] = 3");
    expect(scores).to.equal(`scores f32 [1, 20] = ${Array(12).fill("0.5").join(", ")}, ... 8 more`);
  });
});
