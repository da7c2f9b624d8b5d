import { exp, log, square } from "./elementary.ts";
import type { Random } from "./random.ts";

/**
 * GARCH(1,1) (Bollerslev, 1986): r_t = sigma_t e_t with E[e_t^2] = 1 and
 * sigma_{t+1}^2 = omega + alpha r_t^2 + beta sigma_t^2, omega = (1 - alpha - beta) level^2.
 */
export interface Regime {
  /** Long-run standard deviation of an hourly log return, as a fraction. */
  readonly level: number;
  readonly alpha: number;
  readonly beta: number;
  /** Of Student's t innovations; Infinity means Gaussian ones. */
  readonly degreesOfFreedom: number;
}

/** What a forecaster sees, and what it should have said. */
export interface Sample {
  readonly returns: Float64Array;
  /** The true conditional standard deviation of the next return. */
  readonly sigma: number;
  readonly nextReturn: number;
  readonly regime: Regime;
}

export const WINDOW = 24;

/** Hours until the start at the long-run variance is forgotten (0.98^256 < 1 %). */
const BURN_IN = 256;
const WINDOWS_PER_PATH = 16;

/** A market: calm to wild levels, quick to slow clustering, thin to fat tails. */
export function drawRegime(random: Random): Regime {
  const level = exp(random.uniform(log(0.001), log(0.03)));
  const alpha = random.uniform(0.05, 0.3);
  const persistence = random.uniform(0.8, 0.98);
  const degreesOfFreedom = random.uniform() < 0.5 ? Infinity : random.uniform(4, 10);
  return { level, alpha, beta: persistence - alpha, degreesOfFreedom };
}

/** `count` windows of returns, each followed by the hour to forecast; 16 of them share a simulated market. */
export function* simulateSamples(count: number, random: Random): Generator<Sample> {
  for (let made = 0; made < count; ) {
    const regime = drawRegime(random);
    let variance = square(regime.level);
    const step = (): { sigma: number; value: number } => {
      const sigma = Math.sqrt(variance);
      const value = sigma * innovation(regime, random);
      variance = nextVariance(regime, variance, value);
      return { sigma, value };
    };
    for (let hour = 0; hour < BURN_IN; hour++) step();
    for (let window = 0; window < WINDOWS_PER_PATH && made < count; window++, made++) {
      const returns = Float64Array.from({ length: WINDOW }, () => step().value);
      const next = step();
      yield { returns, sigma: next.sigma, nextReturn: next.value, regime };
    }
  }
}

export function nextVariance(regime: Regime, variance: number, value: number): number {
  const { level, alpha, beta } = regime;
  return (1 - alpha - beta) * square(level) + alpha * square(value) + beta * variance;
}

function innovation({ degreesOfFreedom }: Regime, random: Random): number {
  if (degreesOfFreedom === Infinity) return random.normal();
  return random.studentT(degreesOfFreedom) * Math.sqrt((degreesOfFreedom - 2) / degreesOfFreedom);
}
