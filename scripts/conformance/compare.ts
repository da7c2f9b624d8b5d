/** How far a canonical output is from a stored one. */
import type { ConstantTensor } from "../../oracle/model/onnx/graph.ts";
import { unpack } from "../../oracle/model/tensor.ts";

/** The element that differs most, counted in tolerances. */
export interface Mismatch {
  readonly element: number;
  readonly actual: number | bigint;
  readonly expected: number | bigint;
  /** Elements that differ by more than the tolerance. */
  readonly count: number;
}

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** Undefined if every element is within the tolerance; integers have none. */
export function compare(
  actual: ConstantTensor,
  expected: ConstantTensor,
  { rtol, atol }: Tolerance,
): Mismatch | undefined {
  const [a, e] = [elements(actual), elements(expected)];
  let worst: Mismatch | undefined;
  let worstExcess = 0;
  let count = 0;
  for (const [element, want] of e.entries()) {
    const got = a[element];
    if (got === undefined) throw new RangeError(`${a.length} elements instead of ${e.length}`);
    const excess = typeof want === "bigint" ? Number(got !== want) * 2 : excessOf(Number(got), want, rtol, atol);
    if (excess <= 1) continue;
    count++;
    if (excess > worstExcess) [worst, worstExcess] = [{ element, actual: got, expected: want, count }, excess];
  }
  return worst === undefined ? undefined : { ...worst, count };
}

/** The difference in tolerances: at most 1 passes. */
function excessOf(got: number, want: number, rtol: number, atol: number): number {
  if (Object.is(got, want) || got === want || (Number.isNaN(got) && Number.isNaN(want))) return 0;
  if (!Number.isFinite(got) || !Number.isFinite(want)) return Number.POSITIVE_INFINITY;
  return Math.abs(got - want) / (atol + rtol * Math.abs(want));
}

/**
 * The greatest distance between the two best scores of the rows whose labels differ, if each is below the tolerance: then another
 * implementation may well choose the other label. Undefined if some label is wrong, or no output has the scores of the labels.
 */
export function tiedMargin(
  actual: ConstantTensor,
  expected: ConstantTensor,
  outputs: readonly ConstantTensor[],
  { rtol, atol }: Tolerance,
): number | undefined {
  const [a, e] = [elements(actual), elements(expected)];
  const scores = outputs.find(({ dtype, dims }) => isFloat(dtype) && dims.length === 2 && dims[0] === e.length);
  if (isFloat(expected.dtype) || scores === undefined) return undefined;
  const classes = scores.dims[1] ?? 0;
  const values = elements(scores).map(Number);
  const margins = e.flatMap((label, row) => {
    if (a[row] === label) return [];
    const [best = 0, next = Number.NEGATIVE_INFINITY] = values
      .slice(row * classes, (row + 1) * classes)
      .sort((x, y) => y - x);
    return [{ margin: best - next, allowed: atol + rtol * Math.abs(best) }];
  });
  const isTied = margins.every(({ margin, allowed }) => margin <= allowed);
  return isTied ? Math.max(...margins.map(({ margin }) => margin)) : undefined;
}

const isFloat = (dtype: ConstantTensor["dtype"]) => dtype === "f32" || dtype === "f64";

/** Integers as BigInts, so that they compare exactly. */
function elements({ dtype, bytes }: ConstantTensor): readonly (number | bigint)[] {
  const values = Array.from<number | bigint>(unpack(dtype, bytes));
  return isFloat(dtype) ? values : values.map(BigInt);
}
