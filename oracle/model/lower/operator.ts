/** What an operator is to the lowering: an entry of its family, and the node it is asked to lower. */

import { InvalidNodeError, UnboundValueError, UnsupportedError } from "../onnx/errors.ts";
import type { Graph, Node } from "../onnx/graph.ts";
import { saturated } from "../onnx/graph.ts";
import { type Dtype, unpack } from "../tensor.ts";
import type { Num } from "./expr.ts";
import type { Kernels } from "./kernels.ts";
import { closure, type Sequence, type Tensor, type Value } from "./tensor.ts";

export interface Operator {
  /** "" (ai.onnx) by default. */
  readonly domain?: string;
  readonly name: string;
  /** The first opset of its domain in which the operator is what `lower` makes of it; a later entry may replace it. */
  readonly since: number;
  /** Those that the first input may have; all by default. */
  readonly dtypes?: readonly Dtype[];
  /** What it does not do, or does in a way of its own: for docs/operators.md. */
  readonly remark?: string;
  /** The value of the output, or of each in order; undefined for one that Assay cannot give. */
  readonly lower: (node: NodeContext) => Value | readonly (Value | undefined)[];
}

export const FLOATS: readonly Dtype[] = ["f32", "f64"];
export const INTEGERS: readonly Dtype[] = ["i8", "u8", "i16", "u16", "i32", "u32", "i64"];
export const NUMBERS: readonly Dtype[] = [...FLOATS, ...INTEGERS];

/** Operators whose first inputs have one of these dtypes, unless they say otherwise themselves. */
export function taking(dtypes: readonly Dtype[], operators: readonly Operator[]): readonly Operator[] {
  return operators.map((operator) => ({ dtypes, ...operator }));
}

/** Lowers a graph inside a node. */
export type LowerGraph = (graph: Graph, inputs: readonly Value[]) => Value[];

/** A node with the values of its inputs. */
export class NodeContext {
  readonly node: Node;
  readonly kernels: Kernels;
  /** A branch or body, given the values of its inputs. */
  readonly lowerGraph: LowerGraph;
  readonly #values: readonly (Value | undefined)[];

  constructor(node: Node, values: readonly (Value | undefined)[], kernels: Kernels, lowerGraph: LowerGraph) {
    this.node = node;
    this.kernels = kernels;
    this.lowerGraph = lowerGraph;
    this.#values = values;
  }

  get attributes() {
    return this.node.attributes;
  }

  get opset(): number {
    return this.node.opset;
  }

  /** How many inputs are named, the ones not given included. */
  get inputCount(): number {
    return this.#values.length;
  }

  /** Input `i`. Throws InvalidNodeError if it is not given, UnsupportedError if it is no tensor. */
  tensor(i: number): Tensor {
    const tensor = this.optionalTensor(i);
    if (tensor === undefined) throw new InvalidNodeError(`input ${i} is missing`);
    return tensor;
  }

  optionalTensor(i: number): Tensor | undefined {
    const value = this.#values[i];
    if (value !== undefined && "items" in value) throw new UnsupportedError(`input ${i} is a sequence`);
    return value;
  }

  /** Input `i`, whatever it is. */
  value(i: number): Value {
    const value = this.#values[i];
    if (value === undefined) throw new InvalidNodeError(`input ${i} is missing`);
    return value;
  }

  sequence(i: number): Sequence {
    const value = this.#values[i];
    if (value === undefined || !("items" in value)) throw new InvalidNodeError(`input ${i} is no sequence`);
    return value;
  }

  /** All inputs, which must be tensors. */
  tensors(): Tensor[] {
    return this.#values.map((_, i) => this.tensor(i));
  }

  /** The elements of input `i`, which decides shapes and so must be known now. Throws {@link unbound} if it is not. */
  constant(i: number): readonly (number | bigint)[] {
    const { dtype, source } = this.kernels.rowMajor(this.tensor(i));
    if (source.space !== "weights") throw this.unbound(i);
    return Array.from<number | bigint>(unpack(dtype, source.bytes));
  }

  /** What is wrong if input `i` is not known now: it names the inputs of the model that decide it. */
  unbound(i: number): UnboundValueError {
    const sources = [...closure([this.tensor(i).source])];
    const inputs = sources.flatMap((source) => (source.space === "input" ? [source.name] : []));
    return new UnboundValueError(`input ${i} (${this.node.inputs[i]})`, inputs);
  }

  /** The same for integers, saturated at 2^53: "to the end" is often the largest one. Undefined if not given. */
  optionalIntegers(i: number): number[] | undefined {
    return this.#values[i] === undefined ? undefined : this.constant(i).map(saturated);
  }

  integers(i: number): number[] {
    const values = this.optionalIntegers(i);
    if (values === undefined) throw new InvalidNodeError(`input ${i} is missing`);
    return values;
  }

  /** Axis `axis`, negative ones counted from the end. Throws InvalidNodeError outside of `rank`. */
  axis(axis: number, rank: number): number {
    if (!(axis >= -rank && axis < rank)) throw new InvalidNodeError(`axis ${axis} of rank ${rank}`);
    return axis < 0 ? axis + rank : axis;
  }

  /** An output of the first input's dtype, element by element from the inputs, which broadcast. */
  elementwise(element: (...values: Num[]) => Num, dtype: Dtype = this.tensor(0).dtype): Tensor {
    return this.kernels.elementwise(dtype, this.tensors(), element);
  }
}
