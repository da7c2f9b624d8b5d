import type { F64 } from "../expr.ts";

/** Horner's scheme, the constant coefficient first. */
export function polynomial(x: F64, coefficients: readonly (F64 | number)[]): F64 {
  return coefficients.map((c) => x.lift(c)).reduceRight((sum, coefficient) => sum.mul(x).add(coefficient));
}
