/** assay model compile: an ONNX file's program, as its specification states it. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { COMPILER_VERSION } from "../../../model/compilerOptions.ts";
import { toHex } from "../../../vm/keccak.ts";
import type { CompiledModel } from "../../compiledModel.ts";
import { describe } from "../../inputs.ts";
import { type ModelOptions, readModelFile, withModelOptions } from "../../modelFile.ts";

const EXAMPLES = `
Prints what registration states of the program: roots, counts, inputs and outputs. --out writes it as JSON, too; the
program itself is always compiled anew from the ONNX file.

Examples:
  assay model compile models/volatility.onnx
  assay model compile classifier.onnx --dims batch=1 --outputs label --out build/
  assay model compile resize.onnx --bind 'sizes=[1, 3, 224, 224]' --out resize.json`;

const FILE_VERSION = 1;

interface Options extends ModelOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export function addCompile(model: Command): void {
  withModelOptions(model.command("compile"))
    .description("compile an ONNX file to its canonical program")
    .argument("<file.onnx>", "the model")
    .option("--out <file>", "write what is printed as JSON; to program.json if it is a folder")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, options: Options) => {
      const { compileModel } = await import("../../compiledModel.ts");
      const compiled = compileModel(readModelFile(file), options);
      const json = `${JSON.stringify(programFile(compiled), undefined, 2)}\n`;
      if (options.out !== undefined) writeProgram(options.out, json);
      if (options.json) process.stdout.write(json);
      else print(compiled);
    });
}

/** docs/formats.md, "Program file". */
function programFile({ program, roots, rootPreimage, compilerOptions, sha256 }: CompiledModel): object {
  const { inputs, outputs } = program;
  return {
    version: FILE_VERSION,
    artefactHash: sha256,
    compilerVersion: COMPILER_VERSION,
    compilerOptions,
    ...roots,
    traceChunks: Number(roots.traceChunks),
    outputChunks: Number(roots.outputChunks),
    weightsChunks: Number(roots.weightsChunks),
    programRoot: toHex(rootPreimage),
    inputs,
    outputs,
  };
}

function writeProgram(out: string, json: string): void {
  const isFolder = out.endsWith("/") || statSync(out, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder) mkdirSync(out, { recursive: true });
  writeFileSync(isFolder ? join(out, "program.json") : out, json);
}

function print({ program, roots, compilerOptions, sha256, compileMs }: CompiledModel): void {
  const lines: [string, string][] = [
    ["inputs", program.inputs.map(describe).join("; ") || "none"],
    ["outputs", program.outputs.map(describe).join("; ")],
    ["kernels", `${roots.kernelCount}, root ${roots.kernelRoot}`],
    ["weights", `${roots.weightsChunks} chunks, root ${roots.weightsRoot}`],
    ["trace", `${roots.traceChunks} chunks (T), the last ${roots.outputChunks} of them the outputs (O)`],
    ["compiler", `version ${COMPILER_VERSION}, options ${compilerOptions}`],
    ["sha-256", sha256],
    ["time", `${Math.round(compileMs)} ms`],
  ];
  for (const [name, text] of lines) console.log(`${name.padEnd(9)} ${text}`);
}
