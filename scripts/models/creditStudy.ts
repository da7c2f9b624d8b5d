import { type Borrower, drawBorrower, trueDefaultProbability } from "./borrowers.ts";
import { FEATURE_MEAN, features, logOdds, probability, score } from "./credit.ts";
import { creditOnnx } from "./creditGraph.ts";
import { log, square } from "./elementary.ts";
import { createMlp, roundToFloat32, train } from "./mlp.ts";
import { Random } from "./random.ts";
import type { Feeds, Study } from "./study.ts";

const HIDDEN = [16, 8];

interface Applicant {
  readonly borrower: Borrower;
  readonly truth: number;
  readonly defaulted: boolean;
}

export const creditStudy: Study = {
  name: "credit",
  seed: 850n,
  heldOutSeed: 85_000n,
  fullBudget: { samples: 100_000, epochs: 8 },
  measures: ["log loss", "Brier score", "AUC"],

  /** Minimises the log loss of the defaults that happened; the network never sees the true probability. */
  train(seed, { samples: count, epochs }, onEpoch) {
    const random = new Random(seed);
    const applicants = drawApplicants(count, random);
    const inputs = applicants.map(({ borrower }) => features(borrower));
    const lossGradient = (output: number, sample: number): number =>
      probability(output) - (applicants[sample]?.defaulted ? 1 : 0);
    const mlp = createMlp([FEATURE_MEAN.length, ...HIDDEN, 1], random);
    train(mlp, inputs, lossGradient, { epochs, batch: 128, learningRate: 3e-3, random, onEpoch });
    return roundToFloat32(mlp);
  },

  evaluate(mlp, seed, count) {
    const applicants = drawApplicants(count, new Random(seed));
    const baseRate = applicants.filter(({ defaulted }) => defaulted).length / count;
    const result = (forecaster: string, forecast: (applicant: Applicant) => number) => ({
      forecaster,
      errors: measure(applicants, forecast),
    });
    return [
      result("the truth", ({ truth }) => truth),
      result("credit.onnx", ({ borrower }) => probability(logOdds(mlp, borrower))),
      result("naive: the base rate for everyone", () => baseRate),
    ];
  },

  toOnnx(mlp) {
    return creditOnnx(mlp, creditStudy.seed);
  },

  probes(seed) {
    const random = new Random(seed);
    const simulated = Array.from({ length: 64 }, () => {
      const { income, debt, loan, ...history } = drawBorrower(random);
      const counts = [history.monthsOfHistory, history.latePayments, history.openLines];
      return feeds([income, debt, loan], counts.map(BigInt));
    });
    const extremes = [-Infinity, -1, 0, 1, 1e6, 1e30, Infinity, NaN].flatMap((amount) =>
      [-(2n ** 63n), 0n, 5n, 2n ** 63n - 1n].map((count) => feeds([amount, amount, amount], [count, count, count])),
    );
    return [...simulated, ...extremes];
  },

  run(mlp, feeds) {
    const output = logOdds(mlp, borrowerOf(feeds));
    return { default_probability: [probability(output)], score: [score(output)] };
  },
};

function drawApplicants(count: number, random: Random): Applicant[] {
  return Array.from({ length: count }, () => {
    const borrower = drawBorrower(random);
    const truth = trueDefaultProbability(borrower);
    return { borrower, truth, defaulted: random.uniform() < truth };
  });
}

function feeds(amounts: readonly number[], history: readonly bigint[]): Feeds {
  const [income, debt, loan] = amounts.map((amount) => Float32Array.of(amount)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  return { income, debt, loan, history: BigInt64Array.from(history) };
}

function borrowerOf(feeds: Feeds): Borrower {
  const amount = (name: string): number => Number(feeds[name]?.[0]);
  const [monthsOfHistory, latePayments, openLines] = Array.from(feeds.history as BigInt64Array, Number) as [
    number,
    number,
    number,
  ];
  const [income, debt, loan] = [amount("income"), amount("debt"), amount("loan")];
  return { income, debt, loan, monthsOfHistory, latePayments, openLines };
}

function measure(applicants: readonly Applicant[], forecast: (applicant: Applicant) => number): number[] {
  const forecasts = applicants.map(forecast);
  let logLoss = 0;
  let brier = 0;
  applicants.forEach(({ defaulted }, i) => {
    const p = forecasts[i] as number;
    logLoss -= log(defaulted ? p : 1 - p);
    brier += square(p - (defaulted ? 1 : 0));
  });
  return [logLoss / applicants.length, brier / applicants.length, areaUnderCurve(applicants, forecasts)];
}

/** The chance that a borrower who defaults was given a higher probability than one who repays, ties counting half. */
function areaUnderCurve(applicants: readonly Applicant[], forecasts: readonly number[]): number {
  const ranked = [...forecasts.keys()].sort((a, b) => (forecasts[a] as number) - (forecasts[b] as number));
  let repaidBelow = 0;
  let wins = 0;
  for (let start = 0, end = 0; start < ranked.length; start = end) {
    const tied = forecasts[ranked[start] as number];
    let defaults = 0;
    for (; end < ranked.length && forecasts[ranked[end] as number] === tied; end++) {
      if (applicants[ranked[end] as number]?.defaulted) defaults++;
    }
    const repaid = end - start - defaults;
    wins += defaults * (repaidBelow + repaid / 2);
    repaidBelow += repaid;
  }
  return wins / (repaidBelow * (applicants.length - repaidBelow));
}
