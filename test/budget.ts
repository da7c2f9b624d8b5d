// How hard property tests try: a little in `npm test`, a lot in `npm run fuzz`, which sets ASSAY_FUZZ.

const isFuzzing = process.env.ASSAY_FUZZ === "1";

/** Seed of every property test; `npm run fuzz` draws a new one, ASSAY_SEED repeats an old one. */
export const seed = Number(process.env.ASSAY_SEED ?? 1);

/** Runs of a property test: `small` in `npm test`, `big` in `npm run fuzz`. */
export function runs(small: number, big: number): number {
  return isFuzzing ? big : small;
}
