import { CHUNK_BYTES, DTYPES, type Dtype } from "../../../../oracle/model/tensor.ts";
import type { Kernel, Operand } from "../../../../oracle/vm/descriptor.ts";
import { toHex } from "../../../../oracle/vm/keccak.ts";
import { type Instruction, OPCODE_NAMES, OPCODES, type StackType } from "../../../../oracle/vm/opcodes.ts";
import { evaluateKernel } from "../../../../oracle/vm/reference.ts";
import { stackTypeOf } from "../../../../oracle/vm/section.ts";
import { spaceOf } from "../../../../oracle/vm/spaces.ts";
import { validate } from "../../../../oracle/vm/validate.ts";
import { f64Bits } from "../../../../oracle/vm/value.ts";
import { F64_EDGES, I64_EDGES } from "../../../../test/kernels/edges.ts";
import { leafOf } from "../../../../test/kernels/random.ts";
import { leafFields } from "./descriptors.ts";

/** For pairs: few enough that all of them make a vector. */
const F64_PAIRED = [
  ...[0, 1, 3, 0.1, 1 / 3, 0.5, 2 ** 53, 1 + 2 ** -52, 1 + 2 ** -29, 2 ** -537, 3 * 2 ** -538].map(f64Bits),
  ...[2 ** -1074, 2 ** -1022 - 2 ** -1074, 2 ** -1022, Number.MAX_VALUE, Number.POSITIVE_INFINITY].map(f64Bits),
  ...[-0, -1, -1e300, -(2 ** -1074), -Number.MAX_VALUE, Number.NEGATIVE_INFINITY].map(f64Bits),
  ...[0x7ff0000000000001n, 0xfff8000000000000n],
];
const I64_PAIRED = I64_EDGES.filter((_, i) => i % 2 === 0);

const LISTS = {
  i64: I64_EDGES.map((value) => BigInt.asUintN(64, value)),
  i64Paired: I64_PAIRED.map((value) => BigInt.asUintN(64, value)),
  f64: F64_EDGES,
  f64Paired: F64_PAIRED,
};
type ListName = keyof typeof LISTS;

const names = Object.keys(LISTS) as ListName[];
const chunksOf = (list: readonly bigint[]) => Math.ceil((list.length * 8) / CHUNK_BYTES);

/** Where each list begins in the input, in chunks. */
const firstChunk = (name: ListName) =>
  names.slice(0, names.indexOf(name)).reduce((chunks, before) => chunks + chunksOf(LISTS[before]), 0);

function inputBytes(): Uint8Array {
  const view = new DataView(new ArrayBuffer(names.reduce((sum, name) => sum + chunksOf(LISTS[name]), 0) * CHUNK_BYTES));
  for (const name of names) {
    const start = firstChunk(name) * CHUNK_BYTES;
    for (const [i, bits] of LISTS[name].entries()) view.setBigUint64(start + 8 * i, bits, true);
  }
  return new Uint8Array(view.buffer);
}

/**
 * A kernel per instruction, over every value or every pair of values of the input's lists; one per dtype that loads the
 * whole input and two beyond either end; one per dtype that stores a list. No trace before them, no weights.
 */
export function opcodeVectors() {
  const input = inputBytes();
  const spaces = { trace: spaceOf(new Uint8Array(0)), weights: spaceOf(new Uint8Array(0)), input: spaceOf(input) };
  const computed = ([name, kernel]: [string, Kernel]) => {
    const leaf = leafOf(kernel);
    const { valid, malformed } = validate(leaf.descriptor, leaf.chunks);
    if (valid === undefined) throw new Error(`${name}: ${malformed.rule}: ${malformed.detail}`);
    return { name, ...leafFields(leaf), output: toHex(evaluateKernel(valid, spaces)) };
  };
  const dtypes = Object.keys(DTYPES) as Dtype[];
  const kernels: [string, Kernel][] = [
    ...PLAIN.map((op): [string, Kernel] => [op, plainKernel(op)]),
    ["select", selectKernel()],
    ...dtypes.map((dtype): [string, Kernel] => [`load ${dtype}`, loadKernel(dtype, input.length)]),
    ...dtypes.map((dtype): [string, Kernel] => [`store ${dtype}`, storeKernel(dtype)]),
  ];
  return { input: toHex(input), kernels: kernels.map(computed) };
}

type PlainOp = Exclude<Instruction, { imm: unknown }>["op"];

const isPlain = (name: string): name is PlainOp => OPCODES[name as PlainOp].pops !== undefined;
const PLAIN = OPCODE_NAMES.filter(isPlain).filter((name) => OPCODES[name].immediate === undefined);

const operand = (list: ListName): Operand => ({
  space: "input",
  dtype: list.startsWith("f64") ? "f64" : "i64",
  first: BigInt(firstChunk(list)),
  count: LISTS[list].length,
});

const NO_STEPS = { accumulator: "none", digits: [], init: 0n, step: [] } as const;

/** The instruction on every tuple of what it takes; a condition is whether an i64 is zero. */
function plainKernel(op: PlainOp): Kernel {
  const { pops = [], pushes = "i64" } = OPCODES[op];
  const lists = pops.map((type): ListName => {
    const isFloat = type === "f64";
    if (pops.length === 1) return isFloat ? "f64" : "i64";
    return isFloat ? "f64Paired" : "i64Paired";
  });
  const toStack = (type: StackType, k: number): Instruction[] => {
    const loaded: Instruction[] = [
      { op: "local.get", imm: k },
      { op: "call", imm: k },
    ];
    return type === "i32" ? [...loaded, { op: "i64.eqz" }] : loaded;
  };
  const ofCondition: Instruction[] = pushes === "i32" ? [{ op: "i64.extend_i32_u" }] : [];
  return {
    ...NO_STEPS,
    dtype: pushes === "i32" ? "bool" : pushes,
    axes: lists.map((list) => LISTS[list].length),
    operands: lists.map(operand),
    finish: [...pops.flatMap(toStack), { op }, ...ofCondition],
  };
}

/** The f64 if it equals itself, else the f64 of the i64 in the same place. */
function selectKernel(): Kernel {
  const load = (k: number): Instruction[] => [
    { op: "local.get", imm: 0 },
    { op: "call", imm: k },
  ];
  return {
    ...NO_STEPS,
    dtype: "f64",
    axes: [LISTS.f64Paired.length],
    operands: [operand("f64Paired"), operand("i64Paired")],
    finish: [
      ...[...load(0), ...load(1), { op: "f64.convert_i64_s" } as const],
      ...[...load(0), ...load(0), { op: "f64.eq" } as const, { op: "select" } as const],
    ],
  };
}

function loadKernel(dtype: Dtype, length: number): Kernel {
  const count = length / DTYPES[dtype].bytes;
  return {
    ...NO_STEPS,
    dtype: stackTypeOf(dtype),
    axes: [count + 4],
    operands: [{ space: "input", dtype, first: 0n, count }],
    finish: [{ op: "local.get", imm: 0 }, { op: "i64.const", imm: 2n }, { op: "i64.sub" }, { op: "call", imm: 0 }],
  };
}

function storeKernel(dtype: Dtype): Kernel {
  const list = stackTypeOf(dtype);
  return {
    ...NO_STEPS,
    dtype,
    axes: [LISTS[list].length],
    operands: [operand(list)],
    finish: [
      { op: "local.get", imm: 0 },
      { op: "call", imm: 0 },
    ],
  };
}
