import { exp, log, square } from "./elementary.ts";
import { nextVariance, type Sample, simulateSamples, WINDOW } from "./garch.ts";
import { createMlp, roundToFloat32, train } from "./mlp.ts";
import { Random } from "./random.ts";
import type { Study } from "./study.ts";
import { features, forecast, meanSquare } from "./volatility.ts";
import { volatilityOnnx } from "./volatilityGraph.ts";

const HIDDEN = [16, 8];
/** RiskMetrics' 0.94, and the decay that does best on these markets among 0.85, 0.9 and 0.95. */
const EWMA_DECAYS = [0.94, 0.9];

export const volatilityStudy: Study = {
  name: "volatility",
  seed: 24n,
  heldOutSeed: 2400n,
  fullBudget: { samples: 100_000, epochs: 8 },
  measures: ["relative RMSE of sigma", "QLIKE of the true variance", "NLL of the next return"],

  /** Minimises QLIKE (Patton, 2011), v / h - log(v / h) - 1, of the forecast h against the true conditional variance v. */
  train(seed, { samples: count, epochs }, onEpoch) {
    const random = new Random(seed);
    const samples = [...simulateSamples(count, random)];
    const inputs = samples.map(({ returns }) => features(returns));
    const ratios = samples.map(({ returns, sigma }) => square(sigma) / meanSquare(returns));
    const lossGradient = (logRatio: number, sample: number): number => 1 - (ratios[sample] as number) / exp(logRatio);
    const mlp = createMlp([WINDOW, ...HIDDEN, 1], random);
    train(mlp, inputs, lossGradient, { epochs, batch: 128, learningRate: 3e-3, random, onEpoch });
    return roundToFloat32(mlp);
  },

  evaluate(mlp, seed, count) {
    const samples = [...simulateSamples(count, new Random(seed))];
    const result = (forecaster: string, sigma: (sample: Sample) => number) => ({
      forecaster,
      errors: measure(samples, sigma),
    });
    return [
      result("the truth", ({ sigma }) => sigma),
      result("GARCH filter that is told the market's parameters", filter),
      result("volatility.onnx", ({ returns }) => forecast(mlp, returns)),
      ...EWMA_DECAYS.map((decay) => result(`EWMA, decay ${decay}`, ({ returns }) => ewma(returns, decay))),
      result("naive: sample standard deviation", ({ returns }) => standardDeviation(returns)),
    ];
  },

  toOnnx(mlp) {
    return volatilityOnnx(mlp, volatilityStudy.seed);
  },

  probes(seed) {
    const simulated = [...simulateSamples(64, new Random(seed))].map(({ returns }) => returns);
    const constant = (value: number): Float64Array => new Float64Array(WINDOW).fill(value);
    const spike = (hour: number, value: number): Float64Array => constant(0).with(hour, value);
    const extremes = [
      ...[0, 1e-30, 1e-6, -0.01, 1, 1e30, Infinity, -Infinity, NaN].map(constant),
      ...[0, WINDOW - 1].flatMap((hour) => [spike(hour, 0.5), spike(hour, -1e30), spike(hour, NaN)]),
    ];
    return [...simulated, ...extremes].map((returns) => ({ returns: Float32Array.from(returns) }));
  },

  run(mlp, feeds) {
    return { volatility: [forecast(mlp, Float64Array.from(feeds.returns as Float32Array))] };
  },
};

function measure(samples: readonly Sample[], forecaster: (sample: Sample) => number): number[] {
  let squares = 0;
  let qlike = 0;
  let nll = 0;
  for (const sample of samples) {
    const sigma = forecaster(sample);
    const ratio = square(sample.sigma / sigma);
    squares += square(sigma / sample.sigma - 1);
    qlike += ratio - log(ratio) - 1;
    nll += log(sigma) + (square(sample.nextReturn / sigma) + log(2 * Math.PI)) / 2;
  }
  return [Math.sqrt(squares / samples.length), qlike / samples.length, nll / samples.length];
}

/** What remains to be known once the market's parameters are: nothing but the variance 24 hours ago. */
function filter({ returns, regime }: Sample): number {
  return Math.sqrt(returns.reduce((variance, value) => nextVariance(regime, variance, value), square(regime.level)));
}

/** RiskMetrics' exponentially weighted mean square, weights scaled to sum to one over the window. */
function ewma(returns: Float64Array, decay: number): number {
  let sum = 0;
  let weights = 0;
  for (const value of returns) {
    sum = decay * sum + square(value);
    weights = decay * weights + 1;
  }
  return Math.sqrt(sum / weights);
}

function standardDeviation(returns: Float64Array): number {
  const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
  const squares = returns.reduce((sum, value) => sum + square(value - mean), 0);
  return Math.sqrt(squares / (returns.length - 1));
}
