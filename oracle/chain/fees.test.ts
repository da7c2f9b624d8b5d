import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../test/budget.ts";
import { bumpedFees, cappedFees } from "./fees.ts";

const CAP = 1000n;

describe("fees", () => {
  it("never exceed the cap", () => {
    expect(cappedFees({ maxFeeWei: 1500n, tipWei: 20n }, CAP)).to.deep.equal({ maxFeeWei: 1000n, tipWei: 20n });
    expect(cappedFees({ maxFeeWei: 1500n, tipWei: 1200n }, CAP)).to.deep.equal({ maxFeeWei: 1000n, tipWei: 1000n });
  });

  it("rise by an eighth, rounded up, or to the market", () => {
    const previous = { maxFeeWei: 100n, tipWei: 1n };
    expect(bumpedFees(previous, { maxFeeWei: 50n, tipWei: 0n }, CAP)).to.deep.equal({ maxFeeWei: 113n, tipWei: 2n });
    expect(bumpedFees(previous, { maxFeeWei: 300n, tipWei: 40n }, CAP)).to.deep.equal({ maxFeeWei: 300n, tipWei: 40n });
    expect(bumpedFees({ maxFeeWei: 0n, tipWei: 0n }, previous, CAP)).to.deep.equal(previous);
  });

  it("stop rising where the cap leaves no room for it", () => {
    const market = { maxFeeWei: 5000n, tipWei: 1n };
    expect(bumpedFees({ maxFeeWei: 888n, tipWei: 1n }, market, CAP)).to.deep.equal({ maxFeeWei: 1000n, tipWei: 2n });
    expect(bumpedFees({ maxFeeWei: 889n, tipWei: 1n }, market, CAP)).to.equal(undefined);
  });

  it(`of a replacement are accepted by a pool that wants 10 % more, and valid (seed ${seed})`, () => {
    const wei = fc.bigInt({ min: 0n, max: 2n * CAP });
    const fees = fc.record({ maxFeeWei: wei, tipWei: wei });
    fc.assert(
      fc.property(fees, fees, (old, market) => {
        const previous = cappedFees({ maxFeeWei: old.maxFeeWei + old.tipWei, tipWei: old.tipWei }, CAP);
        const next = bumpedFees(previous, market, CAP);
        if (next === undefined) return;
        expect(next.maxFeeWei * 10n >= previous.maxFeeWei * 11n && next.maxFeeWei <= CAP).to.equal(true);
        expect(next.tipWei * 10n >= previous.tipWei * 11n && next.tipWei <= next.maxFeeWei).to.equal(true);
      }),
      { seed, numRuns: runs(200, 20_000) },
    );
  });
});
