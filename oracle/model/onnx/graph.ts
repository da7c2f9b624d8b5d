/** A model as the lowering reads it: nodes in order, constants decoded when asked for, names resolved by the reader. */
import { InvalidNodeError } from "./errors.ts";
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

/** What an attribute of each kind holds; of those that no operator here takes only the name. */
interface Kinds {
  readonly float: number;
  readonly int: bigint;
  readonly string: string;
  readonly floats: readonly number[];
  readonly ints: readonly bigint[];
  readonly strings: readonly string[];
  readonly tensor: () => ConstantTensor;
  readonly graph: Graph;
  readonly other: string;
}

type Kind = keyof Kinds;

export type AttributeValue = { readonly [K in Kind]: { readonly kind: K; readonly value: Kinds[K] } }[Kind];

/**
 * Typed access that remembers what was asked for, so that an attribute nobody reads, which might change the meaning of
 * a node, is an error and not a silence.
 */
export class Attributes {
  readonly #values: ReadonlyMap<string, AttributeValue>;
  readonly #unread: Set<string>;

  constructor(values: ReadonlyMap<string, AttributeValue>) {
    this.#values = values;
    this.#unread = new Set(values.keys());
    // What opsets before 6 said about sharing memory means nothing.
    this.#unread.delete("consumed_inputs");
  }

  /** Names that no lowering has looked at. */
  get unread(): readonly string[] {
    return [...this.#unread];
  }

  /** The branches and bodies. */
  get graphs(): readonly Graph[] {
    return [...this.#values.values()].flatMap((attribute) => (attribute.kind === "graph" ? [attribute.value] : []));
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Says that an attribute does not matter. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#unread.delete(name);
  }

  float(name: string): number | undefined {
    return this.#get(name, "float");
  }

  floats(name: string): readonly number[] | undefined {
    return this.#get(name, "floats");
  }

  /** An integer, saturated at 2^53: larger ones mean "all". */
  int(name: string): number | undefined {
    const value = this.#get(name, "int");
    return value === undefined ? undefined : saturated(value);
  }

  /** Whether an attribute that is 0 or 1 is 1. */
  flag(name: string, fallback: boolean): boolean {
    return (this.int(name) ?? Number(fallback)) !== 0;
  }

  /** Integers, saturated at 2^53. */
  ints(name: string): readonly number[] | undefined {
    return this.#get(name, "ints")?.map(saturated);
  }

  bigint(name: string): bigint | undefined {
    return this.#get(name, "int");
  }

  bigints(name: string): readonly bigint[] | undefined {
    return this.#get(name, "ints");
  }

  string(name: string): string | undefined {
    return this.#get(name, "string");
  }

  strings(name: string): readonly string[] | undefined {
    return this.#get(name, "strings");
  }

  tensor(name: string): ConstantTensor | undefined {
    return this.#get(name, "tensor")?.();
  }

  graph(name: string): Graph | undefined {
    return this.#get(name, "graph");
  }

  #get<K extends Kind>(name: string, kind: K): Kinds[K] | undefined {
    this.#unread.delete(name);
    const attribute = this.#values.get(name);
    if (attribute === undefined) return undefined;
    if (attribute.kind !== kind) {
      throw new InvalidNodeError(`attribute ${name} is of kind ${attribute.kind}, not ${kind}`);
    }
    return attribute.value as Kinds[K];
  }
}

/** The integer as a number, at most 2^53 - 1 in magnitude. */
export function saturated(value: bigint | number): number {
  return Math.min(Math.max(Number(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}
