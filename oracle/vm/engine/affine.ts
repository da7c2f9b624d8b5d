/** Integers that are a constant plus multiples of loop variables, without ever wrapping. */
import { ALL, type Interval, isWithin } from "./interval.ts";

export interface Affine {
  readonly constant: bigint;
  /** By variable; 0 where the value does not depend on it. */
  readonly factors: readonly bigint[];
}

export function constantAffine(constant: bigint, variables: number): Affine {
  return { constant, factors: Array.from({ length: variables }, () => 0n) };
}

export function variableAffine(variable: number, variables: number): Affine {
  return { constant: 0n, factors: Array.from({ length: variables }, (_, v) => (v === variable ? 1n : 0n)) };
}

/** a + factor * b. */
export function combine(a: Affine, b: Affine, factor: bigint): Affine {
  return {
    constant: a.constant + factor * b.constant,
    factors: a.factors.map((f, v) => f + factor * (b.factors[v] ?? 0n)),
  };
}

export function scale(a: Affine, factor: bigint): Affine {
  return { constant: a.constant * factor, factors: a.factors.map((f) => f * factor) };
}

/** The exact range over variables that run from 0 to their extents, excluded. */
export function affineRange({ constant, factors }: Affine, extents: readonly number[]): Interval {
  let [low, high] = [constant, constant];
  for (const [v, factor] of factors.entries()) {
    const span = factor * BigInt((extents[v] ?? 1) - 1);
    if (span < 0n) low += span;
    else high += span;
  }
  return { low, high };
}

/** Whether it stays within 64 bits, so that what computes it never wraps. */
export function isExact(affine: Affine, extents: readonly number[]): boolean {
  return isWithin(affineRange(affine, extents), ALL);
}

/** The same string for equal forms only. */
export function affineKey({ constant, factors }: Affine): string {
  return `${constant},${factors.join()}`;
}

/** The factor k for which `a - k * part` has none of the variables of `part`; undefined if there is none. */
export function multiplicity(a: Affine, part: Affine): bigint | undefined {
  let found: bigint | undefined;
  for (const [v, factor] of part.factors.entries()) {
    if (factor === 0n) continue;
    const own = a.factors[v] ?? 0n;
    if (own % factor !== 0n) return undefined;
    const multiple = own / factor;
    if (found !== undefined && found !== multiple) return undefined;
    found = multiple;
  }
  return found;
}
