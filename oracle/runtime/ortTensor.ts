/** Packed tensors to ONNX Runtime's and back. The only dtypes it is ever shown are Assay's. */
import { Tensor } from "onnxruntime-node";
import type { TensorSignature } from "../model/onnx/signature.ts";
import { DTYPES, type Dtype, elementCount, unpack } from "../model/tensor.ts";
import { ExecutionError } from "../roles/ports.ts";

const ORT_TYPES = {
  f32: "float32",
  f64: "float64",
  i8: "int8",
  u8: "uint8",
  i16: "int16",
  u16: "uint16",
  i32: "int32",
  u32: "uint32",
  i64: "int64",
  bool: "bool",
} as const satisfies Record<Dtype, Tensor.Type>;

/** An input tensor from its packed bytes, whose length the caller has checked. */
export function toOrt({ dtype, dims }: TensorSignature<number>, packed: Uint8Array): Tensor {
  return new Tensor(ORT_TYPES[dtype], unpack(dtype, packed), [...dims]);
}

/**
 * The packed bytes of an output tensor.
 * @throws ExecutionError ("model") unless it has the dtype and the number of elements that the model is registered with.
 * Dimensions are not compared: many models declare others than they give, and the bytes are the same.
 */
export function fromOrt({ name, dtype, dims }: TensorSignature<number>, value: Tensor | undefined): Uint8Array {
  // Sequences and maps are no tensors; their JavaScript value has no data to read.
  if (value === undefined || !("dims" in value)) {
    throw new ExecutionError("model", `output ${name} is no tensor; ask for the model's tensor outputs only`);
  }
  if (value.type !== ORT_TYPES[dtype] || value.size !== elementCount(dims)) {
    const actual = `${value.type} [${value.dims.join(", ")}]`;
    throw new ExecutionError("model", `output ${name} is ${actual}, not ${ORT_TYPES[dtype]} [${dims.join(", ")}]`);
  }
  const data = value.data as Exclude<Tensor.DataType, string[]>;
  // Little-endian like the packed form: ONNX Runtime has no build for another byte order.
  const packed = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  canonicaliseNaNs(dtype, packed);
  return packed;
}

/** Sign and payload of a NaN depend on the CPU: every NaN becomes 0x7fc00000 or 0x7ff8000000000000. */
function canonicaliseNaNs(dtype: Dtype, packed: Uint8Array): void {
  if (dtype !== "f32" && dtype !== "f64") return;
  const view = new DataView(packed.buffer);
  for (let at = 0; at < packed.length; at += DTYPES[dtype].bytes) {
    if (dtype === "f32" && Number.isNaN(view.getFloat32(at, true))) view.setUint32(at, 0x7fc00000, true);
    if (dtype === "f64" && Number.isNaN(view.getFloat64(at, true))) view.setBigUint64(at, 0x7ff8000000000000n, true);
  }
}
