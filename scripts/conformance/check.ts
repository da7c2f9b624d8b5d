/** One case: compile, run, compare. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { compile } from "../../oracle/model/compile.ts";
import type { RunKernels } from "../../oracle/model/lower/kernels.ts";
import {
  NodeError,
  UnboundValueError,
  UnsupportedError,
  UnsupportedTensorError,
} from "../../oracle/model/onnx/errors.ts";
import type { ConstantTensor } from "../../oracle/model/onnx/graph.ts";
import { decodeModel, inputsOf } from "../../oracle/model/onnx/signature.ts";
import type { Program } from "../../oracle/model/program.ts";
import { CHUNK_BYTES, DTYPES, elementCount, joinTensors, splitTensors } from "../../oracle/model/tensor.ts";
import type { Case, Tensors } from "./cases.ts";
import { compare, tiedMargin } from "./compare.ts";

export interface Outcome {
  readonly status: "passed" | "failed" | "unsupported";
  /** Why not passed. */
  readonly reason?: string;
  /** What differs in a passed case: labels between which the scores do not decide. */
  readonly note?: string;
  /** Inputs that had to be bound. */
  readonly bound: readonly string[];
  /** Whether nothing of the model depends on an input any more. */
  readonly isConstant: boolean;
}

export type Result = Outcome & { readonly name: string };

export function check(testCase: Case, run: RunKernels): Outcome {
  const bound = new Set<string>();
  try {
    const program = compileBound(testCase, bound, run);
    const found = mismatch(testCase, outputsOf(program, testCase.inputs, run));
    const status = found.reason === undefined ? "passed" : "failed";
    return { status, ...found, bound: [...bound], isConstant: program.inputs.length === 0 };
  } catch (error) {
    return { ...failure(error), bound: [...bound] };
  }
}

/** What an error makes of a case. */
export function failure(error: unknown): Outcome {
  const isUnsupported =
    error instanceof UnsupportedError ||
    error instanceof UnsupportedTensorError ||
    (error instanceof NodeError && error.isUnsupported);
  const reason = error instanceof Error ? error.message : String(error);
  return { status: isUnsupported ? "unsupported" : "failed", reason, bound: [], isConstant: false };
}

/** Binds what the compiler asks for, and nothing else; `bound` receives its names. */
export function compileBound(testCase: Case, bound: Set<string>, run: RunKernels): Program {
  const onnx = readFileSync(join(testCase.folder, "model.onnx"));
  for (const [name, { dims }] of testCase.inputs) if (elementCount(dims) === 0) bound.add(name);
  for (;;) {
    try {
      return compile(onnx, {
        dims: dimsOf(onnx, testCase.inputs),
        bind: Object.fromEntries([...testCase.inputs].filter(([name]) => bound.has(name))),
        outputs: [...testCase.outputs.keys()],
        readExternal: (location, offset, length) => readBeside(testCase.folder, location, offset, length),
        run,
      });
    } catch (error) {
      const cause = error instanceof NodeError ? error.cause : error;
      const asked = cause instanceof UnboundValueError ? cause.inputs.filter((name) => !bound.has(name)) : [];
      if (asked.length === 0) throw error;
      for (const name of asked) bound.add(name);
    }
  }
}

/** The sizes that the case's inputs give to the dimensions that the model leaves open. */
function dimsOf(onnx: Uint8Array, inputs: Tensors): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { name, dims } of inputsOf(decodeModel(onnx).graph)) {
    for (const [axis, dim] of dims.entries()) {
      const size = inputs.get(name)?.dims[axis];
      if (typeof dim === "string" && size !== undefined && size > 0) sizes[dim] = size;
    }
  }
  return sizes;
}

function readBeside(folder: string, location: string, offset: number, length: number | undefined): Uint8Array {
  const path = join(folder, location);
  if (relative(folder, path).startsWith("..")) throw new Error(`${location} is outside of the model's folder`);
  return new Uint8Array(readFileSync(path).subarray(offset, length === undefined ? undefined : offset + length));
}

/** The outputs of a program, by name. */
export function outputsOf(program: Program, inputs: Tensors, run: RunKernels): Tensors {
  const flat = joinTensors(
    program.inputs.map(({ name }) => {
      const tensor = inputs.get(name);
      if (tensor === undefined) throw new Error(`the case has no input ${name}`);
      return tensor.bytes;
    }),
  );
  const trace = run(program.kernels, program.weights, flat);
  const lengths = program.outputs.map(({ dtype, dims }) => elementCount(dims) * DTYPES[dtype].bytes);
  const begin = (program.traceChunks - program.outputChunks) * CHUNK_BYTES;
  const padded = lengths.map((length) => Math.ceil(length / CHUNK_BYTES) * CHUNK_BYTES);
  const outputs = splitTensors(trace.subarray(begin), padded);
  return new Map(
    program.outputs.map(({ name, dtype, dims }, i): [string, ConstantTensor] => [
      name,
      { dtype, dims, bytes: (outputs[i] ?? new Uint8Array()).slice(0, lengths[i]) },
    ]),
  );
}

/** What is wrong with the outputs, and what is different and yet right; both undefined if nothing is. */
function mismatch({ outputs, tolerance }: Case, actual: Tensors): { reason?: string; note?: string } {
  const notes: string[] = [];
  for (const [name, expected] of outputs) {
    const got = actual.get(name);
    const type = ({ dtype, dims }: ConstantTensor) => `${dtype}[${dims.join(", ")}]`;
    if (got === undefined || type(got) !== type(expected)) {
      return { reason: `${name} is ${got === undefined ? "missing" : type(got)}, not ${type(expected)}` };
    }
    const worst = compare(got, expected, tolerance);
    if (worst === undefined) continue;
    const total = elementCount(expected.dims);
    const what = `${name}[${worst.element}] is ${worst.actual}, not ${worst.expected}; ${worst.count} of ${total} differ`;
    const margin = tiedMargin(got, expected, [...outputs.values()], tolerance);
    if (margin === undefined) return { reason: what };
    notes.push(`${what}, by a margin of at most ${margin}`);
  }
  return notes.length > 0 ? { note: notes.join("; ") } : {};
}
