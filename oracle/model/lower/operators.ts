/** All operators, by domain and name. A family is one file; this list is the only place that knows them all. */

import { ACTIVATION } from "./activation.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { CAST } from "./cast.ts";
import { CONTROL } from "./control.ts";
import { CONV } from "./conv.ts";
import { INDEXING } from "./indexing.ts";
import { LINEAR } from "./linear.ts";
import { LOGIC } from "./logic.ts";
import { MATMUL } from "./matmul.ts";
import { MOVEMENT } from "./movement.ts";
import { NORMALISATION } from "./normalisation.ts";
import type { Operator } from "./operator.ts";
import { POOL } from "./pool.ts";
import { QUANTISED } from "./quantised.ts";
import { REDUCTION } from "./reduction.ts";
import { TREES } from "./trees.ts";

export const FAMILIES: Readonly<Record<string, readonly Operator[]>> = {
  activation: ACTIVATION,
  arithmetic: ARITHMETIC,
  cast: CAST,
  control: CONTROL,
  conv: CONV,
  indexing: INDEXING,
  linear: LINEAR,
  logic: LOGIC,
  matmul: MATMUL,
  movement: MOVEMENT,
  normalisation: NORMALISATION,
  pool: POOL,
  quantised: QUANTISED,
  reduction: REDUCTION,
  trees: TREES,
};

const byName = new Map<string, Operator[]>();
for (const operator of Object.values(FAMILIES).flat()) {
  const key = keyOf(operator.domain ?? "", operator.name);
  byName.set(
    key,
    [...(byName.get(key) ?? []), operator].sort((a, b) => b.since - a.since),
  );
}

/** The newest opsets whose operators mean what is written here; by domain. */
export const NEWEST_OPSETS: Readonly<Record<string, number>> = { "": 25, "ai.onnx.ml": 5 };

/** The entry for an opset, its latest not above; undefined for an unknown operator or opset. */
export function findOperator(domain: string, name: string, opset: number): Operator | undefined {
  if (opset > (NEWEST_OPSETS[domain] ?? 0)) return undefined;
  return byName.get(keyOf(domain, name))?.find(({ since }) => since <= opset);
}

function keyOf(domain: string, name: string): string {
  return `${domain} ${name}`;
}
