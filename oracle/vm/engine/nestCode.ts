/** Loop nests to WebAssembly functions. */
import binaryen from "binaryen";
import { DTYPES } from "../../model/tensor.ts";
import { valueBits } from "../value.ts";
import { type Expression, FunctionBuilder, type Local, type ModuleBuilder } from "../wasmBuilder.ts";
import { ACCUMULATOR, dependsOn, type Node } from "./graph.ts";
import { extractLane, LANES, splat } from "./lanes.ts";
import { storeElement, storeLanes, type Target } from "./memory.ts";
import type { Nest, Tiling } from "./nest.ts";
import { type Form, type Instance, NestValues } from "./nestValues.ts";
import { type Place, type Pointer, Pointers } from "./pointers.ts";
import { LocalPool, Scope } from "./scope.ts";
import { constant, WASM_TYPES } from "./values.ts";

/**
 * Rounds `begin` to `end`, excluded, of the outermost loop: any partition of them gives the same bytes. A nest without
 * axes has one round. All arguments are i32, the bases addresses.
 */
export type RunRounds = (begin: number, end: number, ...bases: number[]) => void;

/** How many rounds the outermost loop of a nest has. */
export function roundCount({ graph, axisCount }: Nest, { order, tiles }: Tiling): number {
  const outermost = order[0];
  if (axisCount === 0 || outermost === undefined) return 1;
  return Math.ceil((graph.extents[outermost] ?? 1) / (tiles[outermost] ?? 1));
}

/** Adds and exports a {@link RunRounds}. */
export function addNestFunction(
  module: ModuleBuilder,
  name: string,
  nest: Nest,
  tiling: Tiling,
  baseCount: number,
): void {
  const builder = new FunctionBuilder(
    module,
    Array.from({ length: 2 + baseCount }, () => binaryen.i32),
  );
  builder.export(name, new NestCode(builder, nest, tiling).body());
}

/** A value to compute where a loop's round begins, since no deeper loop changes it. */
interface Hoisted {
  readonly node: Node;
  readonly form: Form;
}

/** How many values of each variable the current rounds take. */
type Sizes = readonly number[];

const BEFORE_LOOPS = -1;

class NestCode {
  readonly #builder: FunctionBuilder;
  readonly #module: ModuleBuilder;
  readonly #nest: Nest;
  readonly #tiling: Tiling;
  readonly #pointers = new Pointers();
  readonly #values: NestValues;
  readonly #output: Place;
  /** The variables from the outermost loop to the innermost. */
  readonly #loops: readonly number[];
  /** By loop, those before all loops at {@link BEFORE_LOOPS}. */
  readonly #hoisted = new Map<number, Hoisted[]>();
  readonly #seen = new Set<string>();
  readonly #pool: LocalPool;

