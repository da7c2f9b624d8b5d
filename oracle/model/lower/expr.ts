/**
 * Kernel code as values: `x.mul(y).add(1)` is a typed expression, emitted later as instructions. What is equal is computed
 * once; integer arithmetic on constants is done here, since it is exact, floating-point arithmetic never is.
 */
import type { OpcodeName, StackType, ValueType } from "../../vm/opcodes.ts";
import { InvalidNodeError } from "../onnx/errors.ts";
import type { Source } from "./tensor.ts";

type InstructionOpcode = Exclude<OpcodeName, "call" | `local.${string}` | `${string}.const`>;
/** What an expression does: an instruction without immediate, or one of those that have one. */
type Operation =
  | { readonly op: "local"; readonly index: number }
  | { readonly op: "const"; readonly value: bigint | number }
  | { readonly op: "load"; readonly source: Source }
  | { readonly op: InstructionOpcode };

/** An expression, or the literal that stands for a constant of the other side's type. */
export type Operand<T extends ValueType> = Expr<T> | number | bigint;

export type F64 = Expr<"f64">;
export type I64 = Expr<"i64">;
/** A number of either type: operators that exist for both are written once. */
export type Num = Expr<ValueType>;

type BinaryOpcode = Extract<
  OpcodeName,
  `${"i64" | "f64"}.${"add" | "sub" | "mul" | "div" | "div_s" | "rem_s" | "min" | "max" | "and" | "or" | "xor" | "shl" | "shr_s" | "shr_u"}`
>;
type UnaryOpcode = `f64.${"neg" | "abs" | "sqrt" | "ceil" | "floor" | "trunc" | "nearest" | "round_f32"}`;
type Comparison = "eq" | "ne" | "lt" | "gt" | "le" | "ge";

/** What numbers and conditions have in common: an operation on others of them. */
export class Term<T extends StackType = StackType> {
  readonly type: T;
  readonly operation: Operation;
  readonly args: readonly Term[];

  constructor(type: T, operation: Operation, args: readonly Term[] = []) {
    this.type = type;
    this.operation = operation;
    this.args = args;
  }
}

/** True or false: consumed by `select` and logic only. */
export class Condition extends Term<"i32"> {
  constructor(op: InstructionOpcode, args: readonly Term[]) {
    super("i32", { op }, args);
  }

  and(other: Condition): Condition {
    return new Condition("i32.and", [this, other]);
  }

  or(other: Condition): Condition {
    return new Condition("i32.or", [this, other]);
  }

  not(): Condition {
    return new Condition("i32.eqz", [this]);
  }

  /** 1 or 0. */
  bit(): I64 {
    return new Expr("i64", { op: "i64.extend_i32_u" }, [this]);
  }

  /** One of two values of the same type; a literal takes the type of the other. Both are computed. */
  select<T extends ValueType>(then: Expr<T>, otherwise: Operand<T>): Expr<T>;
  select<T extends ValueType>(then: Operand<T>, otherwise: Expr<T>): Expr<T>;
  select<T extends ValueType>(then: Operand<T>, otherwise: Operand<T>): Expr<T> {
    if (then instanceof Expr) return new Expr(then.type, { op: "select" }, [then, then.lift(otherwise), this]);
    if (!(otherwise instanceof Expr)) throw new TypeError("select between two literals: give one of them a type");
    return new Expr(otherwise.type, { op: "select" }, [otherwise.lift(then), otherwise, this]);
  }
}

export class Expr<T extends ValueType = ValueType> extends Term<T> {
  /** The value of an integer constant, else undefined. */
  get constant(): bigint | undefined {
    const { operation } = this;
    return operation.op === "const" && typeof operation.value === "bigint" ? operation.value : undefined;
  }

  /** A literal as a constant of this expression's type. Throws InvalidNodeError for an expression of another type: whether a model mixes dtypes shows here. */
  lift(other: Operand<T>): Expr<T> {
    if (!(other instanceof Expr)) return constant(this.type, other);
    if (other.type !== this.type) throw new InvalidNodeError(`values of ${this.type} and ${other.type} together`);
    return other;
  }

