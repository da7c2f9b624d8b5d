/** A model's input tensors from what the command line says: inline JSON, .json files and .npy files. */
import { readFileSync, statSync } from "node:fs";
import type { TensorSignature } from "../model/onnx/signature.ts";
import { type DTYPES, type Element, elementCount, pack } from "../model/tensor.ts";
import { UsageError } from "./errors.ts";
import { parseNpy } from "./npy.ts";

type Input = TensorSignature<number>;

/** Far above what a request can carry (64 KiB packed), and small enough to read whole. */
const MAX_FILE_BYTES = 10_000_000;

/** The numbers that JSON has no literal for; "-0" is one in JSON. */
const SPECIAL: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

/**
 * Packs the inputs of a model, in its order. Each value is `[NAME=]JSON`, `[NAME=]FILE.json` or `[NAME=]FILE.npy`; the
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
export function describe({ name, dtype, dims }: Input): string {
  return `${name} ${dtype} [${dims.join(", ")}]`;
}

/** JSON, or the bytes of a .npy file. */
type Value = { readonly json: unknown } | { readonly npy: Uint8Array };

function readValue(text: string, inputs: readonly Input[]): [string, Value][] {
  const { name, value } = splitName(text, inputs);
  const read = value.endsWith(".npy") ? { npy: readSmall(value) } : { json: readJson(value) };
  const isByName = name === undefined && "json" in read && isObject(read.json);
  if (isByName) return Object.entries(read.json as object).map(([key, json]) => [key, { json }]);
  const [only] = inputs;
  if (name !== undefined) return [[name, read]];
  if (only !== undefined && inputs.length === 1) return [[only.name, read]];
  throw new UsageError(`say which input ${text} is: NAME=${text}; the inputs are ${inputs.map(describe).join(", ")}`);
}

/** A name may contain anything, so it is looked up rather than parsed. */
function splitName(text: string, inputs: readonly Input[]): { name: string | undefined; value: string } {
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
    const hint = isFile ? "" : "; files end in .json or .npy";
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

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

function packInput(input: Input, value: Value): Uint8Array {
  try {
    return "npy" in value ? packNpy(input, value.npy) : packJson(input, value.json);
  } catch (cause) {
    throw new UsageError(`input ${describe(input)}: ${(cause as Error).message}`, { cause });
  }
}

function packNpy({ dtype, dims }: Input, file: Uint8Array): Uint8Array {
  const array = parseNpy(file);
  if (array.dtype !== dtype) throw new Error(`the file has dtype ${array.dtype}`);
  if (elementCount(array.shape) !== elementCount(dims))
    throw new Error(`the file has shape [${array.shape.join(", ")}]`);
  if (dtype === "bool" && array.bytes.some((byte) => byte > 1)) throw new Error("an element is neither 0 nor 1");
  return array.bytes;
}

function packJson({ dtype, dims }: Input, json: unknown): Uint8Array {
  const elements = [json].flat(Number.POSITIVE_INFINITY).map((element) => toElement(element, dtype));
  const count = elementCount(dims);
  if (elements.length !== count) throw new Error(`it has ${count} elements, and ${elements.length} are given`);
  return pack(dtype, elements);
}

function toElement(value: unknown, dtype: keyof typeof DTYPES): Element {
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") {
    const isFloat = dtype === "f32" || dtype === "f64";
    if (isFloat && value in SPECIAL) return SPECIAL[value] as number;
    if (!isFloat && /^-?\d+$/.test(value)) return BigInt(value);
  }
  throw new Error(`${JSON.stringify(value)} is no element of it`);
}
