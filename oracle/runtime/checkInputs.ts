import { DTYPES, elementCount } from "../model/tensor.ts";
import { ExecutionError, type RunnableModel, type Tensor } from "../roles/ports.ts";

/** Throws an ExecutionError unless these are a model's inputs, which no process is needed to find out. */
export function checkInputs({ inputs }: RunnableModel, tensors: readonly Tensor[]): void {
  if (tensors.length !== inputs.length) {
    throw new ExecutionError("model", `the model has ${inputs.length} inputs, not ${tensors.length}`);
  }
  for (const [i, { name, dtype, dims }] of inputs.entries()) {
    const given = tensors[i] as Tensor;
    const length = elementCount(dims) * DTYPES[dtype].bytes;
    if (given.name !== name || given.dtype !== dtype || given.bytes.length !== length) {
      const actual = `${given.name}, ${given.dtype}, ${given.bytes.length} bytes`;
      throw new ExecutionError("model", `input ${i} is ${name}, ${dtype}, ${length} bytes, not ${actual}`);
    }
    // ONNX Runtime takes the byte as it is, and what operators make of a 2 differs between machines.
    if (dtype === "bool" && given.bytes.some((byte) => byte > 1)) {
      throw new ExecutionError("model", `input ${name} is bool and has an element that is neither 0 nor 1`);
    }
  }
}
