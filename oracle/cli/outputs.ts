/** A model's output tensors as values that people and JSON can read. */
import type { TensorSignature } from "../model/onnx/signature.ts";
import { DTYPES, elementCount, splitTensors, unpack } from "../model/tensor.ts";

type Scalar = number | string | boolean;

/** Row-major elements; whole numbers beyond 2^53 and what JSON cannot say are strings. */
export interface DecodedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly values: readonly Scalar[];
}

const SHOWN = 12;

/** Decodes the flat output of a model. */
export function decodeOutputs(outputs: readonly TensorSignature<number>[], flat: Uint8Array): DecodedTensor[] {
  const lengths = outputs.map(({ dtype, dims }) => elementCount(dims) * DTYPES[dtype].bytes);
  const parts = splitTensors(flat, lengths);
  return outputs.map(({ name, dtype, dims }, i) => {
    const elements = unpack(dtype, parts[i] as Uint8Array);
    const values = Array.from<number | bigint, Scalar>(elements, (element) => {
      if (dtype === "bool") return element !== 0;
      if (dtype === "f32") return shortestF32(Number(element));
      return Number.isFinite(element) || isSafe(element) ? Number(element) : String(element);
    });
    return { name, dtype, dims, values };
  });
}

const isSafe = (element: number | bigint) => Number.isSafeInteger(Number(element));

/** The shortest decimal that is this f32 again: 0.1 and not 0.10000000149011612. */
function shortestF32(value: number): Scalar {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Object.is(Math.fround(short), value)) return short;
  }
  return value;
}

/** One line: name, type and the first values. */
export function showTensor({ name, dtype, dims, values }: DecodedTensor): string {
  const rest = values.length > SHOWN ? `, ... ${values.length - SHOWN} more` : "";
  return `${name} ${dtype} [${dims.join(", ")}] = ${values.slice(0, SHOWN).join(", ")}${rest}`;
}
