/** Expressions to a section's instructions: equal subexpressions become one local, locals are reused when read for the last time. */
import type { Instruction, StackType, ValueType } from "../../vm/opcodes.ts";
import { f64Bits } from "../../vm/value.ts";
import type { Term } from "./expr.ts";
import type { Source } from "./tensor.ts";

/** The sources that a kernel's sections load from, in the order of their first load. */
export class Operands {
  readonly sources: Source[] = [];

  indexOf(source: Source): number {
    const known = this.sources.indexOf(source);
    return known >= 0 ? known : this.sources.push(source) - 1;
  }
}

/**
 * The instructions that leave the value of `root` on the stack.
 * @param firstFree the first local that the section may set
 */
export function emitSection(root: Term, firstFree: number, operands: Operands): Instruction[] {
  const graph = new ValueGraph();
  const value = graph.add(root);
  const emitter = new Emitter(firstFree, operands);
  emitter.emit(value);
  return emitter.code;
}

/** An expression with equal ones merged, and how often it is used. */
interface Shared {
  readonly expr: Term;
  readonly args: readonly Shared[];
  uses: number;
}

class ValueGraph {
  readonly #byExpr = new Map<Term, Shared>();
  readonly #byKey = new Map<string, Shared>();
  readonly #ids = new Map<Shared | Source, number>();

  /** The value of `expr`, used once. */
  add(expr: Term): Shared {
    const value = this.#intern(expr);
    use(value);
    return value;
  }

  #intern(expr: Term): Shared {
    const known = this.#byExpr.get(expr);
    if (known !== undefined) return known;
    const args = expr.args.map((arg) => this.#intern(arg));
    const key = `${this.#keyOf(expr)}(${args.map((arg) => this.#idOf(arg)).join()})`;
    const shared = this.#byKey.get(key) ?? { expr, args, uses: 0 };
    this.#byKey.set(key, shared);
    this.#byExpr.set(expr, shared);
    return shared;
  }

  #keyOf({ type, operation }: Term): string {
    switch (operation.op) {
      case "const":
        return `${type} ${typeof operation.value === "number" ? f64Bits(operation.value) : operation.value}`;
      case "local":
        return `local ${operation.index}`;
      case "load":
        return `load ${this.#idOf(operation.source)}`;
      default:
        return operation.op;
    }
  }

  #idOf(item: Shared | Source): number {
    const id = this.#ids.get(item) ?? this.#ids.size;
    this.#ids.set(item, id);
    return id;
  }
}

/** A value is computed at its first use and uses its arguments once; a condition is computed again every time. */
function use(value: Shared): void {
  value.uses++;
  if (value.uses > 1 && value.expr.type !== "i32") return;
  for (const arg of value.args) use(arg);
}

class Emitter {
  readonly code: Instruction[] = [];
  readonly #operands: Operands;
  readonly #locals = new Map<Shared, { index: number; readsLeft: number }>();
  readonly #free: Record<ValueType, number[]> = { i64: [], f64: [] };
  #nextLocal: number;

  constructor(firstFree: number, operands: Operands) {
    this.#nextLocal = firstFree;
    this.#operands = operands;
  }

  emit(value: Shared): void {
    const local = this.#locals.get(value);
    if (local !== undefined) return this.#read(value, local);
    this.#compute(value);
    const { type, operation } = value.expr;
    // Constants and locals are as cheap to repeat; a condition cannot be kept.
    const isKept = value.uses > 1 && type !== "i32" && operation.op !== "const" && operation.op !== "local";
    if (!isKept || !isValueType(type)) return;
    const index = this.#free[type].pop() ?? this.#nextLocal++;
    this.#locals.set(value, { index, readsLeft: value.uses - 1 });
    this.code.push({ op: "local.tee", imm: index });
  }

  #read(value: Shared, local: { index: number; readsLeft: number }): void {
    this.code.push({ op: "local.get", imm: local.index });
    local.readsLeft--;
    const { type } = value.expr;
    if (local.readsLeft === 0 && isValueType(type)) this.#free[type].push(local.index);
  }

  #compute({ expr: { type, operation }, args }: Shared): void {
    for (const arg of args) this.emit(arg);
    switch (operation.op) {
      case "const":
        if (type === "i64") this.code.push({ op: "i64.const", imm: BigInt(operation.value) });
        else this.code.push({ op: "f64.const", imm: f64Bits(Number(operation.value)) });
        return;
      case "local":
        this.code.push({ op: "local.get", imm: operation.index });
        return;
      case "load":
        this.code.push({ op: "call", imm: this.#operands.indexOf(operation.source) });
        return;
      default:
        this.code.push({ op: operation.op });
    }
  }
}

function isValueType(type: StackType): type is ValueType {
  return type !== "i32";
}
