/** Types and bounds of a section of code: what WebAssembly's validation is to a function body. */
import type { Dtype } from "../model/tensor.ts";
import type { Operand } from "./descriptor.ts";
import { MalformedKernelError, requireRule } from "./malformed.ts";
import { type Instruction, OPCODES, type StackType, type ValueType } from "./opcodes.ts";

const MAX_CONSTANTS = 128;
export const MAX_LOADS = 128;
/** In `finish` of a kernel with accumulator: the last segment has `step`'s loads in its witness as well. */
export const MAX_LOADS_AFTER_STEPS = 8;
const MAX_VALUES = 256;
const MAX_STACK = 32;
const MAX_LOCALS = 64;
/** Gas of a section, every load in a chunk of its own. */
export const MAX_COST = 6_000_000;

/** What surrounds a section. */
export interface Signature {
  /** Types of the read-only locals, from local 0 on; undefined for one that cannot be read (digits in `finish`). */
  readonly fixed: readonly (ValueType | undefined)[];
  readonly operands: readonly Operand[];
  readonly result: ValueType;
  readonly maxLoads: number;
}

export interface Section {
  readonly code: readonly Instruction[];
  /** For each instruction the type of the value that it leaves on the stack or takes into a local. */
  readonly types: readonly StackType[];
  /** The type of every local that is fixed or set; undefined for the others. */
  readonly locals: readonly (ValueType | undefined)[];
  readonly loads: number;
  /** Gas, at most {@link MAX_COST}. */
  readonly cost: number;
}

/** The type that elements of `dtype` have on the stack, loaded or to be stored. */
export function stackTypeOf(dtype: Dtype): ValueType {
  return dtype === "f32" || dtype === "f64" ? "f64" : "i64";
}

/** Throws a MalformedKernelError unless `code` is well-formed under `signature`. */
export function validateSection(code: readonly Instruction[], signature: Signature): Section {
  const count = (counts: (instruction: Instruction) => boolean) => code.filter(counts).length;
  const constants = count(({ op }) => op === "i64.const" || op === "f64.const");
  const loads = count(({ op }) => op === "call");
  const values = count(({ op }) => !op.startsWith("local."));
  const cost = code.reduce((sum, { op }) => sum + OPCODES[op].cost, 0);
  requireRule(constants <= MAX_CONSTANTS, "constants", `${constants} of them`);
  requireRule(loads <= signature.maxLoads, "loads", `${loads} of them, at most ${signature.maxLoads}`);
  requireRule(values <= MAX_VALUES, "values", `${values} value-producing instructions`);
  const frame = new Frame(signature);
  const types = code.map((instruction) => frame.apply(instruction));
  frame.end();
  requireRule(cost <= MAX_COST, "cost", `${cost} gas`);
  return { code, types, locals: frame.locals, loads, cost };
}

/** The stack and the locals of a section, as types. */
class Frame {
  readonly locals: (ValueType | undefined)[];
  readonly #signature: Signature;
  readonly #stack: StackType[] = [];

  constructor(signature: Signature) {
    this.#signature = signature;
    this.locals = [...signature.fixed];
  }

  /** @returns the type of the value that `instruction` leaves on the stack or takes into a local */
  apply(instruction: Instruction): StackType {
    switch (instruction.op) {
      case "local.get":
        return this.#push(this.#typeOf(instruction.imm));
      case "local.set":
        return this.#set(instruction.imm);
      case "local.tee":
        return this.#push(this.#set(instruction.imm));
      case "call": {
        const operand = this.#signature.operands[instruction.imm];
        if (operand === undefined) throw new MalformedKernelError("operandIndex", `${instruction.imm}`);
        this.#pop("i64");
        return this.#push(stackTypeOf(operand.dtype));
      }
      case "select": {
        this.#pop("i32");
        const type = this.#popValue();
        this.#pop(type);
        return this.#push(type);
      }
      default: {
        const { pops = [], pushes } = OPCODES[instruction.op];
        for (const type of pops.toReversed()) this.#pop(type);
        if (pushes === undefined) throw new TypeError(`${instruction.op} has no stack effect`);
        return this.#push(pushes);
      }
    }
  }

  end(): void {
    const { result } = this.#signature;
    const isResult = this.#stack.length === 1 && this.#stack[0] === result;
    requireRule(isResult, "result", `${this.#stack.join(" ") || "nothing"} instead of ${result}`);
  }

  #push<T extends StackType>(type: T): T {
    this.#stack.push(type);
    requireRule(this.#stack.length <= MAX_STACK, "stack", `more than ${MAX_STACK} values`);
    return type;
  }

  #popAny(): StackType {
    const type = this.#stack.pop();
    if (type === undefined) throw new MalformedKernelError("underflow", "the stack is empty");
    return type;
  }

  #pop(expected: StackType): void {
    const type = this.#popAny();
    requireRule(type === expected, "type", `${type} instead of ${expected}`);
  }

  #popValue(): ValueType {
    const type = this.#popAny();
    if (type === "i32") throw new MalformedKernelError("type", "a condition instead of a value");
    return type;
  }

  #typeOf(local: number): ValueType {
    requireRule(local < MAX_LOCALS, "localIndex", `${local}`);
    const type = this.locals[local];
    if (type === undefined) throw new MalformedKernelError("unset", `local ${local}`);
    return type;
  }

  #set(local: number): ValueType {
    requireRule(local < MAX_LOCALS, "localIndex", `${local}`);
    requireRule(local >= this.#signature.fixed.length, "readOnly", `local ${local}`);
    const type = this.#popValue();
    const before = this.locals[local] ?? type;
    requireRule(type === before, "type", `local ${local} is ${before}, not ${type}`);
    this.locals[local] = type;
    return type;
  }
}
