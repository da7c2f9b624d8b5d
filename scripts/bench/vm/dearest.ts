// The dearest legal kernel: what costs most gas for what the cost table of docs/kernels.md takes it for.
import type { Kernel } from "../../../oracle/vm/descriptor.ts";
import type { Instruction } from "../../../oracle/vm/opcodes.ts";
import { f64Bits } from "../../../oracle/vm/value.ts";
import { type Placed, placeAlone } from "./place.ts";

const get = (imm: number): Instruction => ({ op: "local.get", imm });
const set = (imm: number): Instruction => ({ op: "local.set", imm });
const times = (count: number, ...code: Instruction[]): Instruction[] =>
  Array.from({ length: count }, () => code).flat();

const ACCUMULATOR = 1;
const SMALL = 2;
const SUBNORMAL = 3;
/** At most 31 values can wait below the accumulator. */
const SUBTRACTIONS = [30, 30, 30, 30];
const REINTERPRETATIONS = 55;

/**
 * 64 steps: differences in the top binade, where the short way of adding ends, and subnormals taken
 * apart and joined, which are far dearer than their 95 gas, as often as 512 bytes of code allow.
 */
export function dearest(): Placed {
  const kernel: Kernel = {
    dtype: "f64",
    accumulator: "f64",
    axes: [],
    digits: [64],
    operands: [],
    init: 1.7e308,
    step: [
      ...[{ op: "f64.const", imm: f64Bits(-(2 ** 32)) } as const, set(SMALL)],
      ...[{ op: "f64.const", imm: f64Bits(5e-324) } as const],
      ...times(REINTERPRETATIONS, { op: "i64.reinterpret_f64" }, { op: "f64.reinterpret_i64" }),
      ...[set(SUBNORMAL), get(ACCUMULATOR)],
      ...SUBTRACTIONS.flatMap((count) => [
        ...[set(ACCUMULATOR + 3), ...times(count, get(SMALL)), get(ACCUMULATOR + 3)],
        ...times(count, { op: "f64.sub" }),
      ]),
    ],
    finish: [get(ACCUMULATOR)],
  };
  return placeAlone(kernel, new Uint8Array());
}
