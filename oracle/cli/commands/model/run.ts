/** assay model run: what a model's program gives, to the bit. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { joinTensors } from "../../../model/tensor.ts";
import type { Tensor } from "../../../roles/ports.ts";
import { collect, withModelOptions } from "../../modelFile.ts";
import type { ModelRun, RunOptions } from "../../modelRun.ts";
import { formatNpy } from "../../npy.ts";
import { decodeOutputs, showTensor } from "../../outputs.ts";
import type { Tools } from "../../ports.ts";

const EXAMPLES = `
An input is JSON, or a .json, .npy or .pb (TensorProto) file; with several inputs, NAME=VALUE for each.
--runtime onnxruntime runs ONNX Runtime as well and shows its outputs and how far they are from the canonical ones.

Examples:
  assay model run models/volatility.onnx --input returns.npy
  assay model run classifier.onnx --dims batch=1 --input image=picture.npy --input threshold=0.5 --out build/
  assay model run models/volatility.onnx --input returns.json --runtime onnxruntime`;

interface Options extends RunOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export function addRun(model: Command, tools: Tools): void {
  withModelOptions(model.command("run"))
    .description("run an ONNX file's canonical program")
    .argument("<file.onnx>", "the model")
    .option("--input <[name=]value>", "an input; repeat it for each", collect)
    .addOption(new Option("--runtime <name>", "what to run").choices(["canonical", "onnxruntime"]).default("canonical"))
    .option("--out <folder>", "write each canonical output to a .npy file")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, options: Options) => {
      const { runModel } = await import("../../modelRun.ts");
      const result = await runModel(tools, file, options);
      if (options.out !== undefined) writeOutputs(options.out, result.outputs);
      print(result, options.json === true);
    });
}

/** Names may contain what file names cannot. */
function writeOutputs(folder: string, outputs: readonly Tensor[]): void {
  mkdirSync(folder, { recursive: true });
  for (const output of outputs)
    writeFileSync(join(folder, `${encodeURIComponent(output.name)}.npy`), formatNpy(output));
}

function print({ outputs, sentinel, roots, runMs }: ModelRun, isJson: boolean): void {
  const decode = (tensors: readonly Tensor[]) => decodeOutputs(tensors, joinTensors(tensors.map(({ bytes }) => bytes)));
  if (isJson) {
    const onnxRuntime = sentinel && { outputs: decode(sentinel.outputs), ...sentinel.difference };
    console.log(JSON.stringify({ ...roots, outputs: decode(outputs), onnxRuntime, runMs }));
    return;
  }
  for (const tensor of decode(outputs)) console.log(showTensor(tensor));
  if (sentinel !== undefined) {
    for (const tensor of decode(sentinel.outputs)) console.log(`ONNX Runtime: ${showTensor(tensor)}`);
    const { maxAbs, maxRel } = sentinel.difference;
    console.log(`ONNX Runtime differs by at most ${maxAbs}, relatively ${maxRel}`);
  }
  console.log(`input root   ${roots.inputRoot}`);
  console.log(`output root  ${roots.outputRoot}`);
  console.log(`trace root   ${roots.traceRoot}`);
}
