// How hard property tests try: a little in `npm test`, a lot in `npm run fuzz`.
import { randomBytes } from "node:crypto";

const isFuzzing = process.env.ASSAY_FUZZ === "1";

/** Seed of the Solidity fuzz tests in `npm run fuzz`: 32 bytes as hex, drawn anew unless ASSAY_SEED repeats an old one. */
export const fuzzSeed = process.env.ASSAY_SEED ?? `0x${randomBytes(32).toString("hex")}`;

/** Runs of a property test: `small` in `npm test`, `big` in `npm run fuzz`. */
export function runs(small: number, big: number): number {
  return isFuzzing ? big : small;
}
