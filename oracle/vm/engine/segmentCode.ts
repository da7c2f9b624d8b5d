/** Code for any piece of any element: what a dispute asks for. */
import binaryen from "binaryen";
import type { ValidKernel } from "../validate.ts";
import { buildModule, type Expression, FunctionBuilder, type Local, type ModuleBuilder } from "../wasmBuilder.ts";
import type { Node } from "./graph.ts";
import type { KernelGraph } from "./lift.ts";
import { storeElement } from "./memory.ts";
import { canonicalF64 } from "./operators.ts";
import { type Environment, Values, WASM_TYPES } from "./values.ts";

/** Takes the accumulator in memory from step `from` to step `to` of an element. All arguments are i32. */
export type RunSteps = (
  accumulatorAt: number,
  element: number,
  from: number,
  to: number,
  ...operands: number[]
) => void;
/** Stores the element that an accumulator in memory ends as. */
export type RunFinish = (accumulatorAt: number, element: number, outputAt: number, ...operands: number[]) => void;

const ACCUMULATOR_BYTES = 8;
/** Parameters before the operands. */
const STEPS_PARAMS = 4;
const FINISH_PARAMS = 3;

/** A module that exports `steps`, a {@link RunSteps}, if the kernel has any, and `finish`, a {@link RunFinish}. */
export function segmentModule(
  valid: ValidKernel,
  lifted: KernelGraph,
  isMemoryShared: boolean,
): Uint8Array<ArrayBuffer> {
  return buildModule((module) => {
    if (lifted.step !== undefined) new SegmentFunction(module, valid, lifted, STEPS_PARAMS).steps(lifted.step);
    new SegmentFunction(module, valid, lifted, FINISH_PARAMS).finish();
  }, isMemoryShared);
}

class SegmentFunction {
  readonly #valid: ValidKernel;
  readonly #lifted: KernelGraph;
  readonly #builder: FunctionBuilder;
  readonly #params: readonly Local[];
  readonly #operands: readonly Local[];
  readonly #variables: readonly Local[];
  readonly #accumulator: Local;

  constructor(module: ModuleBuilder, valid: ValidKernel, lifted: KernelGraph, paramCount: number) {
    this.#valid = valid;
    this.#lifted = lifted;
    this.#builder = new FunctionBuilder(
      module,
      Array.from({ length: paramCount + valid.kernel.operands.length }, () => binaryen.i32),
    );
    this.#params = this.#builder.params.slice(0, paramCount);
    this.#operands = this.#builder.params.slice(paramCount);
    this.#variables = this.#builder.locals(lifted.graph.extents.length, binaryen.i64);
    this.#accumulator = this.#builder.local(WASM_TYPES[this.#accumulatorType()]);
  }

  steps(step: Node): void {
    const { module: m } = this.#builder;
    const [accumulatorAt, element, from, to] = this.#params as [Local, Local, Local, Local];
    const { axisCount, graph } = this.#lifted;
    const next = this.#values([step]).get(step);
    const body = [
      ...this.#unravel(from, axisCount, graph.extents.length),
      this.#accumulator.set(next),
      from.set(m.i32.add(from.get(), m.i32.const(1))),
    ];
    const loop = this.#builder.doWhile(body, m.i32.lt_u(from.get(), to.get()));
    this.#builder.export("steps", [
      ...this.#unravel(element, 0, axisCount),
      this.#accumulator.set(this.#loadAccumulator(accumulatorAt)),
      m.if(m.i32.lt_u(from.get(), to.get()), loop),
      this.#storeAccumulator(accumulatorAt),
    ]);
  }

  finish(): void {
    const { module: m } = this.#builder;
    const [accumulatorAt, element, outputAt] = this.#params as [Local, Local, Local];
    const { finish, axisCount, step } = this.#lifted;
    const value = this.#values([finish]).get(finish);
    const target = { dtype: this.#valid.kernel.dtype, address: outputAt.get(), offset: 0, isHidden: false };
    this.#builder.export("finish", [
      ...this.#unravel(element, 0, axisCount),
      ...(step === undefined ? [] : [this.#accumulator.set(this.#loadAccumulator(accumulatorAt))]),
      storeElement(m, target, value, (type) => this.#builder.local(WASM_TYPES[type])),
    ]);
  }

  #values(roots: readonly Node[]): Values {
    const { graph } = this.#lifted;
    const environment: Environment = {
      operands: graph.operands,
      base: (operand) => at(this.#operands, operand).get(),
      variable: (variable) => at(this.#variables, variable).get(),
      accumulator: () => this.#accumulator.get(),
    };
    return new Values(this.#builder, environment, roots);
  }

  /** Sets the variables from `first` to `end` to the indices of a row-major position. */
  #unravel(position: Local, first: number, end: number): Expression[] {
    const { module: m } = this.#builder;
    const rest = this.#builder.local(binaryen.i32);
    const set = (variable: number): Expression[] => {
      const extent = m.i32.const(this.#lifted.graph.extents[variable] ?? 1);
      const index = m.i32.rem_u(rest.get(), extent);
      return [
        at(this.#variables, variable).set(m.i64.extend_u(index)),
        rest.set(m.i32.div_u(rest.get(), m.i32.const(this.#lifted.graph.extents[variable] ?? 1))),
      ];
    };
    const variables = Array.from({ length: end - first }, (_, i) => end - 1 - i);
    return [rest.set(position.get()), ...variables.flatMap(set)];
  }

  #accumulatorType() {
    const { accumulator } = this.#valid.kernel;
    return accumulator === "none" ? "i64" : accumulator;
  }

  #loadAccumulator(address: Local): Expression {
    const { module: m } = this.#builder;
    const isFloat = this.#accumulatorType() === "f64";
    return isFloat ? m.f64.load(0, ACCUMULATOR_BYTES, address.get()) : m.i64.load(0, ACCUMULATOR_BYTES, address.get());
  }

  #storeAccumulator(address: Local): Expression {
    const { module: m } = this.#builder;
    const value = this.#accumulator.get();
    if (this.#accumulatorType() === "i64") return m.i64.store(0, ACCUMULATOR_BYTES, address.get(), value);
    const canonical = canonicalF64(m, value, (type) => this.#builder.local(WASM_TYPES[type]));
    return m.f64.store(0, ACCUMULATOR_BYTES, address.get(), canonical);
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`nothing at ${index} of ${items.length}`);
  return item;
}
