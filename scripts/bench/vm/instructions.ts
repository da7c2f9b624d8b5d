// Gas of single instructions on ordinary operands, while a kernel runs.
import { DTYPES, type Dtype } from "../../../oracle/model/tensor.ts";
import type { Kernel } from "../../../oracle/vm/descriptor.ts";
import { type Instruction, OPCODES, type StackType } from "../../../oracle/vm/opcodes.ts";
import { stackTypeOf } from "../../../oracle/vm/section.ts";
import { f64Bits } from "../../../oracle/vm/value.ts";
import { type Meter, STEPS } from "./meter.ts";
import { placeAlone } from "./place.ts";

export type PlainOpcode = Exclude<Instruction, { imm: unknown }>["op"];

/** Locals after the digit and the accumulator. As bits, an i64 is an ordinary f64 too. */
const [ACCUMULATOR, FLOAT, FLOAT_2, INTEGER, INDEX, FLOAT_RESULT, INTEGER_RESULT] = [1, 2, 3, 4, 5, 6, 7];

const get = (imm: number): Instruction => ({ op: "local.get", imm });
const set = (imm: number): Instruction => ({ op: "local.set", imm });

const PREPARATION: readonly Instruction[] = [
  ...[{ op: "f64.const", imm: f64Bits(1.1) } as const, set(FLOAT)],
  ...[{ op: "f64.const", imm: f64Bits(-2.3) } as const, set(FLOAT_2)],
  ...[{ op: "i64.const", imm: f64Bits(1.1) } as const, set(INTEGER)],
  ...[{ op: "i64.const", imm: 5n } as const, set(INDEX)],
];

/** Exactly what local.get and local.set cost: a constant address, and MLOAD or MSTORE. */
const LOCAL_GAS = 6;
/** i64.eqz, to have a condition. */
const CONDITION_GAS = 3;

const OPERANDS: Readonly<Record<StackType, { code: readonly Instruction[]; gas: number }>> = {
  f64: { code: [get(FLOAT)], gas: LOCAL_GAS },
  i64: { code: [get(INTEGER)], gas: LOCAL_GAS },
  i32: { code: [get(INTEGER), { op: "i64.eqz" }], gas: LOCAL_GAS + CONDITION_GAS },
};

/** x - x is not ordinary. */
const OTHER_FLOAT = { code: [get(FLOAT_2)], gas: LOCAL_GAS };

/** Code that takes a value away; i64.extend_i32_u costs nothing. */
const RESULTS: Readonly<Record<StackType, readonly Instruction[]>> = {
  f64: [set(FLOAT_RESULT)],
  i64: [set(INTEGER_RESULT)],
  i32: [{ op: "i64.extend_i32_u" }, set(INTEGER_RESULT)],
};

/** Of an instruction without immediate; of select, for i64. */
export async function instructionGas(meter: Meter, op: PlainOpcode): Promise<number> {
  const { pops = ["i64", "i64", "i32"] as const, pushes = "i64" } = OPCODES[op];
  const operands = pops.map((type, i) => (type === "f64" && i > 0 ? OTHER_FLOAT : OPERANDS[type]));
  const code = [...operands.flatMap((operand) => operand.code), { op }, ...RESULTS[pushes]];
  return (await gasOf(meter, code, "u8")) - operands.reduce((sum, { gas }) => sum + gas, LOCAL_GAS);
}

/** Of a load from an operand of this dtype, from a chunk that the run has loaded from before. */
export async function loadGas(meter: Meter, dtype: Dtype): Promise<number> {
  const code = [get(INDEX), { op: "call", imm: 0 } as const, ...RESULTS[stackTypeOf(dtype)]];
  return (await gasOf(meter, code, dtype)) - 2 * LOCAL_GAS;
}

/** What `code` once more in every step adds to a step. */
async function gasOf(meter: Meter, code: readonly Instruction[], dtype: Dtype): Promise<number> {
  const numbers = new Uint8Array(256);
  new Float64Array(numbers.buffer).fill(1.1);
  if (dtype === "f32") new Float32Array(numbers.buffer).fill(1.1);
  const count = numbers.length / DTYPES[dtype].bytes;
  const kernel = (copies: number): Kernel => ({
    dtype: "i64",
    accumulator: "i64",
    axes: [],
    digits: [STEPS],
    operands: [{ space: "input", dtype, first: 0n, count }],
    init: 1n,
    step: [...PREPARATION, ...Array.from({ length: copies }, () => code).flat(), get(ACCUMULATOR)],
    finish: [get(ACCUMULATOR)],
  });
  const once = await meter.perStep(placeAlone(kernel(1), numbers));
  return (await meter.perStep(placeAlone(kernel(2), numbers))) - once;
}
