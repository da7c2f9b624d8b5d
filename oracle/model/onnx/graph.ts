/** A model as the lowering reads it: nodes in order, constants decoded when asked for, names resolved by the reader. */
import type { Attributes } from "./attributes.ts";
import type { TensorSignature } from "./signature.ts";

/** A constant tensor: its elements packed little-endian, row-major. */
export interface ConstantTensor {
  readonly dtype: TensorSignature["dtype"];
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** One application of an operator. */
export interface Node {
  /** Its own name, or that of its first output: never empty in an error. */
  readonly name: string;
  readonly operator: string;
  /** "" is ai.onnx. */
  readonly domain: string;
  /** The version of its domain that the model imports. */
  readonly opset: number;
  /** "" is an input not given. */
  readonly inputs: readonly string[];
  /** "" is an output nobody wants. */
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A graph, or the branch or body of a node, which may also use the names of the graph around it. */
export interface Graph {
  /** The names it takes, constants excluded. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** In an order in which every node comes after those whose values it uses. */
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, () => ConstantTensor>;
}
