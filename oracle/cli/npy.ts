/** NumPy's .npy files: one array each, with its dtype and shape. */
import { lookUp } from "../model/lookup.ts";
import type { ConstantTensor } from "../model/onnx/graph.ts";
import { DTYPES, type Dtype, elementCount } from "../model/tensor.ts";

/** Bytes that are not a .npy file, or one that cannot be taken. */
export class NpyError extends Error {
  override readonly name = "NpyError";
}

const MAGIC = "\x93NUMPY";
/** Of version 1: magic, version, the header's length. */
const PREFIX_BYTES = 10;
const ALIGNMENT = 64;

/** NumPy's names of the dtypes that Assay has; "|" and "=": the byte order does not matter, or is this machine's. */
const DESCRIPTORS: Readonly<Record<string, Dtype>> = {
  f4: "f32",
  f8: "f64",
  i1: "i8",
  u1: "u8",
  i2: "i16",
  u2: "u16",
  i4: "i32",
  u4: "u32",
  i8: "i64",
  b1: "bool",
};

/** Reads a file of format version 1, 2 or 3. Throws {@link NpyError}. */
export function parseNpy(file: Uint8Array): ConstantTensor {
  const { header, data } = splitHeader(file);
  const descriptor = /'descr':\s*'([<>|=])(\w+)'/.exec(header);
  const isFortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const extents = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (descriptor === null || isFortran === undefined || extents === undefined) {
    throw new NpyError("the header of the .npy file does not describe a plain array");
  }
  const dtype = lookUp(DESCRIPTORS, descriptor[2] ?? "");
  if (dtype === undefined) throw new NpyError(`the dtype ${descriptor[2]} is not supported`);
  const isSwapped = descriptor[1] === ">" && DTYPES[dtype].bytes > 1;
  if (isSwapped) throw new NpyError("the array is big-endian; save it with astype('<...') first");
  const shape = extents.split(",").flatMap((extent) => (extent.trim() === "" ? [] : [Number(extent)]));
  if (isFortran === "True" && shape.length > 1) {
    throw new NpyError("the array is in column order; save numpy.ascontiguousarray of it");
  }
  const length = elementCount(shape) * DTYPES[dtype].bytes;
  if (data.length !== length) throw new NpyError(`the array has ${data.length} bytes; its header promises ${length}`);
  return { dtype, dims: shape, bytes: data };
}

/** Writes a file of format version 1. */
export function formatNpy({ dtype, dims, bytes }: ConstantTensor): Uint8Array {
  const name = Object.entries(DESCRIPTORS).find(([, known]) => known === dtype)?.[0];
  const order = DTYPES[dtype].bytes === 1 ? "|" : "<";
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(", ");
  const header = `{'descr': '${order}${name}', 'fortran_order': False, 'shape': (${shape}), }`;
  // Magic, version, length and header together end at a multiple of 64, with a line feed.
  const length = Math.ceil((PREFIX_BYTES + header.length + 1) / ALIGNMENT) * ALIGNMENT - PREFIX_BYTES;
  const start = Buffer.from(`${MAGIC}\x01\x00`, "latin1");
  const size = Buffer.of(length & 0xff, length >> 8);
  return Buffer.concat([start, size, Buffer.from(`${header.padEnd(length - 1)}\n`, "latin1"), bytes]);
}

/** Six bytes of magic, two of version, the header's length in two bytes (version 1) or four, the header. */
function splitHeader(file: Uint8Array): { header: string; data: Uint8Array } {
  const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  const version = file[6];
  const isKnown = version === 1 || version === 2 || version === 3;
  if (latin(file.subarray(0, 6)) !== MAGIC || !isKnown || file.length < 12) {
    throw new NpyError("it is not a .npy file");
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = version === 1 ? 10 : 12;
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > file.length) throw new NpyError("the .npy file ends in the middle of its header");
  return { header: latin(file.subarray(start, end)), data: file.subarray(end) };
}
