/** Graphs to expressions, one value at a time: what is used more than once is kept in a local. */
import binaryen from "binaryen";
import type { StackType } from "../opcodes.ts";
import { CANONICAL_NAN, f64FromBits } from "../value.ts";
import type { Expression, FunctionBuilder, Local, ModuleBuilder } from "../wasmBuilder.ts";
import type { Node, OperandShape } from "./graph.ts";
import { byteOffset, loadElement } from "./memory.ts";
import { applyOperator } from "./operators.ts";

export const WASM_TYPES: Readonly<Record<StackType, binaryen.Type>> = {
  i32: binaryen.i32,
  i64: binaryen.i64,
  f64: binaryen.f64,
};

/** Where the values that a graph starts from are. */
export interface Environment {
  readonly operands: readonly OperandShape[];
  /** The address of an operand's first element, an i32. */
  base(operand: number): Expression;
  /** An i64. */
  variable(variable: number): Expression;
  accumulator(): Expression;
}

/** The values of one round of a loop body. */
export class Values {
  readonly #builder: FunctionBuilder;
  readonly #environment: Environment;
  readonly #uses: ReadonlyMap<Node, number>;
  readonly #kept = new Map<Node, Local>();

  /** @param roots what will be asked for */
  constructor(builder: FunctionBuilder, environment: Environment, roots: readonly Node[]) {
    this.#builder = builder;
    this.#environment = environment;
    this.#uses = countUses(roots);
  }

  /** The value of a node; to be evaluated in the order of the calls. */
  get(node: Node): Expression {
    const kept = this.#kept.get(node);
    if (kept !== undefined) return kept.get();
    const value = this.#compute(node);
    if ((this.#uses.get(node) ?? 0) < 2 || node.args.length === 0) return value;
    const local = this.#builder.local(WASM_TYPES[node.type]);
    this.#kept.set(node, local);
    return local.tee(value);
  }

  #compute(node: Node): Expression {
    const { kind, type, args } = node;
    const { module: m } = this.#builder;
    switch (kind.op) {
      case "const":
        return constant(m, type, kind.value);
      case "var":
        return this.#environment.variable(kind.variable);
      case "accumulator":
        return this.#environment.accumulator();
      case "load":
        return this.#load(kind.operand, args);
      case "packed":
        throw new TypeError("nothing is packed for a single element");
      case "i64.div_s":
      case "i64.rem_s":
        return this.#divide(kind.op, args);
      default:
        return applyOperator(
          m,
          kind.op,
          args.map((arg) => this.get(arg)),
          (scratchType) => this.#builder.local(WASM_TYPES[scratchType]),
        );
    }
  }

  #load(operand: number, [index, guard]: readonly Node[]): Expression {
    const { module: m } = this.#builder;
    const shape = this.#environment.operands[operand];
    if (shape === undefined || index === undefined) throw new RangeError(`no operand ${operand}`);
    const { dtype } = shape;
    if (guard === undefined) {
      const offset = byteOffset(m, dtype, this.get(index));
      return loadElement(m, dtype, 0, m.i32.add(this.#environment.base(operand), offset));
    }
    // Where the guard does not hold, element 0 is read and forgotten.
    const holds = this.#builder.local(binaryen.i32);
    const offset = byteOffset(m, dtype, this.get(index));
    const safe = m.select(holds.tee(this.get(guard)), offset, m.i32.const(0));
    const value = loadElement(m, dtype, 0, m.i32.add(this.#environment.base(operand), safe));
    const zero = dtype === "f32" || dtype === "f64" ? m.f64.const(0) : m.i64.const(0n);
    return m.select(holds.get(), value, zero);
  }

  /** A divisor that is neither 0 nor -1 needs no care. */
  #divide(op: "i64.div_s" | "i64.rem_s", [a, b]: readonly Node[]): Expression {
    const { module: m } = this.#builder;
    if (a === undefined || b === undefined) throw new TypeError(`${op} of nothing`);
    const isPlain = b.range.low > 0n || b.range.high < -1n;
    const operands = [this.get(a), this.get(b)] as const;
    if (isPlain) return op === "i64.div_s" ? m.i64.div_s(...operands) : m.i64.rem_s(...operands);
    return applyOperator(m, op, operands, (type) => this.#builder.local(WASM_TYPES[type]));
  }
}

export function constant(m: ModuleBuilder, type: StackType, value: bigint): Expression {
  if (type === "i64") return m.i64.const(value);
  if (type === "i32") return m.i32.const(Number(value));
  const x = f64FromBits(value);
  return Number.isNaN(x) ? m.f64.reinterpret(m.i64.const(CANONICAL_NAN)) : m.f64.const(x);
}

/** How often each node is an argument, or a root, of what the roots are computed from. */
function countUses(roots: readonly Node[]): Map<Node, number> {
  const uses = new Map<Node, number>();
  const visit = (node: Node): void => {
    const before = uses.get(node) ?? 0;
    uses.set(node, before + 1);
    if (before === 0) for (const arg of node.args) visit(arg);
  };
  for (const root of roots) visit(root);
  return uses;
}
