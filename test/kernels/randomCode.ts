// Well-typed code at random, as expressions that grow from the type they must have.
import type { Operand } from "../../oracle/vm/descriptor.ts";
import {
  type Instruction,
  OPCODE_NAMES,
  OPCODES,
  type OpcodeName,
  type StackType,
  type ValueType,
} from "../../oracle/vm/opcodes.ts";
import { stackTypeOf } from "../../oracle/vm/section.ts";
import type { Random } from "../../scripts/models/random.ts";
import { chance, f64, i64, oneOf } from "./edges.ts";

/** Where a section stands. */
export interface Place {
  readonly axes: readonly number[];
  readonly digits: readonly number[];
  readonly operands: readonly Operand[];
  readonly accumulator: "none" | ValueType;
  readonly section: "step" | "finish";
  readonly result: ValueType;
}

type PlainInstruction = Exclude<Instruction, { imm: unknown }>;

/** The instructions whose effect on the stack the table states, by what they push. */
const PRODUCERS: Readonly<Record<StackType, readonly PlainInstruction["op"][]>> = {
  i64: producersOf("i64"),
  f64: producersOf("f64"),
  i32: producersOf("i32"),
};

/** Those among them that keep all, or most, of what both operands say. */
const SUMS: Readonly<Record<ValueType, readonly PlainInstruction["op"][]>> = {
  i64: ["i64.add", "i64.sub", "i64.xor"],
  f64: ["f64.add", "f64.sub"],
};

const MIXERS: Readonly<Record<ValueType, readonly PlainInstruction["op"][]>> = {
  i64: [...SUMS.i64, "i64.mul"],
  f64: [...SUMS.f64, "f64.mul", "f64.max", "f64.min"],
};

function producersOf(type: StackType): PlainInstruction["op"][] {
  const isPlain = (name: OpcodeName): name is PlainInstruction["op"] => OPCODES[name].immediate === undefined;
  return OPCODE_NAMES.filter(isPlain).filter((name) => OPCODES[name].pushes === type);
}

/** Code of one section. It keeps the types; whether it is too long or too dear is for the caller to look at. */
export function randomSection(random: Random, place: Place): Instruction[] {
  const writer = new Writer(random, place);
  const statements = random.below(5);
  for (let i = 0; i < statements; i++) writer.statement();
  writer.expression(place.result, 2 + random.below(30));
  writer.mixIn(place.result);
  return writer.code;
}

class Writer {
  readonly code: Instruction[] = [];
  readonly #random: Random;
  readonly #place: Place;
  /** The types of the locals that can be read, by index. */
  readonly #locals = new Map<number, ValueType>();
  readonly #firstFree: number;

  constructor(random: Random, place: Place) {
    const { axes, digits, accumulator, section } = place;
    this.#random = random;
    this.#place = place;
    const indices = section === "step" ? [...axes, ...digits].keys() : axes.keys();
    for (const index of indices) this.#locals.set(index, "i64");
    const fixed = axes.length + digits.length;
    if (accumulator !== "none") this.#locals.set(fixed, accumulator);
    this.#firstFree = accumulator === "none" ? fixed : fixed + 1;
  }

