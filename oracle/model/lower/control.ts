/** Operators that hold graphs. What they decide by must be known when compiling, unless both ways can be computed. */
import { InvalidNodeError } from "../onnx/errors.ts";
import type { Graph } from "../onnx/graph.ts";
import type { NodeContext, Operator } from "./operator.ts";
import { isTensor, type Tensor, type Value } from "./tensor.ts";

export const CONTROL: readonly Operator[] = [
  {
    name: "If",
    since: 1,
    remark:
      "a condition known when compiling; else both branches are computed, and must agree in dtypes and dimensions",
    lower: (node) => {
      const [then, otherwise] = [branch(node, "then_branch"), branch(node, "else_branch")];
      const condition = knownCondition(node);
      if (condition !== undefined) return node.lowerGraph(condition ? then : otherwise, []);
      return select(node, node.lowerGraph(then, []), node.lowerGraph(otherwise, []));
    },
  },
];

function branch({ attributes }: NodeContext, name: string): Graph {
  const graph = attributes.graph(name);
  if (graph === undefined) throw new InvalidNodeError(`${name} is missing`);
  return graph;
}

function knownCondition(node: NodeContext): boolean | undefined {
  return node.tensor(0).source.space === "weights" ? Number(node.constant(0)[0]) !== 0 : undefined;
}

/** Both branches are computed, and their outputs chosen element by element: so these must agree in dtype and shape. */
function select(node: NodeContext, thens: readonly Value[], otherwises: readonly Value[]): Value[] {
  const condition = node.kernels.reshape(node.tensor(0), []);
  return thens.map((then, i) => {
    const otherwise = otherwises[i];
    const areAlike = otherwise !== undefined && isTensor(then) && isTensor(otherwise) && isAlike(then, otherwise);
    if (!areAlike) throw node.unbound(0);
    return node.kernels.elementwise(then.dtype, [condition, then, otherwise], (c, x, y) => c.ne(0).select(x, y));
  });
}

function isAlike(a: Tensor, b: Tensor): boolean {
  return a.dtype === b.dtype && a.dims.length === b.dims.length && a.dims.every((dim, axis) => dim === b.dims[axis]);
}
