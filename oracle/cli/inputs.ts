/** A model's input tensors from what the command line says: inline JSON, .json, .npy and .pb files. */

import { readFileSync, statSync } from "node:fs";
import { lookUp } from "../model/lookup.ts";
import type { ConstantTensor } from "../model/onnx/graph.ts";
import type { Dim, TensorSignature } from "../model/onnx/signature.ts";
import { readTensorProto } from "../model/onnx/tensorProto.ts";
import { type DTYPES, type Element, elementCount, pack } from "../model/tensor.ts";
import { UsageError } from "./errors.ts";
import { parseNpy } from "./npy.ts";

type Input = TensorSignature<number>;

/** Far above what a request can carry (64 KiB packed), and small enough to read whole. */
const MAX_FILE_BYTES = 10_000_000;

/** More than tensors have dimensions; without end, the stack would be the end. */
const MAX_NESTING = 64;

/** The numbers that JSON has no literal for; "-0" is one in JSON. */
const SPECIAL: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

/**
 * Packs the inputs of a model, in its order. Each value is `[NAME=]JSON` or `[NAME=]FILE`, a .json, .npy or .pb file; the
 * name may be left out if the model has one input. One JSON object, inline or in a file, can give all of them by name.
 * JSON numbers in nested or flat lists; whole numbers beyond 2^53 as strings, and "NaN", "Infinity", "-Infinity".
 * @throws UsageError naming the input at fault
 */
export function packInputs(inputs: readonly Input[], values: readonly string[]): Uint8Array[] {
  const given = new Map(values.flatMap((value) => readValue(value, inputs)));
  const known = inputs.map(({ name }) => name);
  const unknown = [...given.keys()].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`the model has no input ${unknown.join(", ")}; its inputs are ${known.join(", ") || "none"}`);
  }
  return inputs.map((input) => {
    const value = given.get(input.name);
    if (value === undefined) throw new UsageError(`input ${describe(input)} is missing`);
    return packInput(input, value);
  });
}

/** "returns f32 [1, 24]". */
export function describe({ name, dtype, dims }: TensorSignature): string {
  return `${name} ${dtype} [${dims.join(", ")}]`;
}

/**
 * Tensors that become constants of a model, by name: values as for {@link packInputs}, each with its name. Dimensions that
 * the model leaves open are those of the value, as it is nested or as its file says.
 * @throws UsageError naming the input at fault
 */
export function packBindings(
  inputs: readonly TensorSignature[],
  values: readonly string[],
): Record<string, ConstantTensor> {
  return Object.fromEntries(
    values.map((text) => {
      const { name, value } = splitName(text, inputs);
      const input = inputs.find((candidate) => candidate.name === name);
      if (input === undefined) {
        throw new UsageError(`say which input ${text} binds: NAME=VALUE; they are ${inputs.map(describe).join(", ")}`);
      }
      const read = readTensor(value);
      const dims = "json" in read ? nestedDims(read.json, input.dims) : read.dims;
      const fits = dims.length === input.dims.length && input.dims.every((dim, i) => fitsDim(dim, dims[i]));
      if (!fits) throw new UsageError(`input ${describe(input)}: the value has dimensions [${dims.join(", ")}]`);
      const { dtype } = input;
      return [name, { dtype, dims, bytes: packInput({ ...input, dims }, read) }];
    }),
  );
}

const fitsDim = (dim: Dim, size: number | undefined) => typeof dim === "string" || dim === size;

/** The extents of nested lists; what is not nested as deep as the tensor is flat, and fits if the tensor's are known. */
function nestedDims(json: unknown, dims: readonly Dim[]): number[] {
  const nested: number[] = [];
  for (let inner = json; Array.isArray(inner); inner = inner[0]) nested.push(inner.length);
  const isKnown = dims.every((dim) => typeof dim === "number");
  return isKnown && nested.length <= 1 ? dims.map(Number) : nested;
}

/** JSON, or a file that is one tensor. */
type Value = { readonly json: unknown } | ConstantTensor;

