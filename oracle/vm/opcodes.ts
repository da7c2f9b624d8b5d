/** The instructions of a kernel's code, as data (docs/kernels.md, "Code"). */

/** What a local, an accumulator and a result can be. */
export type ValueType = "i64" | "f64";

/** What the stack can hold: conditions too. */
export type StackType = ValueType | "i32";

export interface Opcode {
  /** The encoding, without the immediate. */
  readonly bytes: readonly number[];
  /** `index`: unsigned 32-bit LEB128. `i64`: signed 64-bit LEB128. `f64`: 8 bytes little-endian. */
  readonly immediate?: "index" | "i64" | "f64";
  /** What it takes from the stack, the top last; absent where that depends on the place it stands at. */
  readonly pops?: readonly StackType[];
  readonly pushes?: StackType;
  /** Its weight in a section's cost: about its gas on ordinary operands, a load being the first of its chunk. */
  readonly cost: number;
}

const compareI64 = (byte: number) => ({ bytes: [byte], pops: ["i64", "i64"], pushes: "i32", cost: 90 }) as const;
const compareF64 = (byte: number) => ({ bytes: [byte], pops: ["f64", "f64"], pushes: "i32", cost: 200 }) as const;
const binaryI64 = (byte: number, cost: number) =>
  ({ bytes: [byte], pops: ["i64", "i64"], pushes: "i64", cost }) as const;
const unaryF64 = (byte: number, cost: number) => ({ bytes: [byte], pops: ["f64"], pushes: "f64", cost }) as const;
const binaryF64 = (byte: number, cost: number) =>
  ({ bytes: [byte], pops: ["f64", "f64"], pushes: "f64", cost }) as const;

const TABLE = {
  "local.get": { bytes: [0x20], immediate: "index", cost: 0 },
  "local.set": { bytes: [0x21], immediate: "index", cost: 0 },
  "local.tee": { bytes: [0x22], immediate: "index", cost: 0 },
  call: { bytes: [0x10], immediate: "index", cost: 45_000 },
  select: { bytes: [0x1b], cost: 90 },
  "i64.const": { bytes: [0x42], immediate: "i64", pops: [], pushes: "i64", cost: 0 },
  "f64.const": { bytes: [0x44], immediate: "f64", pops: [], pushes: "f64", cost: 0 },
  "i32.eqz": { bytes: [0x45], pops: ["i32"], pushes: "i32", cost: 90 },
  "i64.eqz": { bytes: [0x50], pops: ["i64"], pushes: "i32", cost: 90 },
  "i64.eq": compareI64(0x51),
  "i64.ne": compareI64(0x52),
  "i64.lt_s": compareI64(0x53),
  "i64.lt_u": compareI64(0x54),
  "i64.gt_s": compareI64(0x55),
  "i64.gt_u": compareI64(0x56),
  "i64.le_s": compareI64(0x57),
  "i64.le_u": compareI64(0x58),
  "i64.ge_s": compareI64(0x59),
  "i64.ge_u": compareI64(0x5a),
  "f64.eq": compareF64(0x61),
  "f64.ne": compareF64(0x62),
  "f64.lt": compareF64(0x63),
  "f64.gt": compareF64(0x64),
  "f64.le": compareF64(0x65),
  "f64.ge": compareF64(0x66),
  "i32.and": { bytes: [0x71], pops: ["i32", "i32"], pushes: "i32", cost: 90 },
  "i32.or": { bytes: [0x72], pops: ["i32", "i32"], pushes: "i32", cost: 90 },
  "i64.add": binaryI64(0x7c, 90),
  "i64.sub": binaryI64(0x7d, 90),
  "i64.mul": binaryI64(0x7e, 90),
  "i64.div_s": binaryI64(0x7f, 150),
  "i64.rem_s": binaryI64(0x81, 150),
  "i64.and": binaryI64(0x83, 90),
  "i64.or": binaryI64(0x84, 90),
  "i64.xor": binaryI64(0x85, 90),
  "i64.shl": binaryI64(0x86, 90),
  "i64.shr_s": binaryI64(0x87, 90),
  "i64.shr_u": binaryI64(0x88, 90),
  "f64.abs": unaryF64(0x99, 90),
  "f64.neg": unaryF64(0x9a, 90),
  "f64.ceil": unaryF64(0x9b, 250),
  "f64.floor": unaryF64(0x9c, 250),
  "f64.trunc": unaryF64(0x9d, 250),
  "f64.nearest": unaryF64(0x9e, 250),
  "f64.sqrt": unaryF64(0x9f, 2_000),
  "f64.add": binaryF64(0xa0, 600),
  "f64.sub": binaryF64(0xa1, 600),
  "f64.mul": binaryF64(0xa2, 500),
  "f64.div": binaryF64(0xa3, 2_000),
  "f64.min": binaryF64(0xa4, 250),
  "f64.max": binaryF64(0xa5, 250),
  "i64.extend_i32_u": { bytes: [0xad], pops: ["i32"], pushes: "i64", cost: 90 },
  /** The pair f32.demote_f64, f64.promote_f32, which is one instruction here. */
  "f64.round_f32": { bytes: [0xb6, 0xbb], pops: ["f64"], pushes: "f64", cost: 400 },
  "f64.convert_i64_s": { bytes: [0xb9], pops: ["i64"], pushes: "f64", cost: 400 },
  "i64.reinterpret_f64": { bytes: [0xbd], pops: ["f64"], pushes: "i64", cost: 100 },
  "f64.reinterpret_i64": { bytes: [0xbf], pops: ["i64"], pushes: "f64", cost: 90 },
  "i64.trunc_sat_f64_s": { bytes: [0xfc, 0x06], pops: ["f64"], pushes: "i64", cost: 300 },
} as const satisfies Record<string, Opcode>;

export type OpcodeName = keyof typeof TABLE;

export const OPCODES: Readonly<Record<OpcodeName, Opcode>> = TABLE;

export const OPCODE_NAMES = Object.keys(TABLE) as OpcodeName[];

type IndexOpcode = "local.get" | "local.set" | "local.tee" | "call";
type ConstOpcode = "i64.const" | "f64.const";

/** `imm` is an index, the signed value of an `i64.const`, or the 64 bits of an `f64.const`, unsigned. */
export type Instruction =
  | { readonly op: IndexOpcode; readonly imm: number }
  | { readonly op: ConstOpcode; readonly imm: bigint }
  | { readonly op: Exclude<OpcodeName, IndexOpcode | ConstOpcode> };
