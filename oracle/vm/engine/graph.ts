/**
 * What a kernel's code computes, as a graph of values: equal values are one node, locals and the stack are gone. Every
 * rewriting here gives the same bits: integers are exact modulo 2^64, and no floating-point operation is touched.
 */
import type { Dtype } from "../../model/tensor.ts";
import type { Operator } from "../arithmetic.ts";
import type { StackType, ValueType } from "../opcodes.ts";
import { OPCODES } from "../opcodes.ts";
import { stackTypeOf } from "../section.ts";
import {
  type Affine,
  affineKey,
  affineRange,
  combine,
  constantAffine,
  isExact,
  multiplicity,
  scale,
  variableAffine,
} from "./affine.ts";
import {
  ALL,
  BIT,
  between,
  decide,
  greatest,
  type Interval,
  isWithin,
  least,
  narrower,
  rangeOf,
  union,
} from "./interval.ts";

/** What a load is about: not where it is, so that kernels that differ only in places are one. */
export interface OperandShape {
  readonly dtype: Dtype;
  /** Elements; 0 for an operand that is not in place. */
  readonly count: number;
}

export type NodeKind =
  /** The bits of an f64, unsigned; an i64, signed; a condition, 0 or 1. */
  | { readonly op: "const"; readonly value: bigint }
  /** An axis or a digit. */
  | { readonly op: "var"; readonly variable: number }
  | { readonly op: "accumulator" }
  /** Element args[0] of an operand; with args[1] only if that condition holds, else 0. Never out of range then. */
  | { readonly op: "load"; readonly operand: number }
  /** A value that was computed before and lies in a buffer of the engine's own. */
  | { readonly op: "packed"; readonly pack: number }
  | { readonly op: Operator };

export interface Node {
  readonly id: number;
  readonly kind: NodeKind;
  readonly type: StackType;
  readonly args: readonly Node[];
  /** Variables that the value depends on, as bits; {@link ACCUMULATOR} too. */
  readonly deps: number;
  /** Of an i64 or a condition. */
  readonly range: Interval;
  /** Of an i64, if it is one. */
  readonly affine: Affine | undefined;
}

/** The bit of the accumulator in {@link Node.deps}; there are at most 16 variables. */
export const ACCUMULATOR = 1 << 16;

const LOAD_RANGES: Readonly<Record<Dtype, Interval>> = {
  f32: ALL,
  f64: ALL,
  i8: { low: -128n, high: 127n },
  u8: { low: 0n, high: 255n },
  bool: { low: 0n, high: 255n },
  i16: { low: -32_768n, high: 32_767n },
  u16: { low: 0n, high: 65_535n },
  i32: { low: -(2n ** 31n), high: 2n ** 31n - 1n },
  u32: { low: 0n, high: 2n ** 32n - 1n },
  i64: ALL,
};

export class Graph {
  /** Of the variables. */
  readonly extents: readonly number[];
  readonly operands: readonly OperandShape[];
  readonly #nodes = new Map<string, Node>();

  constructor(extents: readonly number[], operands: readonly OperandShape[]) {
    this.extents = extents;
    this.operands = operands;
  }

  /** An i64. */
  integer(value: bigint): Node {
    return this.#constant("i64", BigInt.asIntN(64, value));
  }

  /** An f64, by its bits. */
  float(bits: bigint): Node {
    return this.#constant("f64", bits);
  }

  condition(value: boolean): Node {
    return this.#constant("i32", value ? 1n : 0n);
  }

  /** 0 of a type; +0 of f64. */
  zero(type: ValueType): Node {
    return this.#constant(type, 0n);
  }

