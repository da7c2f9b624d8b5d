/** Walks a graph in order and lowers every node that something needs. */
import { InvalidNodeError, NodeError, UnsupportedError } from "../onnx/errors.ts";
import type { Graph, Node } from "../onnx/graph.ts";
import { elementCount } from "../tensor.ts";
import type { Kernels } from "./kernels.ts";
import { NodeContext } from "./operator.ts";
import { findOperator } from "./operators.ts";
import { constantTensor, isTensor, MAX_RANK, type Value } from "./tensor.ts";

/** The values of names, those of the graphs around included. */
export class Scope {
  readonly #values = new Map<string, Value>();
  readonly #graph: Graph;
  readonly #outer: Scope | undefined;

  constructor(graph: Graph, outer?: Scope) {
    this.#graph = graph;
    this.#outer = outer;
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  /** The value of a name; a constant is decoded when it is first used. */
  get(name: string): Value | undefined {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const constant = this.#graph.constants.get(name)?.();
    if (constant === undefined) return this.#outer?.get(name);
    const value = constantTensor(constant.dtype, constant.dims, constant.bytes);
    this.#values.set(name, value);
    return value;
  }
}

/**
 * The values of the outputs of `graph`.
 * @param scope has the values of its inputs
 * @throws NodeError for the first node that cannot be lowered
 */
export function lowerGraph(graph: Graph, scope: Scope, kernels: Kernels): Value[] {
  const needed = neededNodes(graph);
  for (const node of graph.nodes) {
    if (needed.has(node)) lowerNode(node, scope, kernels);
  }
  return graph.outputs.map((name) => {
    const value = scope.get(name);
    if (value === undefined) throw new InvalidNodeError(`nothing gives the output ${name}`);
    return value;
  });
}

function lowerNode(node: Node, scope: Scope, kernels: Kernels): void {
  try {
    const values = valuesOf(node, scope, kernels);
    for (const [i, name] of node.outputs.entries()) {
      const value = values[i];
      if (value === undefined || name === "") continue;
      for (const { dims } of isTensor(value) ? [value] : value.items) checkDims(dims);
      scope.set(name, value);
    }
  } catch (error) {
    // What an operator throws says why; only here is it known where. The inner one of nested nodes is the precise one.
    if (error instanceof NodeError || !(error instanceof Error)) throw error;
    throw new NodeError(node, { cause: error });
  }
}

function inputNamed(name: string, scope: Scope): Value {
  const value = scope.get(name);
  if (value === undefined) throw new InvalidNodeError(`nothing before it gives its input ${name}`);
  for (const { dims } of isTensor(value) ? [value] : value.items) checkDims(dims);
  return value;
}

/** Dimensions that no kernel could have: refused before anything is made of them. */
function checkDims(dims: readonly number[]): void {
  const isPossible = dims.length <= MAX_RANK && dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
  if (!isPossible || elementCount(dims) > MAX_ELEMENTS) {
    throw new UnsupportedError(`a tensor of ${dims.length} dimensions and ${elementCount(dims)} elements`);
  }
}

const MAX_ELEMENTS = 2 ** 31 - 1;

function valuesOf(node: Node, scope: Scope, kernels: Kernels): readonly (Value | undefined)[] {
  const operator = findOperator(node.domain, node.operator, node.opset);
  if (operator === undefined) throw new UnsupportedError("no such operator in this opset");
  const inputs = node.inputs.map((name) => (name === "" ? undefined : inputNamed(name, scope)));
  const [first] = inputs;
  if (first !== undefined && operator.dtypes?.includes(first.dtype) === false) {
    throw new UnsupportedError(`a first input of ${first.dtype}`);
  }
  const lowerInner = (graph: Graph, values: readonly Value[]) => {
    const inner = new Scope(graph, scope);
    for (const [i, name] of graph.inputs.entries()) {
      const value = values[i];
      if (value !== undefined) inner.set(name, value);
    }
    return lowerGraph(graph, inner, kernels);
  };
  const outputs = operator.lower(new NodeContext(node, inputs, kernels, lowerInner));
  const { unread } = node.attributes;
  if (unread.length > 0) throw new UnsupportedError(`attribute ${unread.join(", ")}`);
  return "dtype" in outputs ? [outputs] : outputs;
}

/** The nodes that an output depends on. */
function neededNodes(graph: Graph): ReadonlySet<Node> {
  const names = new Set(graph.outputs);
  const needed = new Set<Node>();
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => names.has(name))) continue;
    needed.add(node);
    for (const name of usedNames(node)) names.add(name);
  }
  return needed;
}

/** The names that a node takes, and all that the graphs inside it mention. */
function usedNames(node: Node): string[] {
  const inner = node.attributes.graphs.flatMap((graph) => [...graph.outputs, ...graph.nodes.flatMap(usedNames)]);
  return [...node.inputs, ...inner];
}
