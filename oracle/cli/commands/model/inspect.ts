/** assay model inspect: what serving and disputing a model would take, and how far ONNX Runtime is from it. */
import type { Command } from "commander";
import { parseWhole } from "../../amounts.ts";
import type { CompiledModel } from "../../compiledModel.ts";
import { describe } from "../../inputs.ts";
import type { Inspection, Samples } from "../../inspection.ts";
import { type ModelOptions, readModelFile, withModelOptions } from "../../modelFile.ts";
import type { Tools } from "../../ports.ts";

const EXAMPLES = `
Moves and gas of a dispute are an estimate: a proof's gas is added up from the cost table and the chunks that an element
reads. The sentinel tolerance is what the differences from ONNX Runtime on seeded inputs suggest; inputs of your own, with
assay model run --runtime onnxruntime, tell more.

Examples:
  assay model inspect models/volatility.onnx
  assay model inspect classifier.onnx --dims batch=1 --samples 20 --json`;

interface Options extends ModelOptions, Samples {
  readonly json?: boolean;
}

export function addInspect(model: Command, tools: Tools): void {
  withModelOptions(model.command("inspect"))
    .description("show what serving and disputing an ONNX file takes")
    .argument("<file.onnx>", "the model")
    .option("--samples <n>", "seeded inputs to compare on", parseWhole(1, 1_000), 3)
    .option("--seed <n>", "of the first input", parseWhole(0, 2 ** 31 - 1), 0)
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, options: Options) => {
      const [{ compileModel }, { inspect }] = await Promise.all([
        import("../../compiledModel.ts"),
        import("../../inspection.ts"),
      ]);
      const compiled = compileModel(readModelFile(file), options);
      const inspection = await inspect(tools, compiled, options);
      if (options.json) printJson(compiled, inspection);
      else print(compiled, inspection, options);
    });
}

function printJson({ program, roots, compilerOptions, sha256 }: CompiledModel, inspection: Inspection): void {
  const { inputs, outputs } = program;
  const about = { artefactHash: sha256, inputs, outputs, compilerOptions, ...roots };
  const json = { ...about, ...inspection.profile, ...inspection };
  console.log(
    JSON.stringify({ ...json, profile: undefined }, (_key, value) =>
      typeof value === "bigint" ? Number(value) : value,
    ),
  );
}

function print(
  { program, roots }: CompiledModel,
  { profile, times, sentinel, peakBytes }: Inspection,
  { samples }: Options,
): void {
  const { costliest } = profile;
  const lines: [string, string][] = [
    ["inputs", program.inputs.map(describe).join("; ") || "none"],
    ["outputs", program.outputs.map(describe).join("; ")],
    ["kernels", `${count(profile.kernels)}, of ${count(profile.elements)} elements`],
    ["work", `about ${count(profile.macs)} MACs; ${count(profile.steps)} steps, ${count(profile.loads)} loads`],
    ["reduction", `${count(profile.longestReduction)} steps in the longest`],
    ["weights", `${megabytes(profile.weightBytes)}, ${count(roots.weightsChunks)} chunks`],
    ["trace", `${megabytes(profile.traceBytes)}, ${count(roots.traceChunks)} chunks`],
    [
      "dispute",
      `about ${costliest.moves} moves and ${count(roundGas(costliest.gas))} gas at most, ${count(roundGas(costliest.proofGas))} of it the proof (an estimate; element ${costliest.element} of kernel ${costliest.kernel})`,
    ],
    [
      "time",
      `compile ${ms(times.compileMs)}, first run ${ms(times.firstRunMs)}, then ${ms(times.runMs)}; hash the trace ${ms(times.hashMs)}`,
    ],
    ["memory", `${megabytes(peakBytes)} at the peak`],
    ...sentinelLines(sentinel, samples),
  ];
  for (const [name, text] of lines) console.log(`${name.padEnd(9)} ${text}`);
}

function sentinelLines(sentinel: Inspection["sentinel"], samples: number): [string, string][] {
  if ("unavailable" in sentinel) return [["sentinel", `ONNX Runtime does not run it: ${sentinel.unavailable}`]];
  const { maxAbs, maxRel, tolerance, runMs } = sentinel;
  return [
    [
      "sentinel",
      `ONNX Runtime differs by at most ${figure(maxAbs)}, relatively ${figure(maxRel)}, on ${samples} seeded inputs; ${ms(runMs)}`,
    ],
    ["tolerance", `sentinel: { atol: ${figure(tolerance)}, rtol: ${figure(tolerance)} }`],
  ];
}

const count = (value: number | bigint) => value.toLocaleString("en");
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
const figure = (value: number) => (value === 0 ? "0" : value.toExponential(1).replace(".0e", "e"));
const roundGas = (gas: number) => Math.round(gas / 1_000) * 1_000;
