import type { Borrower } from "./borrowers.ts";
import { exp, log } from "./elementary.ts";
import { forward, type Mlp } from "./mlp.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * Inputs are brought into these ranges first, so that an absurd application stays near what was trained on. A NaN counts
 * as the worst of the range: the least income, the most debt, the largest loan.
 */
export const INCOME: Range = { min: 1_000, max: 1e7 };
export const AMOUNT: Range = { min: 0, max: 1e7 };
export const RATIO_MAX = 5;
/** Months of history, late payments, open lines; none is below zero. */
export const HISTORY_MAX = [420, 24, 30] as const;

/** Centre and spread of the features: round numbers near the population's, so that the graph can be read. */
export const FEATURE_MEAN = [10.6, 0.6, 0.25, 140, 0.55, 2.7] as const;
export const FEATURE_DEVIATION = [0.6, 0.8, 0.2, 125, 1, 2.1] as const;

/** The probability stays between 4.5e-5 and 1 - 4.5e-5. */
export const LOG_ODDS: Range = { min: -10, max: 10 };

export const SCORE: Range = { min: 300, max: 850 };
/** Scorecard scaling: 600 points at odds of 15 to 1 that the loan is repaid, 50 more each time the odds double. */
export const POINTS_PER_LOG_ODDS = 50 / log(2);
export const POINTS_AT_EVENS = 600 - POINTS_PER_LOG_ODDS * log(15);

/** The log-odds of default, in float64. */
export function logOdds(mlp: Mlp, borrower: Borrower): number {
  return clip(forward(mlp, features(borrower)), LOG_ODDS);
}

export function probability(logOdds: number): number {
  return 1 / (1 + exp(-logOdds));
}

export function score(logOdds: number): number {
  return Math.round(clip(POINTS_AT_EVENS - POINTS_PER_LOG_ODDS * logOdds, SCORE));
}

export function features(borrower: Borrower): Float64Array {
  const income = clip(known(borrower.income, INCOME.min), INCOME);
  const ratio = (amount: number): number => Math.min(clip(known(amount, AMOUNT.max), AMOUNT) / income, RATIO_MAX);
  const history = [borrower.monthsOfHistory, borrower.latePayments, borrower.openLines];
  const counts = history.map((count, i) => clip(count, { min: 0, max: HISTORY_MAX[i] as number }));
  const raw = [log(income), ratio(borrower.debt), ratio(borrower.loan), ...counts];
  return Float64Array.from(raw, (value, i) => (value - (FEATURE_MEAN[i] as number)) / (FEATURE_DEVIATION[i] as number));
}

function known(value: number, worst: number): number {
  return Number.isNaN(value) ? worst : value;
}

function clip(value: number, { min, max }: Range): number {
  return Math.min(Math.max(value, min), max);
}
