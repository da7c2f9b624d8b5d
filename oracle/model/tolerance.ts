/** How far an output may be from the canonical one, and how far it is. */
import { type Dtype, unpack } from "./tensor.ts";

export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

export interface Difference {
  /** The largest |y - c|; infinite where only one of both is finite, or a number. */
  readonly maxAbs: number;
  /** The largest |y - c| / |c|, elements of value 0 left out. */
  readonly maxRel: number;
  /** The largest |y - c| / max(1, |c|): what `atol` and `rtol` would both have to be. */
  readonly maxScaled: number;
}

/**
 * The first element of `actual` that is not within the tolerance of the canonical one; undefined: all are. Equal bits,
 * two zeros or two NaNs pass; otherwise both must be finite and `|y - c| <= atol + rtol * |c|`, in binary64 with each
 * operation rounded.
 * @param integerAtol the tolerance of integers: 0 for what the chain judges
 */
export function firstOutside(
  dtype: Dtype,
  actual: Uint8Array,
  canonical: Uint8Array,
  { atol, rtol }: Tolerance,
  integerAtol = 0,
): number | undefined {
  const isFloat = dtype === "f32" || dtype === "f64";
  const [y, c] = [unpack(dtype, actual), unpack(dtype, canonical)];
  for (let i = 0; i < c.length; i++) {
    const [got, want] = [y[i] as number | bigint, c[i] as number | bigint];
    if (got === want || Object.is(got, want)) continue;
    const allowed = isFloat ? atol + rtol * Math.abs(Number(want)) : integerAtol;
    const distance = distanceOf(got, want);
    if (!(Number.isFinite(distance) && distance <= allowed)) return i;
  }
  return undefined;
}

export function differenceOf(dtype: Dtype, actual: Uint8Array, canonical: Uint8Array): Difference {
  const [y, c] = [unpack(dtype, actual), unpack(dtype, canonical)];
  let [maxAbs, maxRel, maxScaled] = [0, 0, 0];
  for (let i = 0; i < c.length; i++) {
    const [got, want] = [y[i] as number | bigint, c[i] as number | bigint];
    if (got === want || Object.is(got, want)) continue;
    const size = Math.abs(Number(want));
    const distance = distanceOf(got, want);
    maxAbs = Math.max(maxAbs, distance);
    if (size > 0) maxRel = Math.max(maxRel, distance / size);
    maxScaled = Math.max(maxScaled, distance / Math.max(1, size));
  }
  return { maxAbs, maxRel, maxScaled };
}

/** Of elements that are not equal; infinite unless both are finite numbers. */
function distanceOf(a: number | bigint, b: number | bigint): number {
  if (typeof a === "bigint" && typeof b === "bigint") return Math.abs(Number(a - b));
  const areFinite = Number.isFinite(Number(a)) && Number.isFinite(Number(b));
  return areFinite ? Math.abs(Number(a) - Number(b)) : Number.POSITIVE_INFINITY;
}
