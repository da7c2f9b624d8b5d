// The canonical engine against ONNX Runtime, each on one thread.
import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Measurement } from "./engine/measure.ts";
import { MODELS } from "./engine/models.ts";

const ROUNDS = 9;
/** Canonical time over ONNX Runtime's. */
const TARGET_RATIO = 14;
const MEASURE = fileURLToPath(new URL("./engine/measure.ts", import.meta.url));

const COLUMNS = [
  "ratio",
  "canonicalMs",
  "ortMs",
  "hashMs",
  "lowerMs",
  "compileMs",
  "packMs",
  "firstMs",
  "peakMb",
  "traceMb",
];

/** Prints the table and returns its figures. */
export async function bench(): Promise<Record<string, number>> {
  console.log(`${cpus()[0]?.model}, Node ${process.version}, one thread, medians of ${ROUNDS} rounds taken in turns`);
  console.log(`ratio: canonical over ONNX Runtime; target for float models at most ${TARGET_RATIO}\n`);
  console.log(
    ["model".padEnd(18), ...COLUMNS.map((column) => column.padStart(12)), "difference".padStart(12)].join(""),
  );
  const figures: Record<string, number> = {};
  for (const name of Object.keys(MODELS)) {
    const { stdout } = await promisify(execFile)(process.execPath, [MEASURE, name, String(ROUNDS)]);
    const measured = JSON.parse(stdout) as Measurement;
    const row: Record<string, number> = { ratio: measured.canonicalMs / measured.ortMs, ...measured };
    for (const column of COLUMNS) figures[`${name}.${column}`] = Number(row[column]?.toFixed(2));
    const cells = COLUMNS.map((column) => (row[column] ?? 0).toFixed(column === "ratio" ? 2 : 1).padStart(12));
    console.log([name.padEnd(18), ...cells, measured.difference.toExponential(1).padStart(12)].join(""));
  }
  return figures;
}
