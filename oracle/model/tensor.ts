/**
 * Tensors as bytes: element types, little-endian packing, and the flat layout in which several tensors travel as one
 * byte string.
 */

/** Tensors of a flat byte string start at multiples of this many bytes; a tree's leaf hashes as many. */
export const CHUNK_BYTES = 256;

/** The element types. `id` is part of the format: it enters model ids and equals the Solidity enum `Dtype`. */
export const DTYPES = {
  f32: { id: 1, bytes: 4 },
  f64: { id: 2, bytes: 8 },
  i8: { id: 3, bytes: 1 },
  u8: { id: 4, bytes: 1 },
  i16: { id: 5, bytes: 2 },
  u16: { id: 6, bytes: 2 },
  i32: { id: 7, bytes: 4 },
  u32: { id: 8, bytes: 4 },
  i64: { id: 9, bytes: 8 },
  bool: { id: 10, bytes: 1 },
} as const;

export type Dtype = keyof typeof DTYPES;

/** What {@link unpack} returns for each dtype; these are onnxruntime's types too. */
export interface TensorArrays {
  f32: Float32Array;
  f64: Float64Array;
  i8: Int8Array;
  u8: Uint8Array;
  i16: Int16Array;
  u16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  i64: BigInt64Array;
  bool: Uint8Array;
}

export type TensorArray = TensorArrays[Dtype];

/** A JavaScript value of one element: numbers for the float dtypes, any of the three for integers and bool. */
export type Element = number | bigint | boolean;

/** An element that its dtype cannot hold. */
export class ElementRangeError extends RangeError {
  readonly value: Element;
  readonly dtype: Dtype;

  constructor(value: Element, dtype: Dtype) {
    super(`${value} is not in the range of ${dtype}`);
    this.name = "ElementRangeError";
    this.value = value;
    this.dtype = dtype;
  }
}

/** A byte string that does not have the length its tensors need. */
export class TensorLengthError extends RangeError {
  readonly expectedBytes: number;
  readonly actualBytes: number;

  constructor(expectedBytes: number, actualBytes: number) {
    super(`expected ${expectedBytes} bytes, got ${actualBytes}`);
    this.name = "TensorLengthError";
    this.expectedBytes = expectedBytes;
    this.actualBytes = actualBytes;
  }
}

const names = Object.keys(DTYPES) as Dtype[];

/** The dtype whose id is `id`. Throws a RangeError when there is none. */
export function dtypeOf(id: number): Dtype {
  const dtype = names.find((name) => DTYPES[name].id === id);
  if (dtype === undefined) throw new RangeError(`no dtype has id ${id}`);
  return dtype;
}

/** How many elements a tensor of these dimensions has: 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/**
 * Packs elements little-endian, each `DTYPES[dtype].bytes` long.
 *
 * A number becomes the nearest f32 (ties to even); NaN and the infinities pass. Throws {@link ElementRangeError} for a
 * finite number that would round to an f32 infinity, for a bigint or boolean in a float tensor, for a value outside an
 * integer dtype's range, and for a number that is not an integer or beyond 2^53 there.
 */
export function pack(dtype: Dtype, elements: ArrayLike<Element>): Uint8Array<ArrayBuffer> {
  const { bytes } = DTYPES[dtype];
  const packed = new Uint8Array(elements.length * bytes);
  const view = new DataView(packed.buffer);
  for (const [i, element] of Array.from(elements).entries()) writeElement(view, i * bytes, dtype, element);
  return packed;
}

/** Reads a packed tensor into a fresh array. Throws {@link TensorLengthError} unless it holds whole elements. */
export function unpack<D extends Dtype>(dtype: D, packed: Uint8Array): TensorArrays[D];
export function unpack(dtype: Dtype, packed: Uint8Array): TensorArray {
  const { bytes } = DTYPES[dtype];
  const count = Math.floor(packed.length / bytes);
  if (count * bytes !== packed.length) throw new TensorLengthError(count * bytes, packed.length);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  switch (dtype) {
    case "f32":
      return Float32Array.from({ length: count }, (_, i) => view.getFloat32(i * bytes, true));
    case "f64":
      return Float64Array.from({ length: count }, (_, i) => view.getFloat64(i * bytes, true));
    case "i8":
      return Int8Array.from(packed);
    case "u8":
    case "bool":
      return Uint8Array.from(packed);
    case "i16":
      return Int16Array.from({ length: count }, (_, i) => view.getInt16(i * bytes, true));
    case "u16":
      return Uint16Array.from({ length: count }, (_, i) => view.getUint16(i * bytes, true));
    case "i32":
      return Int32Array.from({ length: count }, (_, i) => view.getInt32(i * bytes, true));
    case "u32":
      return Uint32Array.from({ length: count }, (_, i) => view.getUint32(i * bytes, true));
    case "i64":
      return BigInt64Array.from({ length: count }, (_, i) => view.getBigInt64(i * bytes, true));
  }
}

