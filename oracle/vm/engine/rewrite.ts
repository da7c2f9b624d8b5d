/** The same values over other loops. */
import type { Operator } from "../arithmetic.ts";
import type { Affine } from "./affine.ts";
import type { Graph, Node, NodeKind } from "./graph.ts";

/**
 * `root` in another graph.
 * @param translate an affine form over the loops of that graph; undefined if it has none
 * @param replaced nodes that are already there
 * @returns undefined if a form could not be translated
 */
export function rewrite(
  root: Node,
  to: Graph,
  translate: (affine: Affine) => Affine | undefined,
  replaced: ReadonlyMap<Node, Node> = new Map(),
): Node | undefined {
  const known = new Map<Node, Node | undefined>(replaced);
  const visit = (node: Node): Node | undefined => {
    if (known.has(node)) return known.get(node);
    const result = compute(node);
    known.set(node, result);
    return result;
  };
  const compute = (node: Node): Node | undefined => {
    const { kind, type, affine } = node;
    if (affine !== undefined) {
      const translated = translate(affine);
      return translated && to.affine(translated);
    }
    if (kind.op === "const") return type === "f64" ? to.float(kind.value) : to.condition(kind.value !== 0n);
    if (kind.op === "accumulator") return type === "i32" ? undefined : to.accumulator(type);
    if (kind.op === "var" || kind.op === "packed") return undefined;
    const args = node.args.map(visit).filter((arg) => arg !== undefined);
    return args.length === node.args.length ? rebuilt(kind, args, to) : undefined;
  };
  return visit(root);
}

function rebuilt(kind: Extract<NodeKind, { op: "load" | Operator }>, args: readonly Node[], to: Graph): Node {
  if (kind.op !== "load") return to.apply(kind.op, args);
  const [index, guard] = args;
  if (index === undefined) throw new TypeError("a load without index");
  return guard === undefined ? to.load(kind.operand, index) : to.loadIf(kind.operand, index, guard);
}
