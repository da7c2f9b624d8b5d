// Gas of the operations on floats and of loads.
import { DTYPES, type Dtype } from "../../oracle/model/tensor.ts";
import { Random } from "../../scripts/models/random.ts";
import type { Float64Harness } from "../../types/index.ts";
import { drawPairs, ELEMENT_KINDS, type Kind } from "./float64Operands.ts";
import { OPERATIONS } from "./float64Operations.ts";
import { Slots } from "./slots.ts";

const PAIRS = 3_000;
const SEED = 1n;

/** Numbers as they are in networks, where an operation does not take floats. */
const ORDINARY: Readonly<Record<string, Kind>> = {
  fromF32Bits: "ordinaryBinary32",
  fromInt64: "ordinaryInteger",
  f32: "ordinaryBinary32",
  f64: "ordinary",
};

export interface GasRow {
  readonly name: string;
  /** Median over ordinary numbers. */
  readonly ordinary: number;
  /** Over the pairs that the parity tests draw. */
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One row per operation and per dtype's load. Operands are fixed, so the figures are too. */
export async function float64Gas(harness: Float64Harness): Promise<GasRow[]> {
  const rows: GasRow[] = [];
  for (const [id, { name, kinds }] of OPERATIONS.entries()) {
    const measure = async (of: readonly Kind[]) => harness.measure(id, drawPairs(of, new Random(SEED), PAIRS).toHex());
    rows.push(row(name, await measure([ORDINARY[name] ?? "ordinary"]), await measure(kinds)));
  }
  for (const dtype of Object.keys(DTYPES) as Dtype[]) {
    const { id, bytes } = DTYPES[dtype];
    const measure = async (kind: Kind) =>
      harness.measureLoads(id, drawPairs([kind], new Random(SEED), PAIRS).lowBytes(bytes));
    const all = await measure(ELEMENT_KINDS[dtype]);
    rows.push(row(`load ${dtype}`, await measure(ORDINARY[dtype] ?? "ordinaryInteger"), all));
  }
  return rows;
}

function row(name: string, ordinary: string, all: string): GasRow {
  const sorted = (hex: string) => Array.from(Slots.fromHex(hex).integers, Number).sort((a, b) => a - b);
  const [few, many] = [sorted(ordinary), sorted(all)];
  const at = (figures: number[], part: number) => figures[Math.floor(part * (figures.length - 1))] ?? Number.NaN;
  return { name, ordinary: at(few, 0.5), min: at(many, 0), median: at(many, 0.5), max: at(many, 1) };
}
