import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../test/budget.ts";
import { cutSegment, type Segment, stepsPerProof } from "./segments.ts";

describe("segments", () => {
  it("S is bounded by steps, loads and gas", () => {
    const cases = [
      [0, 0, 64],
      [1, 45_000, 64],
      [2, 90_500, 64],
      [3, 135_000, 42],
      [128, 5_760_000, 1],
      [0, 93_750, 64],
      [0, 93_751, 63],
      [0, 3_000_001, 1],
      [0, 6_000_000, 1],
    ] as const;
    for (const [loads, cost, steps] of cases) {
      expect(stepsPerProof({ loads, cost }), `${loads} loads, ${cost} gas`).to.equal(steps);
    }
  });

  it("are as long as a proof allows, or a 64th of the whole", () => {
    const lengths = (steps: number, maxSteps: number) =>
      cutSegment({ from: 0, to: steps }, maxSteps).map(({ from, to }) => to - from);
    expect(lengths(1, 64)).to.deep.equal([1]);
    expect(lengths(64, 64)).to.deep.equal([64]);
    expect(lengths(65, 64)).to.deep.equal([64, 1]);
    expect(lengths(4096, 64)).to.deep.equal(Array(64).fill(64));
    expect(lengths(4097, 64)).to.deep.equal([...Array(63).fill(65), 2]);
    expect(lengths(65, 1)).to.deep.equal([...Array(32).fill(2), 1]);
    expect(cutSegment({ from: 100, to: 103 }, 2)).to.deep.equal([
      { from: 100, to: 102 },
      { from: 102, to: 103 },
    ]);
  });

  it(`cover every step once, 64 at most at a time, and end at S in a few cuts (seed ${seed})`, () => {
    const deepest = (segment: Segment, maxSteps: number): number => {
      if (segment.to - segment.from <= maxSteps) return 0;
      const parts = cutSegment(segment, maxSteps);
      expect(parts.length).to.be.within(2, 64);
      expect([segment.from, ...parts.map(({ to }) => to)]).to.deep.equal([
        ...parts.map(({ from }) => from),
        segment.to,
      ]);
      // All but the last are alike.
      return 1 + Math.max(...[parts[0], parts.at(-1)].map((part) => (part ? deepest(part, maxSteps) : 0)));
    };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: 64 }), (steps, maxSteps) => {
        expect(deepest({ from: 0, to: steps }, maxSteps)).to.be.at.most(6);
      }),
      { seed, numRuns: runs(500, 50_000) },
    );
  });
});
