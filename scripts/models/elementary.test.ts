import { expect } from "chai";
import { exp, log } from "./elementary.ts";
import { Random } from "./random.ts";

describe("elementary", () => {
  const random = new Random(1n);
  const points = Array.from({ length: 20_000 }, () => random.uniform(-700, 700));

  it("exp is within 1e-15 of the host's, relatively", () => {
    for (const x of [...points, 0, 1, -1, 1e-300, Math.LN2 / 2, 709, -708]) {
      expect(Math.abs(exp(x) / Math.exp(x) - 1), `exp(${x})`).to.be.below(1e-15);
    }
    expect([exp(0), exp(-709), exp(710), exp(Infinity), exp(-Infinity)]).to.deep.equal([1, 0, Infinity, Infinity, 0]);
  });

  it("log is within 1e-15 max(1, |log x|) of the host's", () => {
    for (const x of [...points.map(Math.exp), 1, Math.SQRT2, Math.SQRT1_2, 1 + 2 ** -52, 1 - 2 ** -53, 2 ** -1022]) {
      const error = Math.abs(log(x) - Math.log(x)) / Math.max(1, Math.abs(Math.log(x)));
      expect(error, `log(${x})`).to.be.below(1e-15);
    }
    expect([log(1), log(Number.MAX_VALUE)]).to.deep.equal([0, 709.782712893384]);
  });
});
