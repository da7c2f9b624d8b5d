/** Well-formed kernels to graphs of values. */
import { type Instruction, OPCODES, type ValueType } from "../opcodes.ts";
import type { ValidKernel } from "../validate.ts";
import type { Value } from "../value.ts";
import { Graph, type Node, type OperandShape } from "./graph.ts";

/** A loop nest around values: what the code generators see of a kernel. */
export interface KernelGraph {
  readonly graph: Graph;
  /** The variables of the axes are 0 .. axisCount-1, outermost first, those of the digits follow. */
  readonly axisCount: number;
  readonly digitCount: number;
  /** Absent without accumulator. */
  readonly step: Node | undefined;
  readonly finish: Node;
  readonly init: Value;
}

/** Loops that a loop is divided into. */
const MAX_VARIABLES = 16;

/** @param operands of the kernel, with a count of 0 where one is not in place */
export function liftKernel(valid: ValidKernel, operands: readonly OperandShape[]): KernelGraph {
  const { axes, digits } = valid.kernel;
  let parts: readonly (readonly number[])[] = [...axes, ...digits].map((extent) => [extent]);
  for (;;) {
    const lifted = liftParts(valid, operands, parts);
    const divided = divide(lifted, parts);
    if (divided === undefined || divided.flat().length > MAX_VARIABLES) return lifted;
    parts = divided;
  }
}

/** @param parts for each axis and digit the extents of the loops that make it up, outermost first */
function liftParts(
  valid: ValidKernel,
  operands: readonly OperandShape[],
  parts: readonly (readonly number[])[],
): KernelGraph {
  const { kernel } = valid;
  const graph = new Graph(parts.flat(), operands);
  const counters = parts.map((extents, i) => counter(graph, extents, parts.slice(0, i).flat().length));
  const axisCount = parts.slice(0, kernel.axes.length).flat().length;
  const axes = counters.slice(0, kernel.axes.length);
  const step = valid.step && runSection(graph, kernel.step, [...counters, graph.accumulator(accumulatorOf(valid))]);
  const finishLocals = valid.step === undefined ? axes : [...counters, graph.accumulator(accumulatorOf(valid))];
  const finish = runSection(graph, kernel.finish, finishLocals);
  return { graph, axisCount, digitCount: graph.extents.length - axisCount, step, finish, init: kernel.init };
}

function accumulatorOf({ kernel: { accumulator } }: ValidKernel): ValueType {
  if (accumulator === "none") throw new TypeError("a kernel without accumulator");
  return accumulator;
}

/** The value of a counter that runs through loops of these extents. */
function counter(graph: Graph, extents: readonly number[], first: number): Node {
  return extents.reduce((sum: Node, extent, i) => {
    const scaled = graph.apply("i64.mul", [sum, graph.integer(BigInt(extent))]);
    return graph.apply("i64.add", [scaled, graph.variable(first + i)]);
  }, graph.integer(0n));
}

/** Divides one more loop so that the quotients and remainders of a division become loops, if there is such a division. */
function divide({ graph }: KernelGraph, parts: readonly (readonly number[])[]): (readonly number[])[] | undefined {
  for (const { variable, divisor } of graph.divisions()) {
    let first = 0;
    const divided = parts.map((extents) => {
      const place = variable - first;
      first += extents.length;
      const extent = extents[place];
      if (extent === undefined || place < 0 || extent % divisor !== 0) return extents;
      return extents.toSpliced(place, 1, extent / divisor, divisor);
    });
    if (divided.flat().length > parts.flat().length) return divided;
  }
  return undefined;
}

/** The value that a section leaves. */
function runSection(graph: Graph, code: readonly Instruction[], fixed: readonly Node[]): Node {
  const locals = [...fixed];
  const stack: Node[] = [];
  const pop = () => {
    const value = stack.pop();
    if (value === undefined) throw new RangeError("the stack is empty");
    return value;
  };
  for (const instruction of code) {
    switch (instruction.op) {
      case "local.get":
        stack.push(at(locals, instruction.imm));
        break;
      case "local.set":
        locals[instruction.imm] = pop();
        break;
      case "local.tee":
        locals[instruction.imm] = at(stack, stack.length - 1);
        break;
      case "call":
        stack.push(graph.load(instruction.imm, pop()));
        break;
      case "i64.const":
        stack.push(graph.integer(instruction.imm));
        break;
      case "f64.const":
        stack.push(graph.float(instruction.imm));
        break;
      default: {
        const { op } = instruction;
        const count = op === "select" ? 3 : (OPCODES[op].pops?.length ?? 0);
        stack.push(graph.apply(op, stack.splice(stack.length - count)));
      }
    }
  }
  return pop();
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`nothing at ${index} of ${items.length}`);
  return item;
}
