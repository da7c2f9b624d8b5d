/** ONNX files as a node is given them when they are registered with their programs. */
import { readFileSync } from "node:fs";
import { compile } from "../oracle/model/compile.ts";
import { COMPILER_VERSION, formatOptions, type ProgramOptions } from "../oracle/model/compilerOptions.ts";
import type { Program } from "../oracle/model/program.ts";
import type { ProgramSpec, RunnableModel } from "../oracle/roles/ports.ts";
import { runProgram } from "../oracle/vm/engine/executor.ts";
import { rootsOf } from "../oracle/vm/programRoots.ts";

interface RegisteredProgram {
  readonly program: Program;
  readonly spec: ProgramSpec;
  readonly rootPreimage: Uint8Array;
}

/** Compiles a file. */
export function compiled(
  onnx: Uint8Array,
  { outputs, dims = {}, bind = {} }: Partial<ProgramOptions> & { readonly outputs?: readonly string[] } = {},
): RegisteredProgram {
  const program = compile(onnx, { dims, bind, run: runProgram, ...(outputs !== undefined && { outputs }) });
  const { roots, rootPreimage } = rootsOf(program);
  const compilerOptions = formatOptions({ dims, bind });
  const spec = { roots, compilerVersion: COMPILER_VERSION, compilerOptions, tolerance: { atol: 0, rtol: 0 } };
  return { program, spec, rootPreimage };
}

/** A file's program as executors run it. */
export function runnableProgram(path: string, options: Partial<ProgramOptions> = {}) {
  const { program, spec } = compiled(readFileSync(path), options);
  const { inputs, outputs } = program;
  const model: RunnableModel = { modelId: "0x", path, inputs, outputs, program: spec };
  return { model, program };
}

export function programSpec({ program }: RunnableModel): ProgramSpec {
  if (program === undefined) throw new Error("it has no program");
  return program;
}