  variable(variable: number): Node {
    const extent = this.extents[variable];
    if (extent === undefined) throw new RangeError(`no variable ${variable}`);
    // A variable of one value is that value.
    if (extent === 1) return this.integer(0n);
    return this.#intern({ op: "var", variable }, "i64", [], {
      range: { low: 0n, high: BigInt(extent - 1) },
      affine: variableAffine(variable, this.extents.length),
    });
  }

  accumulator(type: ValueType): Node {
    return this.#intern({ op: "accumulator" }, type, []);
  }

  load(operand: number, index: Node): Node {
    const { dtype, count } = this.#operand(operand);
    const type = stackTypeOf(dtype);
    const bounds = { low: 0n, high: BigInt(count) - 1n };
    if (count === 0 || index.range.high < 0n || index.range.low > bounds.high) return this.zero(type);
    if (isWithin(index.range, bounds)) return this.#load(operand, index);
    const chosen = this.#chosen(index, bounds);
    if (chosen !== undefined) return this.loadIf(operand, chosen.index, chosen.condition);
    return this.loadIf(operand, index, this.#isBelow(index, count));
  }

  /** What buffer `pack` has in place of `value`. */
  packed(pack: number, { type, deps, range }: Pick<Node, "type" | "deps" | "range">): Node {
    return this.#intern({ op: "packed", pack }, type, [], { range, deps });
  }

  apply(op: Operator, args: readonly Node[]): Node {
    return this.#simplify(op, args) ?? this.#build(op, args);
  }

  /** An index that is one of two by a condition, the other of which no load takes. */
  #chosen(index: Node, bounds: Interval): { index: Node; condition: Node } | undefined {
    const [then, otherwise, condition] = index.args;
    if (index.kind.op !== "select" || !then || !otherwise || !condition) return undefined;
    const misses = ({ range }: Node) => range.high < bounds.low || range.low > bounds.high;
    if (misses(otherwise)) return { index: then, condition };
    return misses(then) ? { index: otherwise, condition: this.apply("i32.eqz", [condition]) } : undefined;
  }

  /** A load that gives 0 unless `condition` holds and the index is in range. */
  loadIf(operand: number, index: Node, condition: Node): Node {
    const { dtype, count } = this.#operand(operand);
    const isImplied = isWithin(this.#rangeUnder(condition, index), { low: 0n, high: BigInt(count) - 1n });
    const guard = isImplied ? condition : this.apply("i32.and", [condition, this.#isBelow(index, count)]);
    if (guard.kind.op === "const")
      return guard.kind.value === 0n ? this.zero(stackTypeOf(dtype)) : this.#load(operand, index);
    return this.#load(operand, index, guard);
  }

  #load(operand: number, index: Node, guard?: Node): Node {
    const { dtype } = this.#operand(operand);
    const type = stackTypeOf(dtype);
    const range = type === "i64" ? LOAD_RANGES[dtype] : ALL;
    return this.#intern({ op: "load", operand }, type, guard === undefined ? [index] : [index, guard], { range });
  }

  /** Whether 0 <= index < count. */
  #isBelow(index: Node, count: number): Node {
    return this.apply("i64.lt_u", [index, this.integer(BigInt(count))]);
  }

  /** The range of an integer where a condition holds. */
  #rangeUnder(condition: Node, value: Node): Interval {
    if (value.affine === undefined) return value.range;
    let rest = value.affine;
    let [low, high] = [0n, 0n];
    for (const { affine, range } of this.#bounds(condition)) {
      const multiple = multiplicity(rest, affine);
      if (multiple === undefined || multiple === 0n) continue;
      rest = combine(rest, affine, -multiple);
      const ends = [range.low * multiple, range.high * multiple];
      low += least(...ends);
      high += greatest(...ends);
    }
    const others = affineRange(rest, this.extents);
    return narrower(value.range, between(low + others.low, high + others.high));
  }

  /** What a condition says about affine values, as far as that is plain. */
  #bounds(condition: Node): { affine: Affine; range: Interval }[] {
    const [a, b] = condition.args;
    if (a === undefined || b === undefined) return [];
    const { op } = condition.kind;
    if (op === "i32.and") return [...this.#bounds(a), ...this.#bounds(b)];
    if (a.affine === undefined || b.kind.op !== "const") return [];
    const limit = b.kind.value;
    const bound = (range: Interval) => [{ affine: a.affine as Affine, range: narrower(a.range, range) }];
    if (op === "i64.lt_u" && limit > 0n) return bound({ low: 0n, high: limit - 1n });
    if (op === "i64.lt_s") return bound({ ...ALL, high: limit - 1n });
    if (op === "i64.le_s") return bound({ ...ALL, high: limit });
    if (op === "i64.ge_s") return bound({ ...ALL, low: limit });
    if (op === "i64.gt_s") return bound({ ...ALL, low: limit + 1n });
    return [];
  }

  #operand(operand: number): OperandShape {
    const shape = this.operands[operand];
    if (shape === undefined) throw new RangeError(`no operand ${operand}`);
    return shape;
  }

  /** A simpler node of the same value. */
  #simplify(op: Operator, args: readonly Node[]): Node | undefined {
    const [a, b, c] = args;
    if (a === undefined) throw new TypeError(`${op} of nothing`);
    if (op === "select" && b !== undefined && c !== undefined) return this.#select(a, b, c);
    if (op === "i32.eqz" || op === "i64.eqz") return this.#eqz(op, a);
    if (b === undefined) return undefined;
    if (op === "i32.and" || op === "i32.or") return this.#logic(op, a, b);
    if (op.startsWith("i64.")) return this.#integer(op, a, b);
    return undefined;
  }

  #select(then: Node, otherwise: Node, condition: Node): Node | undefined {
    if (condition.kind.op === "const") return condition.kind.value === 0n ? otherwise : then;
    if (then === otherwise) return then;
    // A load under the same condition need not look at its own.
    const under = this.#under(then, condition);
    return under === then ? undefined : this.apply("select", [under, otherwise, condition]);
  }

  /** `value` as it may be computed where only its value under `condition` counts. */
  #under(value: Node, condition: Node): Node {
    const [index, guard] = value.args;
    if (value.kind.op !== "load" || index === undefined || guard === undefined || guard === condition) return value;
    const { count } = this.#operand(value.kind.operand);
    const isImplied = isWithin(this.#rangeUnder(condition, index), { low: 0n, high: BigInt(count) - 1n });
    // Its own guard may say more than that the index is in range.
    const saysMore = guard !== this.#isBelow(index, count);
    return isImplied && !saysMore ? this.#load(value.kind.operand, index, condition) : value;
  }

  #eqz(op: "i32.eqz" | "i64.eqz", a: Node): Node | undefined {
    const zero = decide("i64.eq", a.range, { low: 0n, high: 0n });
    if (zero !== undefined) return this.condition(zero);
    // eqz(eqz(x)) of a condition.
    return op === "i32.eqz" && a.kind.op === "i32.eqz" ? a.args[0] : undefined;
  }

  #logic(op: "i32.and" | "i32.or", a: Node, b: Node): Node | undefined {
    if (a === b) return a;
    for (const [known, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (known.kind.op !== "const") continue;
      const isTrue = known.kind.value !== 0n;
      return isTrue === (op === "i32.and") ? other : this.condition(isTrue);
    }
    return undefined;
  }

  /** Comparisons that the ranges decide, constants, and the neutral elements. */
  #integer(op: Operator, a: Node, b: Node): Node | undefined {
    const decided = decide(op, a.range, b.range);
    if (decided !== undefined) return this.condition(decided);
    if (OPCODES[op].pushes !== "i64") return undefined;
    const { low, high } = rangeOf(op, a.range, b.range);
    if (low === high) return this.integer(low);
    if (b.kind.op === "const" && b.kind.value === (NEUTRAL[op] ?? undefined)) return a;
    if (a.kind.op === "const" && COMMUTES.has(op) && a.kind.value === NEUTRAL[op]) return b;
    return this.#divided(op, a, b);
  }

  /** (n * q + r) / n and % n, for 0 <= r < n: how a loop over groups of things is written. */
  #divided(op: Operator, a: Node, b: Node): Node | undefined {
    const isDivision = op === "i64.div_s" || op === "i64.rem_s";
    if (!isDivision || b.kind.op !== "const" || b.kind.value <= 0n || a.affine === undefined) return undefined;
    const divisor = b.kind.value;
    if (a.range.low < 0n) return undefined;
    const whole = {
      constant: a.affine.constant - mod(a.affine.constant, divisor),
      factors: a.affine.factors.map((factor) => factor - mod(factor, divisor)),
    };
    const rest = combine(a.affine, whole, -1n);
    if (!isWithin(affineRange(rest, this.extents), { low: 0n, high: divisor - 1n })) return undefined;
    if (op === "i64.rem_s") return this.affine(rest);
    return this.affine({ constant: whole.constant / divisor, factors: whole.factors.map((f) => f / divisor) });
  }

  /**
   * Loops that would make a division or remainder plain: if `variable` ran in two loops, the inner one of `divisor`
   * rounds, its part in the dividend would be a multiple of the divisor and a rest.
   */
  divisions(): { variable: number; divisor: number }[] {
    return [...this.#nodes.values()].flatMap(({ kind: { op }, args: [a, b] }) => {
      const isDivision = op === "i64.div_s" || op === "i64.rem_s";
      if (!isDivision || a?.affine === undefined || b?.kind.op !== "const" || b.kind.value <= 1n) return [];
      const divisor = b.kind.value;
      return a.affine.factors.flatMap((factor, variable) => {
        const rounds = factor === 0n ? 1n : divisor / gcd(factor, divisor);
        const extent = BigInt(this.extents[variable] ?? 1);
        return rounds > 1n && rounds < extent && extent % rounds === 0n ? [{ variable, divisor: Number(rounds) }] : [];
      });
    });
  }

  /** The node of an affine form whose parts do not wrap either. */
  affine({ constant, factors }: Affine): Node {
    let sum: Node | undefined;
    for (const [v, factor] of factors.entries()) {
      if (factor === 0n) continue;
      const term = this.apply("i64.mul", [this.variable(v), this.integer(factor)]);
      sum = sum === undefined ? term : this.apply("i64.add", [sum, term]);
    }
    return sum === undefined ? this.integer(constant) : this.apply("i64.add", [sum, this.integer(constant)]);
  }

  #build(op: Operator, args: readonly Node[]): Node {
    const [a, b, c] = args;
    const type = op === "select" ? a?.type : OPCODES[op].pushes;
    if (type === undefined || a === undefined) throw new TypeError(`${op} of ${args.length} values`);
    if (type === "i32") return this.#intern({ op }, type, args, { range: BIT });
    if (type === "f64") return this.#intern({ op }, type, args);
    if (op === "i64.extend_i32_u") return this.#intern({ op }, type, args, { range: BIT });
    if (b === undefined) return this.#intern({ op }, type, args);
    if (op === "select" && c !== undefined) return this.#intern({ op }, type, args, { range: selectRange(a, b, c) });
    const affine = this.#affineOf(op, a, b);
    if (affine?.factors.every((factor) => factor === 0n)) return this.integer(affine.constant);
    return this.#intern({ op }, type, args, { range: rangeOf(op, a.range, b.range), affine });
  }

  #affineOf(op: Operator, a: Node, b: Node): Affine | undefined {
    if (a.affine === undefined || b.affine === undefined) return undefined;
    const affine = affineResult(op, a.affine, b.affine, a.kind, b.kind);
    return affine !== undefined && isExact(affine, this.extents) ? affine : undefined;
  }

  #constant(type: StackType, value: bigint): Node {
    const range = type === "f64" ? ALL : { low: value, high: value };
    const affine = type === "i64" ? constantAffine(value, this.extents.length) : undefined;
    return this.#intern({ op: "const", value }, type, [], { range, affine });
  }

  #intern(
    kind: NodeKind,
    type: StackType,
    args: readonly Node[],
    {
      range = ALL,
      affine,
      deps: own = ownDeps(kind),
    }: { range?: Interval; affine?: Affine | undefined; deps?: number } = {},
  ): Node {
    // However it is written, an affine value is one node.
    const key = affine === undefined ? `${type} ${keyOf(kind)} ${args.map(({ id }) => id).join()}` : affineKey(affine);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const exact = affine === undefined ? range : narrower(range, affineRange(affine, this.extents));
    const deps = args.reduce((bits, arg) => bits | arg.deps, own);
    const node: Node = { id: this.#nodes.size, kind, type, args, deps, range: exact, affine };
    this.#nodes.set(key, node);
    return node;
  }
}

