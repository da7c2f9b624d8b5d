import { exp, log, square } from "./elementary.ts";
import type { Random } from "./random.ts";

/** An applicant of the simulated population, as the lender sees it. Amounts are whole US dollars. */
export interface Borrower {
  /** A year, before tax. */
  readonly income: number;
  /** Outstanding, before this loan. */
  readonly debt: number;
  /** Asked for. */
  readonly loan: number;
  /** Since the first credit line was opened. */
  readonly monthsOfHistory: number;
  /** In the last 24 months. */
  readonly latePayments: number;
  readonly openLines: number;
}

const MEDIAN_INCOME = 42_000;

export function drawBorrower(random: Random): Borrower {
  const income = Math.round(MEDIAN_INCOME * exp(0.6 * random.normal()));
  const debt = random.uniform() < 0.2 ? 0 : Math.round(income * exp(-0.9 + 0.9 * random.normal()));
  const loan = Math.round(income * exp(-1.6 + 0.7 * random.normal()));
  const monthsOfHistory = Math.floor(square(random.uniform()) * 420);
  // A careful majority and a careless minority, so that lateness is over-dispersed, as it is in life.
  const latePayments = random.poisson(random.uniform() < 0.75 ? 0.15 : 1.8);
  const openLines = random.poisson(1 + monthsOfHistory / 80);
  return { income, debt, loan, monthsOfHistory, latePayments, openLines };
}

/**
 * The true probability of default within a year. Not linear in the log-odds: a short history doubles what a late payment
 * says, lateness saturates, and credit lines only count above five.
 */
export function trueDefaultProbability(borrower: Borrower): number {
  const { income, debt, loan, monthsOfHistory, latePayments, openLines } = borrower;
  const shortHistory = monthsOfHistory < 24;
  const lateness = Math.sqrt(latePayments) * (shortHistory ? 2 : 1);
  const logOdds =
    -4 +
    0.7 * Math.min(debt / income, 3) +
    1.6 * Math.min(loan / income, 2) +
    0.9 * lateness +
    (shortHistory ? 0.6 : 0) -
    0.003 * Math.min(monthsOfHistory, 240) +
    0.3 * Math.max(openLines - 5, 0) -
    0.4 * log(income / MEDIAN_INCOME);
  return 1 / (1 + exp(-logOdds));
}
