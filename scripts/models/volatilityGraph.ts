import { WINDOW } from "./garch.ts";
import { GraphBuilder } from "./graphBuilder.ts";
import type { Mlp } from "./mlp.ts";
import { LOG_RATIO_BOUND, RETURN_BOUND, VARIANCE_FLOOR } from "./volatility.ts";

/** `forecast` of volatility.ts as an ONNX file. */
export function volatilityOnnx(mlp: Mlp, seed: bigint): Uint8Array {
  const graph = new GraphBuilder();
  const returns = graph.input("returns", "f32", [1, WINDOW], "Hourly log returns as fractions, oldest first.");

  const numbers = graph.withoutNaN(returns, RETURN_BOUND, "returns_known");
  const clipped = graph.clip(numbers, -RETURN_BOUND, RETURN_BOUND, "returns_clipped");
  const squares = graph.node("Mul", [clipped, clipped], "squares");
  const timeAxis = graph.i64("time_axis", [1], [1n]);
  const mean = graph.node("ReduceMean", [squares, timeAxis], "mean_square");
  const scale = graph.node("Add", [mean, graph.f32("variance_floor", [], [VARIANCE_FLOOR])], "scale");
  const features = graph.node("Div", [squares, scale], "features");

  const unbounded = graph.mlp(mlp, features, "log_ratio_unbounded");
  const logRatio = graph.clip(unbounded, -LOG_RATIO_BOUND, LOG_RATIO_BOUND, "log_ratio");
  const ratio = graph.node("Exp", [logRatio], "ratio");
  const variance = graph.node("Mul", [scale, ratio], "next_variance");

  graph.node("Sqrt", [variance], "volatility");
  graph.output("volatility", "f32", [1, 1], "Standard deviation of the next hourly log return, as a fraction.");
  return graph.build({
    name: "volatility",
    docString:
      "Forecasts the next hour's volatility from 24 hourly log returns. Trained on simulated GARCH(1,1) returns.",
    metadata: { author: "Assay", licence: "MIT", seed: String(seed) },
  });
}