const NEUTRAL: Readonly<Partial<Record<Operator, bigint>>> = {
  "i64.add": 0n,
  "i64.sub": 0n,
  "i64.mul": 1n,
  "i64.div_s": 1n,
  "i64.or": 0n,
  "i64.xor": 0n,
  "i64.shl": 0n,
  "i64.shr_s": 0n,
  "i64.shr_u": 0n,
};

const COMMUTES = new Set<Operator>(["i64.add", "i64.mul", "i64.or", "i64.xor"]);

/** Whether a value depends on a variable. */
export function dependsOn({ deps }: Node, variable: number): boolean {
  return (deps & (1 << variable)) !== 0;
}

/** A node and all that it is computed from. */
export function nodesOf(root: Node): Node[] {
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    node.args.forEach(visit);
  };
  visit(root);
  return [...seen];
}

function ownDeps(kind: NodeKind): number {
  if (kind.op === "var") return 1 << kind.variable;
  return kind.op === "accumulator" ? ACCUMULATOR : 0;
}

function keyOf(kind: NodeKind): string {
  if (kind.op === "const") return `const ${kind.value}`;
  if (kind.op === "var") return `var ${kind.variable}`;
  if (kind.op === "packed") return `packed ${kind.pack}`;
  return kind.op === "load" ? `load ${kind.operand}` : kind.op;
}

