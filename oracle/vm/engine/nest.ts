/** Loop nests: what is left of a kernel, or of the packing of an operand, when it is known where everything lies. */
import type { Dtype } from "../../model/tensor.ts";
import type { Value } from "../value.ts";
import type { Graph, Node } from "./graph.ts";

/** A place in memory that depends on the loops, in bytes. */
export interface Address {
  /** Which of the nest's base addresses it counts from. */
  readonly base: number;
  readonly constant: bigint;
  /** By variable. */
  readonly strides: readonly bigint[];
  /** The stride of a whole tile of the panel axis, where it is not that of its elements. */
  readonly tileStride?: bigint;
}

/** An output of elements that nobody sees: no NaN needs to be canonical. */
export interface Output {
  readonly address: Address;
  readonly dtype: Dtype;
  readonly isHidden: boolean;
}

export interface Nest {
  readonly graph: Graph;
  /** Variables 0 .. axisCount-1 are the axes, one round of which stores one element; the others are the digits. */
  readonly axisCount: number;
  readonly step: Node | undefined;
  readonly finish: Node;
  readonly init: Value;
  readonly output: Output;
  /** Elements that lie in buffers of the engine's own, by the number of the `packed` node. */
  readonly packed: readonly PackedElement[];
}

export interface PackedElement {
  readonly address: Address;
  readonly dtype: Dtype;
}

/** How the loops of a nest run. */
export interface Tiling {
  /** The axes from the outermost loop to the innermost. The digits follow, in their own order. */
  readonly order: readonly number[];
  /** By variable: how many of its values one round of its loop computes side by side. */
  readonly tiles: readonly number[];
  /** The axis along which two values share a vector; undefined if values are computed one by one. */
  readonly vectorAxis: number | undefined;
  /** The axis whose tiles are those of {@link Address.tileStride}; undefined if there is no such address. */
  readonly panelAxis: number | undefined;
}

/** The base address of the output; the operands follow, then the packed buffers. */
export const OUTPUT_BASE = 0;

export const operandBase = (operand: number) => 1 + operand;
