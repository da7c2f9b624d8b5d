/** The programs that a child process has compiled; the one not used for longest is dropped first. */
import { readFile } from "node:fs/promises";
import { compile } from "../model/compile.ts";
import { COMPILER_VERSION, parseOptions } from "../model/compilerOptions.ts";
import type { TensorSignature } from "../model/onnx/signature.ts";
import type { Program } from "../model/program.ts";
import { ExecutionError, type ExecutionFailure, type ProgramSpec, type RunnableModel } from "../roles/ports.ts";
import { CanonicalProgram } from "../vm/canonicalProgram.ts";
import { runProgram } from "../vm/engine/executor.ts";
import type { HashEach } from "../vm/keccak.ts";
import { rootMismatch, rootsOf } from "../vm/programRoots.ts";

export class Programs {
  readonly #limit: number;
  readonly #hashEach: HashEach;
  readonly #programs = new Map<string, CanonicalProgram>();

  constructor(limit: number, hashEach: HashEach) {
    this.#limit = limit;
    this.#hashEach = hashEach;
  }

  /**
   * The program of a model, compiled on its first use. Artefact paths are taken to name their content.
   * @throws ExecutionError ("crashed") if the file cannot be read, ("program") unless it compiles to what is registered,
   *   ("model") if that cannot be run
   */
  async get(model: RunnableModel): Promise<CanonicalProgram> {
    const key = `${model.modelId} ${model.path}`;
    const program = this.#programs.get(key) ?? (await this.#load(model));
    this.#programs.delete(key);
    this.#programs.set(key, program);
    for (const [oldest] of this.#programs) if (this.#programs.size > this.#limit) this.#programs.delete(oldest);
    return program;
  }

  async #load({ path, program: spec, inputs, outputs }: RunnableModel): Promise<CanonicalProgram> {
    if (spec === undefined) throw new ExecutionError("program", "the model has no program");
    const onnx = await readFile(path).catch((cause: Error) => {
      throw new ExecutionError("crashed", `cannot read the model: ${cause.message}`, { cause });
    });
    const program = attempt("program", () => {
      const compiled = compileAs(onnx, spec, outputs);
      check(compiled, spec, { inputs, outputs }, this.#hashEach);
      return compiled;
    });
    // What does not fit into memory here is the right program nevertheless.
    return attempt("model", () => new CanonicalProgram(program));
  }
}

function attempt<T>(failure: ExecutionFailure, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    throw failed(failure, cause as Error);
  }
}

const failed = (failure: ExecutionFailure, cause: Error) => new ExecutionError(failure, cause.message, { cause });

function compileAs(
  onnx: Uint8Array,
  { compilerVersion, compilerOptions }: ProgramSpec,
  outputs: readonly TensorSignature<number>[],
): Program {
  if (compilerVersion !== COMPILER_VERSION) {
    throw new Error(`it is registered for compiler version ${compilerVersion}, and this node has ${COMPILER_VERSION}`);
  }
  const names = outputs.map(({ name }) => name);
  return compile(onnx, { ...parseOptions(compilerOptions), outputs: names, run: runProgram });
}

/** Whoever serves or judges another program than the registered one gives wrong answers with confidence. */
function check(
  program: Program,
  { roots }: ProgramSpec,
  registered: Pick<Program, "inputs" | "outputs">,
  hashEach: HashEach,
): void {
  const difference = rootMismatch(rootsOf(program, hashEach).roots, roots);
  if (difference !== undefined)
    throw new Error(`the artefact does not compile to the registered program: ${difference}`);
  for (const side of ["inputs", "outputs"] as const) {
    const [own, stated] = [show(program[side]), show(registered[side])];
    if (own !== stated) throw new Error(`the program's ${side} are ${own}, not ${stated}`);
  }
}

const show = (tensors: readonly TensorSignature<number>[]) =>
  tensors.map(({ name, dtype, dims }) => `${name} ${dtype} [${dims.join(", ")}]`).join("; ") || "none";
