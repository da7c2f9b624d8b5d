// Operators as the compiler lowers them, each with the kernel that matters.
import { joinTensors, pack } from "../../../oracle/model/tensor.ts";
import { decodeDescriptor, type Kernel, type SpaceName } from "../../../oracle/vm/descriptor.ts";
import { evaluateProgram } from "../../../oracle/vm/reference.ts";
import { compileNode, f32, type TestNode, type TestTensor } from "../../../test/operators.ts";
import { Random } from "../../models/random.ts";

export interface Lowered {
  readonly kernel: Kernel;
  readonly contents: Readonly<Record<SpaceName, Uint8Array>>;
}

const random = new Random(1n);

function floats(...dims: number[]): TestTensor {
  const values = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => Math.fround(random.uniform(-1, 1)));
  return f32(dims, values);
}

function bytes(dtype: "u8" | "i8", ...dims: number[]): TestTensor {
  const least = dtype === "i8" ? -128 : 0;
  const values = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => least + random.below(256));
  return { dtype, dims, values };
}

const steps = ({ digits }: Kernel) => digits.reduce((product, digit) => product * digit, 1);
const loads = ({ finish }: Kernel) => finish.filter(({ op }) => op === "call").length;

/** Compiles and runs a node, and takes the kernel that has the most of something. */
function lowered(node: TestNode, amount: (kernel: Kernel) => number): Lowered {
  const { kernels, weights } = compileNode(node);
  const open = node.inputs.filter((_, i) => !(node.bound ?? []).includes(i));
  const input = joinTensors(open.flatMap((tensor) => (tensor ? [pack(tensor.dtype, tensor.values)] : [])));
  const trace = evaluateProgram(kernels, weights, input);
  const decoded = kernels.map(({ descriptor }) => decodeDescriptor(descriptor));
  const most = Math.max(...decoded.map(amount));
  const kernel = decoded.find((candidate) => amount(candidate) === most);
  if (kernel === undefined) throw new Error(`${node.operator} has no kernel`);
  return { kernel, contents: { trace, weights, input } };
}

export function conv3x3(): Lowered {
  const inputs = [floats(1, 64, 8, 8), floats(8, 64, 3, 3)];
  return lowered({ operator: "Conv", inputs, bound: [1], attributes: { pads: [1n, 1n, 1n, 1n] } }, steps);
}

export const matmulF32 = () =>
  lowered({ operator: "MatMul", inputs: [floats(4, 256), floats(256, 64)], bound: [1] }, steps);

export const matmulI8 = () =>
  lowered({ operator: "MatMulInteger", inputs: [bytes("u8", 4, 256), bytes("i8", 256, 64)], bound: [1] }, steps);

export const exp = () => lowered({ operator: "Exp", inputs: [floats(64)] }, loads);

const TREES = 20;
const DEPTH = 6;
const FEATURES = 30;

/** A leaf's value, one per tree. */
export const treeLeaf = () => lowered(treeEnsemble(), loads);

/** Full trees over random features and thresholds, of one row. */
export function treeEnsemble(): TestNode {
  const nodes = Array.from({ length: TREES }, (_, tree) =>
    Array.from({ length: 2 ** (DEPTH + 1) - 1 }, (_, node) => ({ tree, node, isLeaf: node >= 2 ** DEPTH - 1 })),
  ).flat();
  const leaves = nodes.filter(({ isLeaf }) => isLeaf);
  const integers = (of: typeof nodes, value: (node: (typeof nodes)[number]) => number) =>
    of.map((node) => BigInt(value(node)));
  return {
    operator: "TreeEnsembleRegressor",
    domain: "ai.onnx.ml",
    opset: 3,
    inputs: [floats(1, FEATURES)],
    attributes: {
      n_targets: 1n,
      nodes_treeids: integers(nodes, ({ tree }) => tree),
      nodes_nodeids: integers(nodes, ({ node }) => node),
      nodes_featureids: integers(nodes, () => random.below(FEATURES)),
      nodes_modes: nodes.map(({ isLeaf }) => (isLeaf ? "LEAF" : "BRANCH_LEQ")),
      nodes_values: nodes.map(() => Math.fround(random.uniform(-1, 1))),
      nodes_truenodeids: integers(nodes, ({ node, isLeaf }) => (isLeaf ? 0 : 2 * node + 1)),
      nodes_falsenodeids: integers(nodes, ({ node, isLeaf }) => (isLeaf ? 0 : 2 * node + 2)),
      target_treeids: integers(leaves, ({ tree }) => tree),
      target_nodeids: integers(leaves, ({ node }) => node),
      target_ids: integers(leaves, () => 0),
      target_weights: leaves.map(() => Math.fround(random.uniform(-1, 1))),
    },
  };
}
