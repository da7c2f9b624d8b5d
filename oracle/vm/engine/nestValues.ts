/**
 * The values of a nest's nodes within a round: one by one, or two to a vector along the vector axis. A round computes
 * several elements side by side; what they have in common is computed once.
 */
import binaryen from "binaryen";
import { DTYPES, type Dtype } from "../../model/tensor.ts";
import type { Operator } from "../arithmetic.ts";
import type { Expression, Local, ModuleBuilder } from "../wasmBuilder.ts";
import { ACCUMULATOR, type Node } from "./graph.ts";
import {
  applyVector,
  extractLane,
  isVectorOperator,
  isVectorShift,
  joinLanes,
  LANES,
  shiftVector,
  splat,
} from "./lanes.ts";
import { byteOffset, loadElement } from "./memory.ts";
import { type Nest, operandBase, type Tiling } from "./nest.ts";
import { applyOperator } from "./operators.ts";
import type { Place, Pointers } from "./pointers.ts";
import type { Scope } from "./scope.ts";
import { constant, WASM_TYPES } from "./values.ts";

/** Which of the elements that a round computes side by side: by variable, the offset from where its loop stands. */
export type Instance = readonly number[];

/** One value, one value in both lanes, two values. */
export type Form = "scalar" | "splat" | "vector";

/** What a node's value needs of others. */
interface Need {
  readonly node: Node;
  readonly form: Form;
}

export class NestValues {
  readonly #module: ModuleBuilder;
  readonly #nest: Nest;
  readonly #tiling: Tiling;
  readonly #places = new Map<Node, Place>();
  readonly #uses = new Map<Node, number>();
  readonly #bases: readonly Local[];
  /** How many elements along the vector axis the current round computes. */
  columns = 1;
  /** The accumulators of the elements of a round. */
  readonly accumulators = new Map<string, Local>();
  /** The variables that a round takes several values of. */
  readonly #tiled: readonly number[];

  constructor(module: ModuleBuilder, nest: Nest, tiling: Tiling, pointers: Pointers, bases: readonly Local[]) {
    this.#module = module;
    this.#nest = nest;
    this.#tiling = tiling;
    this.#bases = bases;
    this.#tiled = [...tiling.tiles.entries()].filter(([, tile]) => tile > 1).map(([variable]) => variable);
    for (const root of [nest.step, nest.finish]) if (root !== undefined) this.#collect(root, pointers);
  }

  /** The form in which a node is wanted where vectors are computed. */
  vectorForm(node: Node): Form {
    return this.#isVarying(node) ? "vector" : "splat";
  }