  constructor(builder: FunctionBuilder, nest: Nest, tiling: Tiling) {
    this.#builder = builder;
    this.#module = builder.module;
    this.#nest = nest;
    this.#tiling = tiling;
    this.#pool = new LocalPool(builder);
    this.#output = this.#pointers.address(nest.output.address, false);
    this.#values = new NestValues(builder.module, nest, tiling, this.#pointers, builder.params.slice(2));
    const digits = nest.graph.extents.map((_, variable) => variable).slice(nest.axisCount);
    this.#loops = [...tiling.order, ...digits];
    const root = nest.step ?? nest.finish;
    this.#hoist(
      root,
      tiling.vectorAxis === undefined ? "scalar" : this.#values.vectorForm(root),
      this.#loops.length - 1,
    );
  }

  body(): Expression[] {
    const scope = new Scope(this.#pool);
    const starts = this.#pointers.all.map((pointer) => this.#start(pointer, scope));
    const sizes = this.#nest.graph.extents.map(() => 1);
    return [...starts, ...this.#prepare(BEFORE_LOOPS, sizes, scope), ...this.#axis(0, sizes, scope)];
  }

  /** Where a pointer is before the first round of all loops. */
  #start(pointer: Pointer, scope: Scope): Expression {
    const m = this.#module;
    const local = scope.local(pointer.base === undefined ? binaryen.i64 : binaryen.i32);
    scope.setPointer(pointer, local);
    if (pointer.base === undefined) return local.set(m.i64.const(BigInt.asIntN(64, pointer.least)));
    return local.set(m.i32.add(at(this.#builder.params, 2 + pointer.base).get(), m.i32.const(low32(pointer.least))));
  }

  /** The loops over the axes from the `level`th one on, and what is in them. */
  #axis(level: number, sizes: Sizes, scope: Scope): Expression[] {
    if (level === this.#tiling.order.length) return this.#elements(sizes, scope);
    const inside = (innerSizes: Sizes, inner: Scope) => [
      ...this.#prepare(level, innerSizes, inner),
      ...this.#axis(level + 1, innerSizes, inner),
    ];
    return level === 0 ? this.#outermost(sizes, scope, inside) : this.#loop(level, sizes, scope, inside);
  }

  /** The loop whose rounds the caller chooses. */
  #outermost(sizes: Sizes, scope: Scope, inside: (sizes: Sizes, scope: Scope) => Expression[]): Expression[] {
    const { i32, if: when, block } = this.#module;
    const [begin, end] = this.#builder.params as [Local, Local];
    const { variable, tile, full, rest } = this.#extentOf(0);
    const code: Expression[] = [];
    if (full > 0) {
      const last = scope.local(binaryen.i32);
      const isBelow = i32.lt_u(end.get(), i32.const(full));
      code.push(last.set(this.#module.select(isBelow, end.get(), i32.const(full))));
      const inner = scope.inner();
      const moves = this.#moving(variable).map((pointer) => {
        const from = scope.pointer(pointer);
        const local = inner.local(from.type);
        inner.setPointer(pointer, local);
        return local.set(this.#advanced(pointer, from.get(), variable, begin));
      });
      const counter = inner.local(binaryen.i32);
      const rounds = this.#rounds(variable, tile, sizes, inner, inside);
      const next = counter.tee(i32.add(counter.get(), i32.const(1)));
      const loop = this.#builder.doWhile(rounds, i32.lt_u(next, last.get()));
      inner.end();
      code.push(when(i32.lt_u(begin.get(), last.get()), block(null, [...moves, counter.set(begin.get()), loop])));
    }
    if (rest > 0) {
      const partial = this.#position(variable, full, rest, sizes, scope, inside);
      code.push(when(i32.gt_u(end.get(), i32.const(full)), block(null, partial)));
    }
    return code;
  }

  /** A loop over all values of a variable: whole tiles, then what is left. */
  #loop(level: number, sizes: Sizes, scope: Scope, inside: (sizes: Sizes, scope: Scope) => Expression[]): Expression[] {
    const { i32 } = this.#module;
    const { variable, tile, full, rest } = this.#extentOf(level);
    const code: Expression[] = [];
    if (full === 1) code.push(...this.#position(variable, 0, tile, sizes, scope, inside));
    if (full > 1) {
      const inner = scope.inner();
      const moves = this.#moving(variable).map((pointer) => {
        const from = scope.pointer(pointer);
        const local = inner.local(from.type);
        inner.setPointer(pointer, local);
        return local.set(from.get());
      });
      const counter = inner.local(binaryen.i32);
      const rounds = this.#rounds(variable, tile, sizes, inner, inside);
      const next = counter.tee(i32.sub(counter.get(), i32.const(1)));
      code.push(...moves, counter.set(i32.const(full)), this.#builder.doWhile(rounds, next));
      inner.end();
    }
    if (rest > 0) code.push(...this.#position(variable, full, rest, sizes, scope, inside));
    return code;
  }

  #extentOf(level: number): { variable: number; tile: number; full: number; rest: number } {
    const variable = at(this.#loops, level);
    const tile = this.#tiling.tiles[variable] ?? 1;
    const extent = this.#nest.graph.extents[variable] ?? 1;
    return { variable, tile, full: Math.floor(extent / tile), rest: extent % tile };
  }

  /** One round's code, and the pointers' way to the next one. */
  #rounds(
    variable: number,
    tile: number,
    sizes: Sizes,
    scope: Scope,
    inside: (sizes: Sizes, scope: Scope) => Expression[],
  ): Expression[] {
    const round = scope.inner();
    const code = inside(sizes.with(variable, tile), round);
    round.end();
    const steps = this.#moving(variable).map((pointer) => {
      const local = scope.pointer(pointer);
      return local.set(this.#advanced(pointer, local.get(), variable, 1));
    });
    return [...code, ...steps];
  }

  /** The code for round `round` of a loop alone. */
  #position(
    variable: number,
    round: number,
    size: number,
    sizes: Sizes,
    scope: Scope,
    inside: (sizes: Sizes, scope: Scope) => Expression[],
  ): Expression[] {
    const inner = scope.inner();
    const moves =
      round === 0
        ? []
        : this.#moving(variable).map((pointer) => {
            const from = scope.pointer(pointer);
            const local = inner.local(from.type);
            inner.setPointer(pointer, local);
            return local.set(this.#advanced(pointer, from.get(), variable, round));
          });
    const code = inside(sizes.with(variable, size), inner);
    inner.end();
    return [...moves, ...code];
  }

  #moving(variable: number): Pointer[] {
    return this.#pointers.all.filter((pointer) => this.#tileStride(pointer, variable) !== 0n);
  }

  /** What a pointer moves by from one round of a loop to the next. */
  #tileStride({ strides, tileStride }: Pointer, variable: number): bigint {
    if (tileStride !== undefined && variable === this.#tiling.panelAxis) return tileStride;
    return (strides[variable] ?? 0n) * BigInt(this.#tiling.tiles[variable] ?? 1);
  }

  /** A pointer's value some rounds of a loop later. */
  #advanced(pointer: Pointer, value: Expression, variable: number, rounds: number | Local): Expression {
    const { i32, i64 } = this.#module;
    const stride = this.#tileStride(pointer, variable);
    if (typeof rounds === "number") {
      const distance = stride * BigInt(rounds);
      if (pointer.base === undefined) return i64.add(value, i64.const(BigInt.asIntN(64, distance)));
      return i32.add(value, i32.const(low32(distance)));
    }
    if (pointer.base === undefined) {
      return i64.add(value, i64.mul(i64.extend_u(rounds.get()), i64.const(BigInt.asIntN(64, stride))));
    }
    return i32.add(value, i32.mul(rounds.get(), i32.const(low32(stride))));
  }

  /** The elements of a round: their accumulators, their steps, their stores. */
  #elements(sizes: Sizes, scope: Scope): Expression[] {
    const { step, finish, axisCount } = this.#nest;
    this.#values.columns = sizes[this.#tiling.vectorAxis ?? 0] ?? 1;
    if (step === undefined) return this.#stores(finish, sizes, scope);
    const isVector = this.#tiling.vectorAxis !== undefined;
    const form = isVector ? "vector" : "scalar";
    const instances = this.#instances(sizes, form, axisCount);
    const { accumulators } = this.#values;
    accumulators.clear();
    const starts = instances.map((instance) => {
      const local = scope.local(isVector ? binaryen.v128 : WASM_TYPES[step.type]);
      accumulators.set(this.#values.elementKey(instance), local);
      const init = constant(this.#module, step.type, valueBits(this.#nest.init));
      return local.set(isVector ? splat(this.#module, step.type, init) : init);
    });
    const rounds = scope.inner();
    const steps = this.#digit(axisCount, sizes, rounds, (innerSizes, inner) =>
      this.#steps(step, instances, innerSizes, inner),
    );
    rounds.end();
    return [...starts, ...steps, ...this.#stores(finish, sizes, scope)];
  }

  #digit(level: number, sizes: Sizes, scope: Scope, body: (sizes: Sizes, scope: Scope) => Expression[]): Expression[] {
    if (level === this.#loops.length) return body(sizes, scope);
    return this.#loop(level, sizes, scope, (innerSizes, inner) => [
      ...this.#prepare(level, innerSizes, inner),
      ...this.#digit(level + 1, innerSizes, inner, body),
    ]);
  }

  /** The steps of a round, in the order of the digits; those of one step for all elements. */
  #steps(step: Node, instances: readonly Instance[], sizes: Sizes, scope: Scope): Expression[] {
    const { axisCount } = this.#nest;
    const form = this.#tiling.vectorAxis === undefined ? "scalar" : "vector";
    return this.#offsets(sizes, axisCount, this.#loops.length).flatMap((digits) =>
      instances.map((axes) => {
        const instance = [...axes.slice(0, axisCount), ...digits.slice(axisCount)];
        const accumulator = this.#values.accumulators.get(this.#values.elementKey(instance));
        if (accumulator === undefined) throw new RangeError("an element without accumulator");
        const next = this.#values.get(step, form === "vector" ? this.#values.vectorForm(step) : form, instance, scope);
        return accumulator.set(next);
      }),
    );
  }

  #stores(finish: Node, sizes: Sizes, scope: Scope): Expression[] {
    const { vectorAxis } = this.#tiling;
    const form = vectorAxis === undefined ? "scalar" : this.#values.vectorForm(finish);
    return this.#instances(sizes, form === "scalar" ? "scalar" : "vector", this.#nest.axisCount).flatMap((instance) => {
      const value = this.#values.get(finish, form, instance, scope);
      if (vectorAxis === undefined) return this.#storeOne(value, instance, scope);
      const isWhole = (instance[vectorAxis] ?? 0) + 1 < (sizes[vectorAxis] ?? 1);
      return this.#storeVector(finish, value, instance, isWhole, scope);
    });
  }

  #storeOne(value: Expression, instance: Instance, scope: Scope): Expression {
    return storeElement(this.#module, this.#target(instance, scope), value, (type) => scope.local(WASM_TYPES[type]));
  }

  /** Both lanes, or only the first where the axis ends. */
  #storeVector(finish: Node, value: Expression, instance: Instance, isWhole: boolean, scope: Scope): Expression[] {
    const { vectorAxis } = this.#tiling;
    const target = this.#target(instance, scope);
    const { dtype } = target;
    const stride = this.#output.pointer.strides[vectorAxis ?? 0];
    if ((dtype === "f32" || dtype === "f64") && stride === BigInt(DTYPES[dtype].bytes)) {
      return [storeLanes(this.#module, { ...target, dtype }, value, isWhole, () => scope.local(binaryen.v128))];
    }
    const vector = scope.local(binaryen.v128);
    const lanes = isWhole ? [0, 1] : [0];
    return [
      vector.set(value),
      ...lanes.map((lane) => {
        const here =
          vectorAxis === undefined ? instance : instance.with(vectorAxis, (instance[vectorAxis] ?? 0) + lane);
        return this.#storeOne(extractLane(this.#module, finish.type, vector.get(), lane), here, scope);
      }),
    ];
  }

  #target(instance: Instance, scope: Scope): Target {
    const { dtype, isHidden } = this.#nest.output;
    const { pointer, constant: own } = this.#output;
    const offset = instance.reduce(
      (sum, distance, variable) => sum + (pointer.strides[variable] ?? 0n) * BigInt(distance),
      own - pointer.least,
    );
    return { dtype, isHidden, address: scope.pointer(pointer).get(), offset: Number(offset) };
  }

  /** Computes what no loop deeper than `level` changes. */
  #prepare(level: number, sizes: Sizes, scope: Scope): Expression[] {
    this.#values.columns = sizes[this.#tiling.vectorAxis ?? 0] ?? 1;
    return (this.#hoisted.get(level) ?? []).flatMap(({ node, form }) => {
      const own = sizes.map((size, variable) => (dependsOn(node, variable) ? size : 1));
      return this.#instances(own, form === "vector" ? "vector" : "scalar", own.length).flatMap((instance) =>
        this.#values.prepare(node, form, instance, scope),
      );
    });
  }

  /** The elements that a round computes, or pairs of them. */
  #instances(sizes: Sizes, form: "scalar" | "vector", end: number): Instance[] {
    const all = this.#offsets(sizes, 0, end);
    const { vectorAxis } = this.#tiling;
    if (form === "scalar" || vectorAxis === undefined) return all;
    return all.filter((offsets) => (offsets[vectorAxis] ?? 0) % LANES === 0);
  }

  /** All offsets below the sizes of variables `first` to `end`, 0 elsewhere, row-major. */
  #offsets(sizes: Sizes, first: number, end: number): Instance[] {
    let all: Instance[] = [sizes.map(() => 0)];
    for (let variable = first; variable < end; variable++) {
      const offsets = Array.from({ length: sizes[variable] ?? 1 }, (_, i) => i);
      all = all.flatMap((instance) => offsets.map((offset) => instance.with(variable, offset)));
    }
    return all;
  }

  /** Finds what `user`, a loop deeper than `node` needs, can have computed before it. */
  #hoist(node: Node, form: Form, user: number): void {
    const key = `${form} ${node.id} ${user}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const level = this.#levelOf(node);
    if (level < user && this.#values.isWorthKeeping({ node, form })) {
      const known = this.#hoisted.get(level) ?? [];
      this.#hoisted.set(level, known);
      if (known.some((hoisted) => hoisted.node === node && hoisted.form === form)) return;
      for (const need of this.#values.needs(node, form)) this.#hoist(need.node, need.form, level);
      known.push({ node, form });
      return;
    }
    for (const need of this.#values.needs(node, form)) this.#hoist(need.node, need.form, user);
  }

  /** The deepest loop that changes a value. */
  #levelOf(node: Node): number {
    if ((node.deps & ACCUMULATOR) !== 0) return this.#loops.length - 1;
    return this.#loops.findLastIndex((variable) => dependsOn(node, variable));
  }
}

function low32(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`nothing at ${index} of ${items.length}`);
  return item;
}
