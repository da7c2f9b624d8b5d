import { createHash } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type ValueInfoProto } from "../../oracle/model/onnx/onnx_pb.ts";
import { readSignature, type TensorSignature } from "../../oracle/model/onnx/signature.ts";
import type { Mlp } from "./mlp.ts";
import type { Study } from "./study.ts";

const HELD_OUT_SAMPLES = 50_000;

/** What `models/README.md` says about a model between its markers: interface, errors, origin. */
export function report(study: Study, mlp: Mlp, onnx: Uint8Array): string {
  return [interfaceTable(onnx), errorTable(study, mlp), originTable(study, mlp, onnx)].join("\n\n");
}

/** `text` with what stands between the study's markers replaced. */
export function replaceReport(text: string, study: Study, markdown: string): string {
  const start = `<!-- ${study.name}: npm run models -->\n`;
  const end = `<!-- ${study.name}: end -->`;
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no place between ${start.trimEnd()} and ${end}`);
  return `${text.slice(0, from + start.length)}\n${markdown}\n\n${text.slice(to)}`;
}

function interfaceTable(onnx: Uint8Array): string {
  const { inputs, outputs } = readSignature(onnx);
  const { graph } = fromBinary(ModelProtoSchema, onnx);
  const row = (
    kind: string,
    { name, dtype, dims }: TensorSignature,
    values: readonly ValueInfoProto[] = [],
  ): string[] => {
    const meaning = values.find((value) => value.name === name)?.docString ?? "";
    return [kind, `\`${name}\``, dtype, `[${dims.join(", ")}]`, meaning];
  };
  return table([
    ["", "name", "dtype", "shape", "meaning"],
    ...inputs.map((tensor) => row("input", tensor, graph?.input)),
    ...outputs.map((tensor) => row("output", tensor, graph?.output)),
  ]);
}

function errorTable(study: Study, mlp: Mlp): string {
  const results = study.evaluate(mlp, study.heldOutSeed, HELD_OUT_SAMPLES);
  return table([
    [`error on ${thousands(HELD_OUT_SAMPLES)} held-out samples`, ...study.measures],
    ...results.map(({ forecaster, errors }) => [forecaster, ...errors.map((error) => error.toFixed(4))]),
  ]);
}

function originTable({ seed, heldOutSeed, fullBudget }: Study, mlp: Mlp, onnx: Uint8Array): string {
  const parameters = mlp.reduce((sum, { weight, bias }) => sum + weight.length + bias.length, 0);
  return table([
    ["file", ""],
    ["sha-256", `\`${createHash("sha256").update(onnx).digest("hex")}\``],
    ["bytes", thousands(onnx.length)],
    ["parameters", thousands(parameters)],
    ["trained on", `${thousands(fullBudget.samples)} samples, ${fullBudget.epochs} epochs`],
    ["seed; of the held-out samples", `${seed}; ${heldOutSeed}`],
  ]);
}

/** Aligned as the formatter would, so that the README passes it. */
function table(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(columns[column] ?? 0)).join(" | ")} |`;
  const rule = columns.map((width) => "-".repeat(width));
  return [rows[0] ?? [], rule, ...rows.slice(1)].map(line).join("\n");
}

function thousands(value: number): string {
  return value.toString().replace(/(?<=\d)(?=(\d{3})+$)/g, ",");
}
