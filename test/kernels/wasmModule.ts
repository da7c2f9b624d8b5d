// A section as a function of a real WebAssembly module, so that the host's engine is a third opinion on kernels: on
// which code is well-typed, and on what it gives. The module is put together by hand, byte by byte.
import { encodeCode } from "../../oracle/vm/code.ts";
import type { Operand } from "../../oracle/vm/descriptor.ts";
import { encodeUnsigned } from "../../oracle/vm/leb128.ts";
import type { Instruction, ValueType } from "../../oracle/vm/opcodes.ts";
import { stackTypeOf } from "../../oracle/vm/section.ts";

const I64 = 0x7e;
const F64 = 0x7c;
const FUNC = 0x60;
const MAX_LOCALS = 64;
const typeByte = { i64: I64, f64: F64 } as const;

export interface SectionFunction {
  readonly code: readonly Instruction[];
  /** Types of the parameters, which are the first locals. */
  readonly fixed: readonly ValueType[];
  /** Types of the other locals, by index; i64 for one that has none. */
  readonly locals: readonly (ValueType | undefined)[];
  readonly operands: readonly Operand[];
  readonly result: ValueType;
}

/** The module of a section as it is: its code's own bytes between the locals and `end`. */
export function plainModule(section: SectionFunction): Uint8Array<ArrayBuffer> {
  return moduleOf(section, [...encodeCode(section.code)]);
}

/**
 * The module of a section with the instructions whose meaning differs from WebAssembly's replaced by calls: division
 * without traps, and a reinterpretation that shows one NaN only.
 */
export function kernelModule(section: SectionFunction): Uint8Array<ArrayBuffer> {
  const helpers = section.operands.length;
  const calls: Partial<Record<Instruction["op"], number>> = {
    "i64.div_s": helpers,
    "i64.rem_s": helpers + 1,
    "i64.reinterpret_f64": helpers + 2,
  };
  const code = section.code.map((instruction): Instruction => {
    const imm = calls[instruction.op];
    return imm === undefined ? instruction : { op: "call", imm };
  });
  return moduleOf(section, [...encodeCode(code)]);
}

/** Imports are the operands' loads, then come the helpers, then the section itself, exported as `run`. */
function moduleOf({ fixed, locals, operands, result }: SectionFunction, code: number[]): Uint8Array<ArrayBuffer> {
  const types = [
    [FUNC, 1, I64, 1, I64],
    [FUNC, 1, I64, 1, F64],
    [FUNC, 2, I64, I64, 1, I64],
    [FUNC, 1, F64, 1, I64],
    [FUNC, ...vector(fixed.map((type) => [typeByte[type]])), 1, typeByte[result]],
  ];
  const imports = operands.map(({ dtype }, k) => [
    ...name("load"),
    ...name(String(k)),
    0,
    Number(stackTypeOf(dtype) === "f64"),
  ]);
  const functionTypes = [[2], [2], [3], [4]];
  const exported = [[...name("run"), 0, ...encodeUnsigned(operands.length + 3)]];
  const declared = Array.from({ length: MAX_LOCALS - fixed.length }, (_, i) => [
    1,
    typeByte[locals[fixed.length + i] ?? "i64"],
  ]);
  const bodies = [DIV_S, REM_S, REINTERPRET].map((body) => sized([0, ...body, END]));
  bodies.push(sized([...vector(declared), ...code, END]));
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized(vector(types))],
    ...[2, ...sized(vector(imports))],
    ...[3, ...sized(vector(functionTypes))],
    ...[7, ...sized(vector(exported))],
    ...[10, ...sized(vector(bodies))],
  ]);
}

const END = 0x0b;
const [IF, ELSE] = [0x04, 0x05];
const get = (local: number) => [0x20, local];
const i64Const = (byte: number) => [0x42, byte];
const MINUS_ONE = 0x7f;

/** b == 0 ? 0 : b == -1 ? 0 - a : a / b */
const DIV_S = [
  ...[...get(1), 0x50, IF, I64, ...i64Const(0), ELSE],
  ...[...get(1), ...i64Const(MINUS_ONE), 0x51, IF, I64, ...i64Const(0), ...get(0), 0x7d, ELSE],
  ...[...get(0), ...get(1), 0x7f, END, END],
];

/** b == 0 ? 0 : a % b */
const REM_S = [...get(1), 0x50, IF, I64, ...i64Const(0), ELSE, ...get(0), ...get(1), 0x81, END];

/** a == a ? reinterpret(a) : 0x7ff8 << 48 */
const REINTERPRET = [
  ...[...get(0), ...get(0), 0x61, IF, I64, ...get(0), 0xbd, ELSE],
  ...[0x42, 0xf8, 0xff, 0x01, ...i64Const(48), 0x86, END],
];

const vector = (items: readonly (readonly number[])[]) => [...encodeUnsigned(items.length), ...items.flat()];
const sized = (bytes: readonly number[]) => [...encodeUnsigned(bytes.length), ...bytes];
const name = (text: string) => sized([...new TextEncoder().encode(text)]);