function readTensor(value: string): Value {
  if (value.endsWith(".npy")) return attemptTensor(value, () => parseNpy(readSmall(value)));
  if (value.endsWith(".pb")) return attemptTensor(value, () => readTensorProto(readSmall(value)));
  return { json: readJson(value) };
}

function readValue(text: string, inputs: readonly Input[]): [string, Value][] {
  const { name, value } = splitName(text, inputs);
  const read = readTensor(value);
  const isByName = name === undefined && "json" in read && isObject(read.json);
  if (isByName) return Object.entries(read.json as object).map(([key, json]) => [key, { json }]);
  const [only] = inputs;
  if (name !== undefined) return [[name, read]];
  if (only !== undefined && inputs.length === 1) return [[only.name, read]];
  throw new UsageError(`say which input ${text} is: NAME=${text}; the inputs are ${inputs.map(describe).join(", ")}`);
}

/** A name may contain anything, so it is looked up rather than parsed. */
function splitName(text: string, inputs: readonly TensorSignature[]): { name: string | undefined; value: string } {
  const named = inputs.find(({ name }) => text.startsWith(`${name}=`));
  if (named !== undefined) return { name: named.name, value: text.slice(named.name.length + 1) };
  const [, name, value] = /^([\w.:/-]+)=(.*)$/s.exec(text) ?? [];
  return name === undefined || value === undefined ? { name: undefined, value: text } : { name, value };
}

function readJson(value: string): unknown {
  const isFile = value.endsWith(".json");
  const text = isFile ? new TextDecoder().decode(readSmall(value)) : value;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const what = isFile ? value : `"${value.length > 40 ? `${value.slice(0, 40)}...` : value}"`;
    const hint = isFile ? "" : "; files end in .json, .npy or .pb";
    throw new UsageError(`${what} is not JSON${hint}`, { cause });
  }
}

function readSmall(path: string): Uint8Array {
  const size = attempt(path, () => statSync(path).size);
  if (size > MAX_FILE_BYTES)
    throw new UsageError(`${path} has ${size} bytes; an input file has at most ${MAX_FILE_BYTES}`);
  return attempt(path, () => readFileSync(path));
}

function attempt<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    throw new UsageError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function attemptTensor(path: string, read: () => ConstantTensor): ConstantTensor {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${path}: ${(cause as Error).message}`, { cause });
  }
}

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

function packInput(input: Input, value: Value): Uint8Array {
  try {
    return "json" in value ? packJson(input, value.json) : packTensor(input, value);
  } catch (cause) {
    throw new UsageError(`input ${describe(input)}: ${(cause as Error).message}`, { cause });
  }
}

function packTensor({ dtype, dims }: Input, file: ConstantTensor): Uint8Array {
  if (file.dtype !== dtype) throw new Error(`the file has dtype ${file.dtype}`);
  if (elementCount(file.dims) !== elementCount(dims)) throw new Error(`the file has shape [${file.dims.join(", ")}]`);
  if (dtype === "bool" && file.bytes.some((byte) => byte > 1)) throw new Error("an element is neither 0 nor 1");
  return file.bytes;
}

function packJson({ dtype, dims }: Input, json: unknown): Uint8Array {
  const elements = [json].flat(MAX_NESTING).map((element) => toElement(element, dtype));
  const count = elementCount(dims);
  if (elements.length !== count) throw new Error(`it has ${count} elements, and ${elements.length} are given`);
  return pack(dtype, elements);
}

function toElement(value: unknown, dtype: keyof typeof DTYPES): Element {
  if (Array.isArray(value)) throw new Error(`it is nested deeper than ${MAX_NESTING} levels`);
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") {
    const isFloat = dtype === "f32" || dtype === "f64";
    const special = isFloat ? lookUp(SPECIAL, value) : undefined;
    if (special !== undefined) return special;
    if (!isFloat && /^-?\d+$/.test(value)) return BigInt(value);
  }
  throw new Error(`${JSON.stringify(value)} is no element of it`);
}