  // Arithmetic of both types.

  add(other: Operand<T>): Expr<T> {
    const b = this.lift(other);
    if (this.constant === 0n) return b;
    if (b.constant === 0n) return this;
    return this.#arithmetic("add", b, (x, y) => x + y);
  }

  sub(other: Operand<T>): Expr<T> {
    const b = this.lift(other);
    return b.constant === 0n ? this : this.#arithmetic("sub", b, (x, y) => x - y);
  }

  mul(other: Operand<T>): Expr<T> {
    const b = this.lift(other);
    if (this.constant === 1n || b.constant === 0n) return b;
    if (b.constant === 1n || this.constant === 0n) return this;
    return this.#arithmetic("mul", b, (x, y) => x * y);
  }

  /** Integers: truncates; x / 0 is 0. */
  div(other: Operand<T>): Expr<T> {
    const b = this.lift(other);
    if (this.type === "f64") return this.#binary("f64.div", b);
    return b.constant === 1n ? this : this.#binary("i64.div_s", b, (x, y) => (y === 0n ? 0n : x / y));
  }

  /** -0 is the float's neutral element of negation: 0 - x would lose the sign of a zero. */
  neg(): Expr<T> {
    return this.type === "f64" ? this.#unary("f64.neg") : this.lift(0).sub(this);
  }

  abs(): Expr<T> {
    return this.type === "f64" ? this.#unary("f64.abs") : this.lt(0).select(this.neg(), this);
  }

  /** Floats: NaN if either is. */
  min(other: Operand<T>): Expr<T> {
    const b = this.lift(other);
    return this.type === "f64" ? this.#binary("f64.min", b) : this.lt(b).select(this, b);
  }

  /** Floats: NaN if either is. */
  max(other: Operand<T>): Expr<T> {
    const b = this.lift(other);
    return this.type === "f64" ? this.#binary("f64.max", b) : this.gt(b).select(this, b);
  }

  eq(other: Operand<T>): Condition {
    return this.#compare("eq", other);
  }

  ne(other: Operand<T>): Condition {
    return this.#compare("ne", other);
  }

  lt(other: Operand<T>): Condition {
    return this.#compare("lt", other);
  }

  gt(other: Operand<T>): Condition {
    return this.#compare("gt", other);
  }

  le(other: Operand<T>): Condition {
    return this.#compare("le", other);
  }

  ge(other: Operand<T>): Condition {
    return this.#compare("ge", other);
  }

  // Integers.

  /** The remainder has the dividend's sign; x % 0 is 0. */
  rem(this: I64, other: Operand<"i64">): I64 {
    return this.#binary("i64.rem_s", this.lift(other), (x, y) => (y === 0n ? 0n : x % y));
  }

  bitAnd(this: I64, other: Operand<"i64">): I64 {
    return this.#binary("i64.and", this.lift(other), (x, y) => x & y);
  }

  bitOr(this: I64, other: Operand<"i64">): I64 {
    return this.#binary("i64.or", this.lift(other), (x, y) => x | y);
  }

  bitXor(this: I64, other: Operand<"i64">): I64 {
    return this.#binary("i64.xor", this.lift(other), (x, y) => x ^ y);
  }

  /** The count is taken modulo 64. */
  shl(this: I64, count: Operand<"i64">): I64 {
    return this.#binary("i64.shl", this.lift(count));
  }

  /** Arithmetic. */
  shr(this: I64, count: Operand<"i64">): I64 {
    return this.#binary("i64.shr_s", this.lift(count));
  }

  /** Logical. */
  shrU(this: I64, count: Operand<"i64">): I64 {
    return this.#binary("i64.shr_u", this.lift(count));
  }

  /** Whether 0 <= this < bound, for a bound that is not negative: one unsigned comparison. */
  isBelow(this: I64, bound: Operand<"i64">): Condition {
    return new Condition("i64.lt_u", [this, this.lift(bound)]);
  }

  toF64(this: I64): F64 {
    return new Expr("f64", { op: "f64.convert_i64_s" }, [this]);
  }

