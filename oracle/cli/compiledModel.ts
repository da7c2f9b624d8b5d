/**
 * The program that an ONNX file compiles to. With this file come the engine and its compiler, which take 100 MB: commands
 * that may do without load it when they need it.
 */
import { compile } from "../model/compile.ts";
import { formatOptions, type ProgramOptions } from "../model/compilerOptions.ts";
import { decodeModel, inputsOf } from "../model/onnx/signature.ts";
import type { Program } from "../model/program.ts";
import { runProgram } from "../vm/engine/executor.ts";
import { createHashEach } from "../vm/keccakBatch.ts";
import { type ProgramRoots, rootsOf } from "../vm/programRoots.ts";
import { packBindings } from "./inputs.ts";
import { locate, type ModelFile, type ModelOptions } from "./modelFile.ts";

export interface CompiledModel extends ModelFile {
  readonly program: Program;
  readonly options: ProgramOptions;
  /** The options as a specification states them. */
  readonly compilerOptions: string;
  readonly roots: ProgramRoots;
  readonly rootPreimage: Uint8Array;
  readonly compileMs: number;
}

/** @throws CommandError naming the file and the node at fault, UsageError for what is bound wrongly */
export function compileModel(model: ModelFile, { dims, bind = [], outputs }: ModelOptions): CompiledModel {
  return locate(model.file, () => {
    const startedMs = performance.now();
    const options = { dims, bind: packBindings(inputsOf(decodeModel(model.onnx).graph), bind) };
    const program = compile(model.onnx, { ...options, run: runProgram, ...(outputs !== undefined && { outputs }) });
    const compileMs = performance.now() - startedMs;
    const { roots, rootPreimage } = rootsOf(program, createHashEach());
    return { ...model, program, options, compilerOptions: formatOptions(options), roots, rootPreimage, compileMs };
  });
}