  /** What the value of a node in a form is computed from. */
  needs(node: Node, form: Form): Need[] {
    const { kind, args } = node;
    if (this.#places.has(node))
      return kind.op === "load" ? args.slice(1).map((guard) => this.#laneNeed(guard, form)) : [];
    if (form === "splat" && kind.op !== "load") return [{ node, form: "scalar" }];
    const { op } = kind;
    if (op === "const" || op === "var" || op === "accumulator" || op === "packed") return [];
    if (form !== "vector" || op === "load") return args.map((arg) => this.#laneNeed(arg, form));
    if (this.#isUniformShift(op, args)) {
      return args.map((arg, i) => ({ node: arg, form: i === 0 ? this.vectorForm(arg) : "scalar" }));
    }
    return args.map((arg) =>
      isVectorOperator(op) ? { node: arg, form: this.vectorForm(arg) } : this.#laneNeed(arg, form),
    );
  }

  /** Whether a value is worth a local of its own, if it does not change from round to round. */
  isWorthKeeping({ node, form }: Need): boolean {
    const isFree = node.kind.op === "const" || node.kind.op === "accumulator" || node.affine !== undefined;
    return form === "scalar" ? !isFree : true;
  }

  /** The value of a node, computed now or before. */
  get(node: Node, form: Form, at: Instance, scope: Scope): Expression {
    const key = this.#keyOf(node, form, at);
    const kept = scope.find(key);
    if (kept !== undefined) return kept.get();
    const value = this.#compute(node, form, at, scope);
    if (!this.#isShared(node, form)) return value;
    const local = scope.local(form === "scalar" ? WASM_TYPES[node.type] : binaryen.v128);
    scope.keep(key, local);
    return local.tee(value);
  }

  /** Computes a value for later use; nothing if that was done. */
  prepare(node: Node, form: Form, at: Instance, scope: Scope): Expression[] {
    const key = this.#keyOf(node, form, at);
    if (scope.find(key) !== undefined) return [];
    const value = this.#compute(node, form, at, scope);
    const local = scope.local(form === "scalar" ? WASM_TYPES[node.type] : binaryen.v128);
    scope.keep(key, local);
    return [local.set(value)];
  }

  /** A key of the elements that a round computes side by side. */
  elementKey(at: Instance): string {
    return this.#tiled
      .filter((variable) => variable < this.#nest.axisCount)
      .map((variable) => at[variable])
      .join();
  }

  /** Finds what grows evenly with the loops, and counts uses. */
  #collect(node: Node, pointers: Pointers): void {
    const uses = this.#uses.get(node) ?? 0;
    this.#uses.set(node, uses + 1);
    if (uses > 0) return;
    const { kind, args, affine } = node;
    if (kind.op === "packed") {
      const packed = this.#nest.packed[kind.pack];
      if (packed === undefined) throw new RangeError(`no buffer ${kind.pack}`);
      this.#places.set(node, pointers.address(packed.address, false));
      return;
    }
    if (kind.op === "load") {
      const [index, guard] = args;
      const { bytes } = DTYPES[this.#dtypeOf(kind.operand)];
      if (index?.affine !== undefined) {
        const strides = index.affine.factors.map((factor) => factor * BigInt(bytes));
        const constantBytes = index.affine.constant * BigInt(bytes);
        const address = { base: operandBase(kind.operand), constant: constantBytes, strides };
        this.#places.set(node, pointers.address(address, guard !== undefined));
        if (guard !== undefined) this.#collect(guard, pointers);
        return;
      }
    } else if (affine !== undefined && kind.op !== "const") {
      this.#places.set(node, pointers.integer(affine.constant, affine.factors));
      return;
    }
    for (const arg of args) this.#collect(arg, pointers);
  }

  #compute(node: Node, form: Form, at: Instance, scope: Scope): Expression {
    if (form === "vector") return this.#vector(node, at, scope);
    if (form === "scalar") return this.#scalar(node, at, scope);
    const fused = this.#splatLoad(node, at, scope);
    return fused ?? splat(this.#module, node.type, this.get(node, "scalar", at, scope));
  }

  #scalar(node: Node, at: Instance, scope: Scope): Expression {
    const { kind, type, args } = node;
    switch (kind.op) {
      case "const":
        return constant(this.#module, type, kind.value);
      case "accumulator":
        return this.#scalarAccumulator(node, at);
      case "packed":
      case "load":
        return this.#scalarLoad(node, at, scope, (arg) => this.get(arg, "scalar", at, scope));
      default: {
        const place = this.#places.get(node);
        if (place !== undefined) return this.#integer(place, at, scope);
        if (kind.op === "var") throw new TypeError("a variable that is not affine");
        return this.#apply(
          kind.op,
          args,
          args.map((arg) => this.get(arg, "scalar", at, scope)),
          scope,
        );
      }
    }
  }

  /** A value that grows evenly, as a 64-bit integer. */
  #integer(place: Place, at: Instance, scope: Scope): Expression {
    const m = this.#module;
    const offset = this.#offset(place, at);
    const current = scope.pointer(place.pointer).get();
    return offset === 0n ? current : m.i64.add(current, m.i64.const(BigInt.asIntN(64, offset)));
  }

  #scalarAccumulator(node: Node, at: Instance): Expression {
    const { vectorAxis } = this.#tiling;
    if (vectorAxis === undefined) return this.#accumulator(at).get();
    const column = at[vectorAxis] ?? 0;
    const lane = column % LANES;
    const first = at.with(vectorAxis, column - lane);
    return extractLane(this.#module, node.type, this.#accumulator(first).get(), lane);
  }

  #accumulator(at: Instance): Local {
    const local = this.accumulators.get(this.elementKey(at));
    if (local === undefined) throw new RangeError(`no accumulator at ${at.join()}`);
    return local;
  }

  /** @param argument the value of the index, or of the guard */
  #scalarLoad(node: Node, at: Instance, scope: Scope, argument: (arg: Node) => Expression): Expression {
    const m = this.#module;
    const dtype = this.#loadDtype(node);
    const [index, guard] = node.args;
    const place = this.#places.get(node);
    if (place !== undefined && guard === undefined) {
      return loadElement(m, dtype, Number(this.#offset(place, at)), scope.pointer(place.pointer).get());
    }
    const address =
      place === undefined ? this.#gathered(node, dtype, index, argument) : this.#address(place, at, scope);
    if (guard === undefined) return loadElement(m, dtype, 0, address);
    // Where the guard does not hold, element 0 is read and forgotten.
    const holds = scope.local(binaryen.i32);
    const safe = m.select(holds.tee(argument(guard)), address, this.#base(node).get());
    const zero = node.type === "f64" ? m.f64.const(0) : m.i64.const(0n);
    return m.select(holds.get(), loadElement(m, dtype, 0, safe), zero);
  }

  #gathered(node: Node, dtype: Dtype, index: Node | undefined, argument: (arg: Node) => Expression): Expression {
    if (index === undefined) throw new TypeError("a load without index");
    return this.#module.i32.add(this.#base(node).get(), byteOffset(this.#module, dtype, argument(index)));
  }

  #base({ kind }: Node): Local {
    const base = kind.op === "load" ? this.#bases[operandBase(kind.operand)] : undefined;
    if (base === undefined) throw new TypeError("no load of an operand");
    return base;
  }

  /** An address as one value, modulo 2^32: it may be of no element. */
  #address(place: Place, at: Instance, scope: Scope): Expression {
    const m = this.#module;
    const offset = Number(BigInt.asIntN(32, this.#offset(place, at)));
    return m.i32.add(scope.pointer(place.pointer).get(), m.i32.const(offset));
  }

  #vector(node: Node, at: Instance, scope: Scope): Expression {
    const { kind, args } = node;
    const { op } = kind;
    if (op === "accumulator") return this.#accumulator(at).get();
    if (op === "load" || op === "packed") return this.#vectorLoad(node, at, scope) ?? this.#lanewise(node, at, scope);
    if (op === "const" || op === "var" || this.#places.has(node)) return this.#lanewise(node, at, scope);
    const m = this.#module;
    if (this.#isUniformShift(op, args)) {
      const [value, count] = args as [Node, Node];
      const shifted = this.get(value, this.vectorForm(value), at, scope);
      return shiftVector(m, op, shifted, this.get(count, "scalar", at, scope));
    }
    if (!isVectorOperator(op)) return this.#lanewise(node, at, scope);
    const vectors = args.map((arg) => this.get(arg, this.vectorForm(arg), at, scope));
    return applyVector(m, op, vectors, () => scope.local(binaryen.v128));
  }

  /** Two elements that lie side by side, both there; undefined if they do not or may not be. */
  #vectorLoad(node: Node, at: Instance, scope: Scope): Expression | undefined {
    const place = this.#places.get(node);
    const { vectorAxis } = this.#tiling;
    if (place === undefined || vectorAxis === undefined || node.args[1] !== undefined) return undefined;
    const dtype = this.#loadDtype(node);
    if (place.pointer.strides[vectorAxis] !== BigInt(DTYPES[dtype].bytes)) return undefined;
    const { v128, f64x2 } = this.#module;
    const offset = Number(this.#offset(place, at));
    const pointer = () => scope.pointer(place.pointer).get();
    if (dtype === "f32") return f64x2.promote_low_f32x4(v128.load64_zero(offset, 4, pointer()));
    if (dtype === "f64" || dtype === "i64") return v128.load(offset, 8, pointer());
    if (dtype === "i32") return v128.load32x2_s(offset, 4, pointer());
    return dtype === "u32" ? v128.load32x2_u(offset, 4, pointer()) : undefined;
  }

  /** One element in both lanes, in one instruction; undefined if it takes more. */
  #splatLoad(node: Node, at: Instance, scope: Scope): Expression | undefined {
    const place = this.#places.get(node);
    const isLoad = node.kind.op === "load" || node.kind.op === "packed";
    if (!isLoad || place === undefined || node.args[1] !== undefined) return undefined;
    const dtype = this.#loadDtype(node);
    const { v128, f64x2 } = this.#module;
    const offset = Number(this.#offset(place, at));
    const pointer = () => scope.pointer(place.pointer).get();
    if (dtype === "f32") return f64x2.promote_low_f32x4(v128.load32_splat(offset, 4, pointer()));
    return dtype === "f64" || dtype === "i64" ? v128.load64_splat(offset, 8, pointer()) : undefined;
  }

  /** Both lanes one after the other. Beyond the axis' end there may be nothing to load: the first lane again. */
  #lanewise(node: Node, at: Instance, scope: Scope): Expression {
    const { vectorAxis } = this.#tiling;
    if (vectorAxis === undefined) throw new TypeError("no vectors here");
    const column = at[vectorAxis] ?? 0;
    const lane = (wanted: number): Expression => {
      const i = Math.min(wanted, this.columns - 1 - column);
      const here = at.with(vectorAxis, column + i);
      const argument = (arg: Node): Expression =>
        this.#isVarying(arg) && !this.#places.has(arg)
          ? extractLane(this.#module, arg.type, this.#keptVector(arg, at, scope).get(), i)
          : this.get(arg, "scalar", here, scope);
      const { kind, args } = node;
      if (kind.op === "load" || kind.op === "packed") return this.#scalarLoad(node, here, scope, argument);
      const place = this.#places.get(node);
      if (place !== undefined) return this.#integer(place, here, scope);
      if (kind.op === "const" || kind.op === "var" || kind.op === "accumulator")
        throw new TypeError(`${kind.op} by lane`);
      return this.#apply(kind.op, args, args.map(argument), scope);
    };
    // What the lanes share is computed first: the order of the lanes' own code is not that of their keeping.
    const shared = this.needs(node, "vector")
      .filter(({ form }) => form === "vector")
      .flatMap((need) => this.prepare(need.node, need.form, at, scope));
    const value = joinLanes(this.#module, node.type, lane(0), lane(1));
    return shared.length === 0 ? value : this.#module.block(null, [...shared, value], binaryen.v128);
  }

  #keptVector(node: Node, at: Instance, scope: Scope): Local {
    const local = scope.find(this.#keyOf(node, "vector", at));
    if (local === undefined) throw new RangeError("a vector that was not prepared");
    return local;
  }

  #apply(op: Operator, args: readonly Node[], values: readonly Expression[], scope: Scope): Expression {
    const m = this.#module;
    const [x = 0, y = 0] = values;
    const divisor = args[1];
    // A divisor that is neither 0 nor -1 needs no care.
    const isPlain = divisor !== undefined && (divisor.range.low > 0n || divisor.range.high < -1n);
    if (op === "i64.div_s" && isPlain) return m.i64.div_s(x, y);
    if (op === "i64.rem_s" && isPlain) return m.i64.rem_s(x, y);
    return applyOperator(m, op, values, (type) => scope.local(WASM_TYPES[type]));
  }

  #isUniformShift(op: Operator, args: readonly Node[]): boolean {
    const count = args[1];
    return isVectorShift(op) && count !== undefined && !this.#isVarying(count);
  }

  /** How an argument is wanted by code that works lane by lane, or on one value. */
  #laneNeed(node: Node, form: Form): Need {
    return { node, form: form === "vector" && this.#isVarying(node) && !this.#places.has(node) ? "vector" : "scalar" };
  }

  #isVarying({ deps }: Node): boolean {
    const { vectorAxis } = this.#tiling;
    return vectorAxis !== undefined && (deps & (ACCUMULATOR | (1 << vectorAxis))) !== 0;
  }

  /** Whether several values of a round are made of this one. */
  #isShared(node: Node, form: Form): boolean {
    if (form === "scalar" && (node.kind.op === "const" || this.#isInteger(node))) return false;
    if (node.kind.op === "accumulator") return false;
    if ((this.#uses.get(node) ?? 0) > 1) return true;
    const isLoad = node.kind.op === "load" || node.kind.op === "packed";
    if (isLoad && this.#tiled.length > 0) return true;
    return (node.deps & ACCUMULATOR) === 0 && this.#tiled.some((variable) => (node.deps & (1 << variable)) === 0);
  }

  #isInteger(node: Node): boolean {
    return node.affine !== undefined;
  }

  #keyOf(node: Node, form: Form, at: Instance): string {
    const place = this.#places.get(node);
    const isLoad = node.kind.op === "load" || node.kind.op === "packed";
    // Neighbouring elements may load from one place.
    if (isLoad && place !== undefined && node.args[1] === undefined) {
      return `${form} at ${place.pointer.id} + ${this.#offset(place, at)} ${this.#loadDtype(node)}`;
    }
    const isOfAll = (node.deps & ACCUMULATOR) !== 0;
    const offsets = this.#tiled.filter((variable) => isOfAll || (node.deps & (1 << variable)) !== 0);
    return `${form} ${node.id} ${offsets.map((variable) => at[variable]).join()}`;
  }

  /** What is between a pointer and a place of an instance. */
  #offset({ pointer, constant: own }: Place, at: Instance): bigint {
    return this.#tiled.reduce(
      (sum, variable) => sum + (pointer.strides[variable] ?? 0n) * BigInt(at[variable] ?? 0),
      own - pointer.least,
    );
  }

  #loadDtype({ kind }: Node): Dtype {
    if (kind.op === "load") return this.#dtypeOf(kind.operand);
    const packed = kind.op === "packed" ? this.#nest.packed[kind.pack] : undefined;
    if (packed === undefined) throw new TypeError(`${kind.op} is no load`);
    return packed.dtype;
  }

  #dtypeOf(operand: number): Dtype {
    const shape = this.#nest.graph.operands[operand];
    if (shape === undefined) throw new RangeError(`no operand ${operand}`);
    return shape.dtype;
  }
}
