/** Inputs to try a model on: made from a seed alone, the same everywhere. */
import { createHash } from "node:crypto";
import type { TensorSignature } from "../model/onnx/signature.ts";
import { elementCount, pack } from "../model/tensor.ts";

/**
 * One packed tensor per input: floats uniform in [-1, 1), bytes uniform, wider integers 0 or 1, as most are tokens, indices
 * or masks, of which larger ones may not exist.
 */
export function seededInputs(inputs: readonly TensorSignature<number>[], seed: number): Uint8Array[] {
  return inputs.map((input) => seededInput(input, seed));
}

function seededInput({ name, dtype, dims }: TensorSignature<number>, seed: number): Uint8Array {
  const count = elementCount(dims);
  switch (dtype) {
    case "f32":
    case "f64":
      return pack(
        dtype,
        Array.from(words(name, seed, count), (word) => word / 2 ** 31 - 1),
      );
    case "i8":
    case "u8":
      return Uint8Array.from(words(name, seed, count), (word) => word & 0xff);
    default:
      return pack(
        dtype,
        Array.from(words(name, seed, count), (word) => word & 1),
      );
  }
}

/** Uniform 32-bit integers. */
function words(name: string, seed: number, count: number): Uint32Array {
  const hash = createHash("shake256", { outputLength: 4 * count }).update(`${seed} ${name}`);
  return Uint32Array.from(new Uint32Array(hash.digest().buffer.slice(0, 4 * count)));
}
