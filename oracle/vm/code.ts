/** A section's instructions to and from their bytes. */
import { ByteReader } from "./byteReader.ts";
import { decodeSigned, decodeUnsigned, encodeSigned, encodeUnsigned } from "./leb128.ts";
import { MalformedKernelError } from "./malformed.ts";
import { type Instruction, OPCODE_NAMES, OPCODES, type OpcodeName } from "./opcodes.ts";

export function encodeCode(code: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    code.flatMap((instruction) => [...OPCODES[instruction.op].bytes, ...immediateOf(instruction)]),
  );
}

/** Throws a MalformedKernelError for an opcode that is not in the table and for an immediate that breaks a rule. */
export function decodeCode(bytes: Uint8Array): Instruction[] {
  const reader = new ByteReader(bytes, () => new MalformedKernelError("immediate", "runs past the section's end"));
  const code: Instruction[] = [];
  while (reader.remaining > 0) code.push(decodeInstruction(reader));
  return code;
}

const byFirstByte = new Map(OPCODE_NAMES.map((name) => [OPCODES[name].bytes[0], name]));

function decodeInstruction(reader: ByteReader): Instruction {
  const op = decodeOpcode(reader);
  switch (op) {
    case "local.get":
    case "local.set":
    case "local.tee":
    case "call":
      return { op, imm: decodeUnsigned(reader) };
    case "i64.const":
      return { op, imm: decodeSigned(reader) };
    case "f64.const":
      return { op, imm: swapBytes(reader.u64()) };
    default:
      return { op };
  }
}

function decodeOpcode(reader: ByteReader): OpcodeName {
  const first = reader.u8();
  const name = byFirstByte.get(first);
  if (name === undefined) throw new MalformedKernelError("opcode", `0x${first.toString(16)} is none`);
  const second = OPCODES[name].bytes[1];
  const isWhole = second === undefined || (reader.remaining > 0 && reader.u8() === second);
  if (!isWhole) throw new MalformedKernelError("opcode", `0x${first.toString(16)} without its second byte`);
  return name;
}

function immediateOf(instruction: Instruction): Iterable<number> {
  switch (instruction.op) {
    case "local.get":
    case "local.set":
    case "local.tee":
    case "call":
      return encodeUnsigned(instruction.imm);
    case "i64.const":
      return encodeSigned(instruction.imm);
    case "f64.const":
      return littleEndian(instruction.imm);
    default:
      return [];
  }
}

function littleEndian(bits: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, bits, true);
  return bytes;
}

function swapBytes(x: bigint): bigint {
  return new DataView(littleEndian(x).buffer).getBigUint64(0);
}
