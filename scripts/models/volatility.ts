import { exp, square } from "./elementary.ts";
import { WINDOW } from "./garch.ts";
import { forward, type Mlp } from "./mlp.ts";

/** A log return beyond +-1 (a price times or over e in an hour) is taken as +-1 and a NaN as 1: the forecast is bounded. */
export const RETURN_BOUND = 1;
/** Added to the mean square: the forecast for a market that did not move is near 0.001 % an hour, not zero. */
export const VARIANCE_FLOOR = 1e-10;
/** The forecast variance is between e^-3 and e^3 times the window's mean square. */
export const LOG_RATIO_BOUND = 3;

/** Standard deviation of the next hourly log return, as a fraction, in float64; `returns` are the last 24, oldest first. */
export function forecast(mlp: Mlp, returns: Float64Array): number {
  const logRatio = clip(forward(mlp, features(returns)), LOG_RATIO_BOUND);
  return Math.sqrt(meanSquare(returns) * exp(logRatio));
}

/** Squares over their mean: the forecast scales with the returns, so one network serves calm and wild markets. */
export function features(returns: Float64Array): Float64Array {
  const scale = meanSquare(returns);
  return returns.map((value) => square(bounded(value)) / scale);
}

export function meanSquare(returns: Float64Array): number {
  return returns.reduce((sum, value) => sum + square(bounded(value)), 0) / WINDOW + VARIANCE_FLOOR;
}

function bounded(value: number): number {
  return clip(Number.isNaN(value) ? RETURN_BOUND : value, RETURN_BOUND);
}

function clip(value: number, bound: number): number {
  return Math.min(Math.max(value, -bound), bound);
}
