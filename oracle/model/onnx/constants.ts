/** ONNX's constant tensors to packed bytes. Nothing is allocated that the file, or its external data, does not hold. */
import { DTYPES, type Dtype, elementCount, pack } from "../tensor.ts";
import { InvalidNodeError, UnsupportedError } from "./errors.ts";
import type { ConstantTensor } from "./graph.ts";
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType } from "./onnx_pb.ts";

/** Reads `length` bytes (all to the end if undefined) from `offset` of the file `location` beside the model. */
export type ReadExternal = (location: string, offset: number, length: number | undefined) => Uint8Array;

/** Kernels index elements with 31 bits. */
const MAX_ELEMENTS = 2 ** 31 - 1;

const DTYPE_OF: ReadonlyMap<number, Dtype> = new Map([
  [TensorProto_DataType.FLOAT, "f32"],
  [TensorProto_DataType.DOUBLE, "f64"],
  [TensorProto_DataType.INT8, "i8"],
  [TensorProto_DataType.UINT8, "u8"],
  [TensorProto_DataType.INT16, "i16"],
  [TensorProto_DataType.UINT16, "u16"],
  [TensorProto_DataType.INT32, "i32"],
  [TensorProto_DataType.UINT32, "u32"],
  [TensorProto_DataType.INT64, "i64"],
  [TensorProto_DataType.BOOL, "bool"],
]);

/** The dtype of an ONNX element type. Throws UnsupportedError for one that Assay does not carry. */
export function dtypeOfElementType(elementType: number): Dtype {
  const dtype = DTYPE_OF.get(elementType);
  if (dtype === undefined) throw new UnsupportedError(`element type ${nameOf(elementType)} is not supported`);
  return dtype;
}

function nameOf(elementType: number): string {
  const entry = Object.entries(TensorProto_DataType).find(([, value]) => value === elementType);
  return entry === undefined ? `${elementType}` : entry[0].toLowerCase();
}

/** @throws InvalidNodeError, UnsupportedError */
export function decodeTensor(proto: TensorProto, readExternal: ReadExternal | undefined): ConstantTensor {
  const dtype = dtypeOfElementType(proto.dataType);
  if (proto.segment !== undefined) throw new UnsupportedError("a constant in segments");
  const dims = proto.dims.map(Number);
  if (dims.some((dim) => !(dim >= 0 && dim <= MAX_ELEMENTS)) || elementCount(dims) > MAX_ELEMENTS) {
    throw new InvalidNodeError(`constant ${proto.name} has dimensions [${dims.join(", ")}]`);
  }
  const expected = elementCount(dims) * DTYPES[dtype].bytes;
  const bytes = bytesOf(proto, dtype, expected, readExternal);
  if (bytes.length !== expected) {
    throw new InvalidNodeError(`constant ${proto.name} has ${bytes.length} bytes, its dimensions need ${expected}`);
  }
  return { dtype, dims, bytes: dtype === "bool" ? normaliseBool(bytes) : bytes };
}

function bytesOf(
  proto: TensorProto,
  dtype: Dtype,
  expected: number,
  readExternal: ReadExternal | undefined,
): Uint8Array {
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) return readExternalData(proto, expected, readExternal);
  if (proto.rawData.length > 0) return proto.rawData;
  switch (dtype) {
    case "f32":
      return pack(dtype, proto.floatData);
    case "f64":
      return pack(dtype, proto.doubleData);
    case "i64":
      return pack(dtype, proto.int64Data);
    case "u32":
      return pack(dtype, proto.uint64Data);
    default:
      return packInts(dtype, proto.int32Data);
  }
}

/** Exporters write small unsigned integers as their bits or as their values: the low bits are both. */
function packInts(dtype: Dtype, values: readonly number[]): Uint8Array {
  const { bytes } = DTYPES[dtype];
  const packed = new Uint8Array(values.length * bytes);
  for (const [i, value] of values.entries()) {
    for (let byte = 0; byte < bytes; byte++) packed[i * bytes + byte] = value >> (8 * byte);
  }
  return packed;
}

/** A byte other than 0 is true. */
function normaliseBool(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte === 0 ? 0 : 1));
}

function readExternalData(proto: TensorProto, expected: number, read: ReadExternal | undefined): Uint8Array {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location");
  if (location === undefined) throw new InvalidNodeError(`constant ${proto.name} names no external file`);
  if (read === undefined) throw new UnsupportedError(`constant ${proto.name} is in the file ${location}`);
  const offset = decimal(entries.get("offset")) ?? 0;
  const length = decimal(entries.get("length"));
  // Checked before reading: the caller is never asked for more than the tensor needs.
  if (length !== undefined && length !== expected) {
    throw new InvalidNodeError(`constant ${proto.name} has ${length} external bytes, its dimensions need ${expected}`);
  }
  return read(location, offset, expected);
}

function decimal(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidNodeError(`external data at "${text}"`);
  return value;
}
