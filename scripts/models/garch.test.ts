import { expect } from "chai";
import { drawRegime, nextVariance, simulateSamples, WINDOW } from "./garch.ts";
import { Random } from "./random.ts";

describe("GARCH simulation", () => {
  const samples = [...simulateSamples(40_000, new Random(1n))];

  it("draws regimes from the documented ranges", () => {
    const random = new Random(2n);
    for (let i = 0; i < 1000; i++) {
      const { level, alpha, beta, degreesOfFreedom } = drawRegime(random);
      expect(level).to.be.within(0.001, 0.03);
      expect(alpha).to.be.within(0.05, 0.3);
      expect(alpha + beta).to.be.within(0.8, 0.98);
      expect(beta).to.be.above(0);
      if (degreesOfFreedom !== Infinity) expect(degreesOfFreedom).to.be.within(4, 10);
    }
  });

  it("rests at the long-run variance and moves by its recursion", () => {
    const regime = { level: 0.02, alpha: 0.1, beta: 0.85, degreesOfFreedom: Infinity };
    expect(Math.abs(nextVariance(regime, 0.0004, 0.02) - 0.0004)).to.satisfy((error: number) => error <= 1e-18);
    expect(Math.abs(nextVariance(regime, 0.0004, 0.04) - (0.0004 + 0.1 * (0.0016 - 0.0004)))).to.satisfy(
      (error: number) => error <= 1e-18,
    );
  });

  it("gives windows whose next return has the stated standard deviation", () => {
    expect(samples).to.have.length(40_000);
    for (const { returns } of samples) expect(returns).to.have.length(WINDOW);
    const standardised = samples.map(({ nextReturn, sigma }) => (nextReturn / sigma) ** 2);
    expect(Math.abs(standardised.reduce((sum, value) => sum + value, 0) / samples.length - 1)).to.satisfy(
      (error: number) => error <= 0.04,
    );
  });

  it("keeps the mean variance at the long-run level", () => {
    const relative = samples.map(({ sigma, regime }) => (sigma / regime.level) ** 2);
    expect(Math.abs(relative.reduce((sum, value) => sum + value, 0) / samples.length - 1)).to.satisfy(
      (error: number) => error <= 0.05,
    );
  });
});