  /** Sets a local. */
  statement(): void {
    const type = oneOf(this.#random, ["i64", "f64"] as const);
    this.expression(type, 1 + this.#random.below(10));
    const imm = this.#writable(type);
    this.code.push({ op: "local.set", imm });
    this.#locals.set(imm, type);
  }

  /** Brings most locals of the result's type into it, the accumulator first: most random code forgets what it read. */
  mixIn(type: ValueType): void {
    for (const imm of this.#readable(type)) {
      if (chance(this.#random, 30)) continue;
      this.code.push({ op: "local.get", imm }, { op: oneOf(this.#random, SUMS[type]) });
    }
  }

  /** Code that leaves a `type`, of about `size` instructions. */
  expression(type: StackType, size: number): void {
    if (type === "i32") this.#operator(type, size);
    else if (size <= 1) this.#leaf(type);
    else this.#valueExpression(type, size);
  }

  #valueExpression(type: ValueType, size: number): void {
    const kind = this.#random.below(100);
    const operands = this.#operandsOf(type);
    if (kind < 25 && operands.length > 0) {
      this.#load(oneOf(this.#random, operands), size);
    } else if (kind < 35) {
      const third = Math.floor(size / 3);
      this.expression(type, third);
      this.expression(type, third);
      this.expression("i32", third);
      this.code.push({ op: "select" });
    } else if (kind < 42) {
      this.expression(type, size - 1);
      const imm = this.#writable(type);
      this.code.push({ op: "local.tee", imm });
      this.#locals.set(imm, type);
    } else {
      this.#operator(type, size);
    }
  }

  #operator(type: StackType, size: number): void {
    const isMixer = type !== "i32" && chance(this.#random, 40);
    const op = oneOf(this.#random, isMixer ? MIXERS[type] : PRODUCERS[type]);
    const pops = OPCODES[op].pops ?? [];
    // i32.and and its like ask for conditions again: a budget that runs out must end in a comparison.
    if (size <= 1 && pops.includes("i32")) return this.#operator(type, size);
    for (const operand of pops) this.expression(operand, Math.floor((size - 1) / pops.length));
    this.code.push({ op });
  }

  #leaf(type: ValueType): void {
    const operands = this.#operandsOf(type);
    if (operands.length > 0 && chance(this.#random, 35)) return this.#load(oneOf(this.#random, operands), 1);
    const readable = this.#readable(type);
    if (readable.length > 0 && chance(this.#random, 70)) {
      this.code.push({ op: "local.get", imm: oneOf(this.#random, readable) });
    } else if (type === "i64") {
      this.code.push({ op: "i64.const", imm: i64(this.#random) });
    } else {
      this.code.push({ op: "f64.const", imm: f64(this.#random) });
    }
  }

  #load(imm: number, size: number): void {
    this.#index(imm, size - 1);
    this.code.push({ op: "call", imm });
  }

  /** An index that is in range often enough: counters, an expression cut to the count, anything. */
  #index(operand: number, size: number): void {
    const { count = 0 } = this.#place.operands[operand] ?? {};
    const kind = size > 1 ? this.#random.below(4) : 2;
    if (kind === 0) return this.expression("i64", size);
    if (kind === 1) {
      this.expression("i64", size - 2);
      this.code.push({ op: "i64.const", imm: BigInt(count) }, { op: "i64.rem_s" });
      return;
    }
    const { axes, digits, section } = this.#place;
    this.code.push({ op: "i64.const", imm: BigInt(this.#random.below(5) - 1) });
    const counters = section === "step" ? [...axes, ...digits] : axes;
    for (const [imm, extent] of counters.entries()) {
      if (chance(this.#random, 50)) continue;
      this.code.push({ op: "i64.const", imm: BigInt(extent) }, { op: "i64.mul" });
      this.code.push({ op: "local.get", imm }, { op: "i64.add" });
    }
  }

  #readable(type: ValueType): number[] {
    return [...this.#locals].filter(([, local]) => local === type).map(([index]) => index);
  }

  #operandsOf(type: ValueType): number[] {
    return [...this.#place.operands.entries()].filter(([, { dtype }]) => stackTypeOf(dtype) === type).map(([k]) => k);
  }

  /** A local that is free or already of this type; the last one now and then. */
  #writable(type: ValueType): number {
    const candidates = [63, 62, ...Array.from({ length: 4 }, (_, i) => this.#firstFree + i)];
    const fits = candidates.filter((index) => (this.#locals.get(index) ?? type) === type && index >= this.#firstFree);
    return fits.length > 0 ? oneOf(this.#random, fits) : this.#firstFree + 4 + (type === "i64" ? 0 : 1);
  }
}
