import { createHash } from "node:crypto";
import type { Mlp } from "./mlp.ts";
import type { Study } from "./study.ts";

const HELD_OUT_SAMPLES = 50_000;

/** The Markdown that `models/README.md` has between the markers of this study. */
export function report(study: Study, mlp: Mlp, onnx: Uint8Array): string {
  const results = study.evaluate(mlp, study.heldOutSeed, HELD_OUT_SAMPLES);
  const parameters = mlp.reduce((sum, { weight, bias }) => sum + weight.length + bias.length, 0);
  const { samples, epochs } = study.fullBudget;
  const rows = results.map(({ forecaster, errors }) => [
    forecaster,
    ...errors.map((error) => error.toFixed(4)),
  ]);
  const header = [`error on ${count(HELD_OUT_SAMPLES)} held-out samples`, ...study.measures];
  return [
    table([header, ...rows]),
    "",
    table([
      ["bytes", "parameters", "training", "seed", "held-out seed"],
      [
        count(onnx.length),
        count(parameters),
        `${count(samples)} samples, ${epochs} epochs`,
        `${study.seed}`,
        `${study.heldOutSeed}`,
      ],
    ]),
    "",
    `sha-256 \`${createHash("sha256").update(onnx).digest("hex")}\``,
  ].join("\n");
}

/** `text` with what stands between the study's markers replaced. */
export function replaceReport(text: string, study: Study, markdown: string): string {
  const [start, end] = [`<!-- ${study.name}: npm run models -->`, `<!-- ${study.name}: end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no markers ${start} ... ${end}`);
  return `${text.slice(0, from + start.length)}\n${markdown}\n${text.slice(to)}`;
}

function table([header, ...rows]: readonly (readonly string[])[]): string {
  if (header === undefined) return "";
  const alignment = header.map((_, column) => (column === 0 ? "---" : "---:"));
  return [header, alignment, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function count(value: number): string {
  return value.toString().replace(/(?<=\d)(?=(\d{3})+$)/g, ",");
}