function affineResult(op: Operator, a: Affine, b: Affine, x: NodeKind, y: NodeKind): Affine | undefined {
  if (op === "i64.add") return combine(a, b, 1n);
  if (op === "i64.sub") return combine(a, b, -1n);
  if (op === "i64.mul" && y.op === "const") return scale(a, y.value);
  if (op === "i64.mul" && x.op === "const") return scale(b, x.value);
  if (op === "i64.shl" && y.op === "const") return scale(a, 2n ** BigInt.asUintN(6, y.value));
  return undefined;
}

/** Of `then` and `otherwise`; less if the condition makes it the smaller or the greater one of them. */
function selectRange(then: Node, otherwise: Node, condition: Node): Interval {
  const [x, y] = condition.args;
  const { op } = condition.kind;
  const both = union(then.range, otherwise.range);
  const isOrdered = (x === then && y === otherwise) || (x === otherwise && y === then);
  if (!isOrdered) return both;
  const isLess = op === "i64.lt_s" || op === "i64.le_s";
  if (!isLess && op !== "i64.gt_s" && op !== "i64.ge_s") return both;
  const pick = isLess === (x === then) ? least : greatest;
  return { low: pick(then.range.low, otherwise.range.low), high: pick(then.range.high, otherwise.range.high) };
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b);
}

function mod(a: bigint, n: bigint): bigint {
  return ((a % n) + n) % n;
}
