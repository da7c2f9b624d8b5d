/** Operators that compute each element from the elements at the same place. */
import type { Num } from "./expr.ts";
import type { Operator } from "./operator.ts";

/** An operator without attributes whose output has its first input's dtype. */
function elementwise(name: string, since: number, element: (...values: Num[]) => Num): Operator {
  return { name, since, lower: (node) => node.elementwise(element) };
}

const unary = (name: string, since: number, element: (x: Num) => Num) =>
  elementwise(name, since, element as (...values: Num[]) => Num);
const binary = (name: string, since: number, element: (x: Num, y: Num) => Num) =>
  elementwise(name, since, element as (...values: Num[]) => Num);

export const ELEMENTWISE: readonly Operator[] = [
  binary("Add", 7, (x, y) => x.add(y)),
  binary("Mul", 7, (x, y) => x.mul(y)),
  unary("Relu", 6, (x) => x.max(0)),
];
