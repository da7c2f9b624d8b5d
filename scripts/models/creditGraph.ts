import {
  AMOUNT,
  FEATURE_DEVIATION,
  FEATURE_MEAN,
  HISTORY_MAX,
  INCOME,
  LOG_ODDS,
  POINTS_AT_EVENS,
  POINTS_PER_LOG_ODDS,
  RATIO_MAX,
  SCORE,
} from "./credit.ts";
import { GraphBuilder } from "./graphBuilder.ts";
import type { Mlp } from "./mlp.ts";

/** `probability` and `score` of credit.ts as an ONNX file. */
export function creditOnnx(mlp: Mlp, seed: bigint): Uint8Array {
  const graph = new GraphBuilder();
  const income = graph.input("income", "f32", [1, 1], "Yearly income in US dollars.");
  const debt = graph.input("debt", "f32", [1, 1], "Outstanding debt in US dollars.");
  const loan = graph.input("loan", "f32", [1, 1], "Loan asked for, in US dollars.");
  const history = graph.input(
    "history",
    "i64",
    [1, HISTORY_MAX.length],
    "Months of credit history, late payments in the last 24 months, open credit lines.",
  );

  const stated = graph.withoutNaN(income, INCOME.min, "income_known");
  const earned = graph.clip(stated, INCOME.min, INCOME.max, "income_clipped");
  const ratioMax = graph.f32("ratio_max", [], [RATIO_MAX]);
  const ratio = (amount: string): string => {
    const known = graph.withoutNaN(amount, AMOUNT.max, `${amount}_known`);
    const clipped = graph.clip(known, AMOUNT.min, AMOUNT.max, `${amount}_clipped`);
    const share = graph.node("Div", [clipped, earned], `${amount}_share`);
    return graph.node("Min", [share, ratioMax], `${amount}_ratio`);
  };
  const zero = graph.i64("history_min", [], [0n]);
  const historyMax = graph.i64("history_max", [HISTORY_MAX.length], HISTORY_MAX.map(BigInt));
  const floored = graph.node("Max", [history, zero], "history_floored");
  const counts = graph.cast(graph.node("Min", [floored, historyMax], "history_clipped"), "f32", "history_counts");

  const parts = [graph.node("Log", [earned], "income_log"), ratio(debt), ratio(loan), counts];
  const raw = graph.node("Concat", parts, "features_raw", { axis: 1 });
  const mean = graph.f32("feature_mean", [FEATURE_MEAN.length], FEATURE_MEAN);
  const deviation = graph.f32("feature_deviation", [FEATURE_DEVIATION.length], FEATURE_DEVIATION);
  const features = graph.node("Div", [graph.node("Sub", [raw, mean], "features_centred"), deviation], "features");

  const unbounded = graph.mlp(mlp, features, "log_odds_unbounded");
  const logOdds = graph.clip(unbounded, LOG_ODDS.min, LOG_ODDS.max, "log_odds");
  graph.node("Sigmoid", [logOdds], "default_probability");
  graph.output("default_probability", "f32", [1, 1], "Probability of default within a year.");

  const slope = graph.f32("points_per_log_odds", [], [-POINTS_PER_LOG_ODDS]);
  const evens = graph.f32("points_at_evens", [], [POINTS_AT_EVENS]);
  const points = graph.node("Add", [graph.node("Mul", [logOdds, slope], "points_off_evens"), evens], "points");
  const bounded = graph.clip(points, SCORE.min, SCORE.max, "points_clipped");
  graph.cast(graph.node("Round", [bounded], "points_rounded"), "i64", "score");
  graph.output("score", "i64", [1, 1], "Credit score from 300 to 850: 600 at odds of 15 to 1, 50 more per doubling.");
  return graph.build({
    name: "credit",
    docString:
      "Scores a loan application. Trained on a simulated population: an example, not fit for decisions about people.",
    metadata: { author: "Assay", licence: "MIT", seed: String(seed) },
  });
}
