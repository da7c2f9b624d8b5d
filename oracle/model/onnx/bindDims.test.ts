import { expect } from "chai";
import { bindDims } from "./bindDims.ts";
import { DimBindingError, TensorTooLargeError, UnboundDimsError } from "./errors.ts";
import type { Signature } from "./signature.ts";

const signature: Signature = {
  inputs: [
    { name: "ids", dtype: "i64", dims: ["batch", "tokens"] },
    { name: "state", dtype: "f32", dims: [2, "batch"] },
  ],
  outputs: [{ name: "y", dtype: "f32", dims: ["tokens", "y[1]"] }],
};

describe("bindDims", () => {
  it("gives a name the same size everywhere", () => {
    expect(bindDims(signature, { batch: 1, tokens: 16, "y[1]": 3 })).to.deep.equal({
      inputs: [
        { name: "ids", dtype: "i64", dims: [1, 16] },
        { name: "state", dtype: "f32", dims: [2, 1] },
      ],
      outputs: [{ name: "y", dtype: "f32", dims: [16, 3] }],
    });
  });

  it("names every dimension that is left open", () => {
    expect(() => bindDims(signature, { batch: 1 }))
      .to.throw(UnboundDimsError, "these dimensions need a size: tokens, y[1]")
      .with.property("dims")
      .that.deep.equals(["tokens", "y[1]"]);
  });

  it("does not take an inherited property for a size", () => {
    const odd: Signature = {
      inputs: [{ name: "x", dtype: "f32", dims: ["constructor"] }],
      outputs: [],
    };
    expect(() => bindDims(odd, {})).to.throw(UnboundDimsError, "constructor");
  });

  it("refuses a name that no dimension has", () => {
    expect(() => bindDims(signature, { batch: 1, token: 16 }))
      .to.throw(DimBindingError, "token = 16: no dimension has this name")
      .that.includes({ dim: "token", size: 16 });
  });

  for (const size of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    it(`refuses the size ${size}`, () => {
      expect(() => bindDims(signature, { batch: size })).to.throw(
        DimBindingError,
        `batch = ${size}: a size is a positive integer`,
      );
    });
  }

  it("refuses a tensor of 2^31 elements and takes one of 2^31 - 1", () => {
    const line: Signature = { inputs: [], outputs: [{ name: "y", dtype: "i8", dims: ["n"] }] };
    expect(bindDims(line, { n: 2 ** 31 - 1 }).outputs[0]?.dims).to.deep.equal([2 ** 31 - 1]);
    expect(() => bindDims(line, { n: 2 ** 31 }))
      .to.throw(TensorTooLargeError, "y [2147483648] has 2^31 elements or more")
      .that.deep.includes({ tensor: "y", dims: [2 ** 31] });
  });
});
