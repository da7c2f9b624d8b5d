/** Kernels to and from their descriptors (docs/kernels.md, "Descriptor"): the structure, not what the code does. */
import { DTYPES, type Dtype, dtypeOf } from "../model/tensor.ts";
import { ByteReader } from "./byteReader.ts";
import { decodeCode, encodeCode } from "./code.ts";
import { MalformedKernelError, requireRule } from "./malformed.ts";
import type { Instruction, ValueType } from "./opcodes.ts";
import { decodeValue, encodeValue, type Value } from "./value.ts";

/** The spaces, by id. */
export const SPACES = ["trace", "weights", "input"] as const;

export type SpaceName = (typeof SPACES)[number];

export const MAX_DESCRIPTOR_BYTES = 2048;
export const MAX_SECTION_BYTES = 512;
const FORMAT = 1;
const HEADER_BYTES = 18;
const MAX_AXES = 8;
const MAX_OPERANDS = 16;
const ACCUMULATORS = ["none", "i64", "f64"] as const;
const MAX_DTYPE_ID = 10;

export interface Operand {
  readonly space: SpaceName;
  readonly dtype: Dtype;
  /** The chunk of its space that it begins with. */
  readonly first: bigint;
  /** Elements, below 2^32. */
  readonly count: number;
}

export interface Kernel {
  readonly dtype: Dtype;
  readonly accumulator: "none" | ValueType;
  readonly axes: readonly number[];
  readonly digits: readonly number[];
  readonly operands: readonly Operand[];
  /** A BigInt for `i64`, a number for `f64`, 0n without accumulator. */
  readonly init: Value;
  readonly step: readonly Instruction[];
  readonly finish: readonly Instruction[];
}

/** The descriptor of a kernel. Whether that is well-formed is for {@link validate} to say. */
export function encodeDescriptor(kernel: Kernel): Uint8Array<ArrayBuffer> {
  const { axes, digits, operands } = kernel;
  const step = encodeCode(kernel.step);
  const finish = encodeCode(kernel.finish);
  const counts = [axes.length, digits.length, operands.length];
  return Uint8Array.from([
    ...[FORMAT, DTYPES[kernel.dtype].id, ACCUMULATORS.indexOf(kernel.accumulator), ...counts],
    ...bigEndian(2, step.length),
    ...bigEndian(2, finish.length),
    ...encodeValue(kernel.init),
    ...[...axes, ...digits].flatMap((extent) => bigEndian(4, extent)),
    ...operands.flatMap(encodeOperand),
    ...step,
    ...finish,
  ]);
}

/**
 * The kernel that a descriptor describes. Throws a MalformedKernelError for a broken rule about anything but the
 * meaning of the code: {@link validate} checks that.
 */
export function decodeDescriptor(descriptor: Uint8Array): Kernel {
  requireRule(descriptor.length <= MAX_DESCRIPTOR_BYTES, "length", `${descriptor.length} bytes`);
  const missing = (bytes: number) => new MalformedKernelError("length", `${bytes} bytes are missing`);
  const reader = new ByteReader(descriptor, missing);
  const header = readHeader(reader);
  const axes = readExtents(reader, header.axisCount);
  const digits = readExtents(reader, header.digitCount);
  const operands = Array.from({ length: header.operandCount }, () => readOperand(reader));
  const step = reader.take(header.stepBytes);
  const finish = reader.take(header.finishBytes);
  requireRule(reader.remaining === 0, "length", `${reader.remaining} bytes after the code`);
  const { dtype, accumulator, init } = header;
  return { dtype, accumulator, axes, digits, operands, init, step: decodeCode(step), finish: decodeCode(finish) };
}

function readHeader(reader: ByteReader) {
  const bytes = new ByteReader(
    reader.take(HEADER_BYTES),
    () => new MalformedKernelError("length", "the header is short"),
  );
  requireRule(bytes.u8() === FORMAT, "format", "is not 1");
  const dtype = readDtype(bytes.u8(), "dtype");
  const accumulator = ACCUMULATORS[bytes.u8()];
  if (accumulator === undefined) throw new MalformedKernelError("accumulator", "is not 0 to 2");
  const [axisCount, digitCount, operandCount] = [bytes.u8(), bytes.u8(), bytes.u8()];
  const [stepBytes, finishBytes] = [bytes.u16(), bytes.u16()];
  const reduces = accumulator !== "none";
  requireRule(axisCount <= MAX_AXES, "axes", `${axisCount} of them`);
  requireRule(digitCount <= MAX_AXES && digitCount > 0 === reduces, "digits", `${digitCount} of them`);
  requireRule(operandCount <= MAX_OPERANDS, "operandCount", `${operandCount} of them`);
  requireRule(
    stepBytes <= MAX_SECTION_BYTES && stepBytes > 0 === reduces,
    "sectionLength",
    `step of ${stepBytes} bytes`,
  );
  requireRule(finishBytes <= MAX_SECTION_BYTES && finishBytes > 0, "sectionLength", `finish of ${finishBytes} bytes`);
  const init = decodeValue(reduces ? accumulator : "i64", bytes.take(8));
  if (init === undefined) throw new MalformedKernelError("init", "is a NaN that is not canonical");
  requireRule(reduces || init === 0n, "init", "without accumulator");
  return { dtype, accumulator, axisCount, digitCount, operandCount, stepBytes, finishBytes, init };
}

function readExtents(reader: ByteReader, count: number): number[] {
  const extents = Array.from({ length: count }, () => reader.u32());
  requireRule(!extents.includes(0), "extent", "is 0");
  // Below 2^31 at every step, so that no product is rounded.
  extents.reduce((product, extent) => {
    requireRule(product * extent < 2 ** 31, "product", `${extents.join(" * ")} is not below 2^31`);
    return product * extent;
  }, 1);
  return extents;
}

function readOperand(reader: ByteReader): Operand {
  const space = SPACES[reader.u8()];
  if (space === undefined) throw new MalformedKernelError("operandSpace", "is not 0 to 2");
  return { space, dtype: readDtype(reader.u8(), "operandDtype"), first: reader.u64(), count: reader.u32() };
}

function readDtype(id: number, rule: "dtype" | "operandDtype"): Dtype {
  requireRule(id >= 1 && id <= MAX_DTYPE_ID, rule, `${id} is not 1 to ${MAX_DTYPE_ID}`);
  return dtypeOf(id);
}

function encodeOperand({ space, dtype, first, count }: Operand): number[] {
  return [SPACES.indexOf(space), DTYPES[dtype].id, ...bigEndian(8, first), ...bigEndian(4, count)];
}

/** Throws a RangeError for a value that does not fit: no kernel means another one by overflow. */
function bigEndian(length: number, value: number | bigint): number[] {
  const bits = BigInt(value);
  if (BigInt.asUintN(8 * length, bits) !== bits) throw new RangeError(`${value} does not fit ${length} bytes`);
  return Array.from({ length }, (_, i) => Number((bits >> BigInt(8 * (length - 1 - i))) & 0xffn));
}
