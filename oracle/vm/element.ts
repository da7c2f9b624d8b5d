/** Elements of tensors to and from values (docs/kernels.md, "Meaning": loads and stores). */
import { DTYPES, type Dtype } from "../model/tensor.ts";
import { f64Bits, type Value } from "./value.ts";

const CANONICAL_NAN_F32 = 0x7fc00000;

/** What a load of the element at byte `offset` gives. */
export function loadElement(dtype: Dtype, bytes: Uint8Array, offset: number): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (dtype) {
    case "f32":
      return view.getFloat32(offset, true);
    case "f64":
      return view.getFloat64(offset, true);
    case "i8":
      return BigInt(view.getInt8(offset));
    case "u8":
    case "bool":
      return BigInt(view.getUint8(offset));
    case "i16":
      return BigInt(view.getInt16(offset, true));
    case "u16":
      return BigInt(view.getUint16(offset, true));
    case "i32":
      return BigInt(view.getInt32(offset, true));
    case "u32":
      return BigInt(view.getUint32(offset, true));
    case "i64":
      return view.getBigInt64(offset, true);
  }
}

/** The bytes that a store of `value` leaves. Throws a TypeError for a value of the other type. */
export function storeElement(dtype: Dtype, value: Value): Uint8Array<ArrayBuffer> {
  const { bytes: length } = DTYPES[dtype];
  const bytes = new Uint8Array(length);
  for (const i of bytes.keys()) bytes[i] = Number((storedBits(dtype, value) >> BigInt(8 * i)) & 0xffn);
  return bytes;
}

/** The stored element's bits; those above its width are of no meaning. */
function storedBits(dtype: Dtype, value: Value): bigint {
  const isFloat = dtype === "f32" || dtype === "f64";
  if (isFloat !== (typeof value === "number")) throw new TypeError(`a ${typeof value} in a tensor of ${dtype}`);
  if (typeof value === "number") return dtype === "f32" ? BigInt(f32Bits(value)) : f64Bits(value);
  if (dtype === "bool") return value === 0n ? 0n : 1n;
  return BigInt.asUintN(64, value);
}

function f32Bits(x: number): number {
  if (Number.isNaN(x)) return CANONICAL_NAN_F32;
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x);
  return view.getUint32(0);
}
