import { expect } from "chai";
import { Random } from "./random.ts";

const COUNT = 200_000;

/** Mean, variance and fourth central moment over the variance squared. */
function moments(draw: () => number): { mean: number; variance: number; kurtosis: number } {
  const values = Array.from({ length: COUNT }, draw);
  const average = (f: (value: number) => number): number => values.reduce((sum, value) => sum + f(value), 0) / COUNT;
  const mean = average((value) => value);
  const variance = average((value) => (value - mean) ** 2);
  return { mean, variance, kurtosis: average((value) => (value - mean) ** 4) / variance ** 2 };
}

describe("Random", () => {
  it("is xoshiro128** 1.1: the reference implementation's outputs from state 1, 2, 3, 4", () => {
    const random = Random.fromState([1, 2, 3, 4]);
    const expected = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ];
    expect(expected.map(() => random.uint32())).to.deep.equal(expected);
  });

  it("fills its state by SplitMix64", () => {
    // The first two outputs of the reference implementation for the seed 1234567, low word first.
    const outputs = [6457827717110365317n, 3203168211198807973n];
    const words = outputs.flatMap((output) => [Number(output & 0xffffffffn), Number(output >> 32n)]);
    const [seeded, filled] = [new Random(1234567n), Random.fromState(words)];
    for (let i = 0; i < 8; i++) expect(seeded.uint32()).to.equal(filled.uint32());
  });

  it("draws uniforms from [low, high) and integers below a bound", () => {
    const random = new Random(2n);
    const { mean, variance } = moments(() => random.uniform(-1, 3));
    expect(Math.abs(mean - 1)).to.satisfy((error: number) => error <= 0.01);
    expect(Math.abs(variance - 16 / 12)).to.satisfy((error: number) => error <= 0.01);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) {
      const value = random.below(3);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).to.satisfy((error: number) => error <= 300);
  });

  it("draws normals", () => {
    const random = new Random(3n);
    const { mean, variance, kurtosis } = moments(() => random.normal());
    expect(Math.abs(mean - 0)).to.satisfy((error: number) => error <= 0.01);
    expect(Math.abs(variance - 1)).to.satisfy((error: number) => error <= 0.02);
    expect(Math.abs(kurtosis - 3)).to.satisfy((error: number) => error <= 0.1);
  });

  it("draws Student's t: variance n / (n - 2), kurtosis 3 + 6 / (n - 4)", () => {
    const random = new Random(4n);
    const { mean, variance, kurtosis } = moments(() => random.studentT(12));
    expect(Math.abs(mean - 0)).to.satisfy((error: number) => error <= 0.01);
    expect(Math.abs(variance - 1.2)).to.satisfy((error: number) => error <= 0.02);
    expect(Math.abs(kurtosis - 3.75)).to.satisfy((error: number) => error <= 0.2);
  });

  it("draws Poisson counts: variance equal to the mean", () => {
    const random = new Random(5n);
    const { mean, variance } = moments(() => random.poisson(1.8));
    expect(Math.abs(mean - 1.8)).to.satisfy((error: number) => error <= 0.02);
    expect(Math.abs(variance - 1.8)).to.satisfy((error: number) => error <= 0.03);
  });
});