  /** The number with these bits. */
  asF64(this: I64): F64 {
    return new Expr("f64", { op: "f64.reinterpret_i64" }, [this]);
  }

  // Floats.

  sqrt(this: F64): F64 {
    return this.#unary("f64.sqrt");
  }

  ceil(this: F64): F64 {
    return this.#unary("f64.ceil");
  }

  floor(this: F64): F64 {
    return this.#unary("f64.floor");
  }

  trunc(this: F64): F64 {
    return this.#unary("f64.trunc");
  }

  /** To the nearest integer, ties to even. */
  nearest(this: F64): F64 {
    return this.#unary("f64.nearest");
  }

  /** To the nearest f32, ties to even. */
  roundF32(this: F64): F64 {
    return this.#unary("f64.round_f32");
  }

  /** Truncates and saturates; NaN gives 0. */
  toI64(this: F64): I64 {
    return new Expr("i64", { op: "i64.trunc_sat_f64_s" }, [this]);
  }

  /** The bits, of a NaN the canonical ones. */
  asI64(this: F64): I64 {
    return new Expr("i64", { op: "i64.reinterpret_f64" }, [this]);
  }

  isNaN(this: F64): Condition {
    return this.ne(this);
  }

  #arithmetic(name: "add" | "sub" | "mul", other: Expr<T>, fold: (x: bigint, y: bigint) => bigint): Expr<T> {
    return this.type === "f64" ? this.#binary(`f64.${name}`, other) : this.#binary(`i64.${name}`, other, fold);
  }

  #unary(op: UnaryOpcode): Expr<T> {
    return new Expr(this.type, { op }, [this]);
  }

  #binary(op: BinaryOpcode, other: Expr<T>, fold?: (x: bigint, y: bigint) => bigint): Expr<T> {
    const [x, y] = [this.constant, other.constant];
    if (fold !== undefined && x !== undefined && y !== undefined) return constant(this.type, fold(x, y));
    return new Expr(this.type, { op }, [this, other]);
  }

  #compare(comparison: Comparison, other: Operand<T>): Condition {
    const b = this.lift(other);
    if (this.type === "f64") return new Condition(`f64.${comparison}`, [this, b]);
    if (comparison === "eq" && b.constant === 0n) return new Condition("i64.eqz", [this]);
    const isSymmetric = comparison === "eq" || comparison === "ne";
    return new Condition(isSymmetric ? `i64.${comparison}` : `i64.${comparison}_s`, [this, b]);
  }
}

function constant<T extends ValueType>(type: T, value: number | bigint): Expr<T> {
  if (type === "f64") return new Expr(type, { op: "const", value: Number(value) });
  return new Expr(type, { op: "const", value: BigInt.asIntN(64, BigInt(value)) });
}

/** A float constant. */
export function f64(value: number): F64 {
  return constant("f64", value);
}

/** An integer constant; a number must be an integer. */
export function i64(value: number | bigint): I64 {
  return constant("i64", value);
}

/** Throws InvalidNodeError unless the number is a float. */
export function asFloat(x: Num): F64 {
  if (!isF64(x)) throw new InvalidNodeError("an integer instead of a float");
  return x;
}

/** Throws InvalidNodeError unless the number is an integer. */
export function asInteger(x: Num): I64 {
  if (!isI64(x)) throw new InvalidNodeError("a float instead of an integer");
  return x;
}

export function isF64(x: Num): x is F64 {
  return x.type === "f64";
}

export function isI64(x: Num): x is I64 {
  return x.type === "i64";
}

/** A read-only local of a kernel: an axis, a digit or the accumulator. */
export function local<T extends ValueType>(type: T, index: number): Expr<T> {
  return new Expr(type, { op: "local", index });
}

/** Element `index` of a source's storage; 0 out of its range. */
export function loadElement(source: Source, index: I64): Num {
  const type = source.dtype === "f32" || source.dtype === "f64" ? "f64" : "i64";
  return new Expr<ValueType>(type, { op: "load", source }, [index]);
}