/** Joins packed tensors into one byte string: each starts on a chunk, zeros between, the last ends at its own length. */
export function joinTensors(tensors: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const { offsets, totalBytes } = flatLayout(tensors.map((tensor) => tensor.length));
  const flat = new Uint8Array(totalBytes);
  for (const [i, tensor] of tensors.entries()) flat.set(tensor, offsets[i]);
  return flat;
}

/**
 * Splits what {@link joinTensors} joined, given every tensor's length in bytes. The parts are views, not copies.
 * Throws {@link TensorLengthError} when `flat` is not exactly as long as those tensors; padding is not inspected.
 */
export function splitTensors(flat: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const { offsets, totalBytes } = flatLayout(lengths);
  if (flat.length !== totalBytes) throw new TensorLengthError(totalBytes, flat.length);
  return offsets.map((offset, i) => flat.subarray(offset, offset + (lengths[i] ?? 0)));
}

/** Where each of several tensors begins in a flat byte string, and how long that string is. All in bytes. */
export function flatLayout(lengths: readonly number[]): { offsets: number[]; totalBytes: number } {
  const offsets: number[] = [];
  let totalBytes = 0;
  for (const length of lengths) {
    const offset = Math.ceil(totalBytes / CHUNK_BYTES) * CHUNK_BYTES;
    offsets.push(offset);
    totalBytes = offset + length;
  }
  return { offsets, totalBytes };
}

function writeElement(view: DataView, offset: number, dtype: Dtype, element: Element): void {
  switch (dtype) {
    case "f32":
      return view.setFloat32(offset, float(element, dtype), true);
    case "f64":
      return view.setFloat64(offset, float(element, dtype), true);
    case "i8":
      return view.setInt8(offset, Number(signed(element, dtype)));
    case "i16":
      return view.setInt16(offset, Number(signed(element, dtype)), true);
    case "i32":
      return view.setInt32(offset, Number(signed(element, dtype)), true);
    case "i64":
      return view.setBigInt64(offset, signed(element, dtype), true);
    case "u8":
    case "bool":
      return view.setUint8(offset, Number(unsigned(element, dtype)));
    case "u16":
      return view.setUint16(offset, Number(unsigned(element, dtype)), true);
    case "u32":
      return view.setUint32(offset, Number(unsigned(element, dtype)), true);
  }
}

function float(element: Element, dtype: "f32" | "f64"): number {
  if (typeof element !== "number") throw new ElementRangeError(element, dtype);
  const overflows = dtype === "f32" && Number.isFinite(element) && !Number.isFinite(Math.fround(element));
  if (overflows) throw new ElementRangeError(element, dtype);
  return element;
}

function signed(element: Element, dtype: "i8" | "i16" | "i32" | "i64"): bigint {
  const value = integer(element, dtype);
  if (BigInt.asIntN(DTYPES[dtype].bytes * 8, value) !== value) throw new ElementRangeError(element, dtype);
  return value;
}

function unsigned(element: Element, dtype: "u8" | "u16" | "u32" | "bool"): bigint {
  const value = integer(element, dtype);
  const bits = dtype === "bool" ? 1 : DTYPES[dtype].bytes * 8;
  if (BigInt.asUintN(bits, value) !== value) throw new ElementRangeError(element, dtype);
  return value;
}

/** A number beyond 2^53 is refused: the caller's literal may already have been rounded. */
function integer(element: Element, dtype: Dtype): bigint {
  if (typeof element === "number" && !Number.isSafeInteger(element)) throw new ElementRangeError(element, dtype);
  return BigInt(element);
}
