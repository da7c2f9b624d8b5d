import { ChunkTree } from "../../../../oracle/vm/chunkTree.ts";
import { toHex } from "../../../../oracle/vm/keccak.ts";
import { type KernelLeaf, KernelTree } from "../../../../oracle/vm/kernelTree.ts";
import { evaluateProgram } from "../../../../oracle/vm/reference.ts";
import { validate } from "../../../../oracle/vm/validate.ts";
import { bytes } from "../../../../test/kernels/edges.ts";
import { mutatedLeaf } from "../../../../test/kernels/mutate.ts";
import { leafOf, randomKernel } from "../../../../test/kernels/random.ts";
import { Random } from "../../../models/random.ts";
import { leafFields } from "./descriptors.ts";

const WEIGHTS_CHUNKS = 3;
const INPUT_CHUNKS = 2;

/** Programs of random kernels, a malformed one among them where there is room: trees, paths, traces. */
export function programVectors() {
  const random = new Random(3n);
  return {
    programs: [1, 2, 3, 5, 8].map((count) => program(random, count)),
    refused: refusedPaths(random),
  };
}

function program(random: Random, count: number) {
  const kernels: KernelLeaf[] = [];
  let chunks = 0;
  while (kernels.length < count) {
    const leaf = kernels.length === 2 ? malformedLeaf(random) : wellFormedLeaf(random, chunks);
    kernels.push(leaf);
    chunks += Number(leaf.chunks);
  }
  const [weights, input] = [bytes(random, WEIGHTS_CHUNKS * 256), bytes(random, INPUT_CHUNKS * 256 - 100)];
  const trace = evaluateProgram(kernels, weights, input);
  const tree = new KernelTree(kernels);
  return {
    ...commitmentFields(tree),
    rootPreimage: toHex(tree.rootPreimage),
    kernels: kernels.map((leaf, k) => ({
      ...leafFields(leaf),
      firstChunk: tree.firstChunk(k),
      path: toHex(tree.path(k)),
    })),
    weights: toHex(weights),
    input: toHex(input),
    trace: toHex(trace),
    traceRoot: new ChunkTree(trace).root,
  };
}

/** Small enough that a whole trace can be written down. */
function wellFormedLeaf(random: Random, traceChunks: number): KernelLeaf {
  for (;;) {
    const limits = { trace: traceChunks, weights: WEIGHTS_CHUNKS, input: INPUT_CHUNKS };
    const leaf = leafOf(randomKernel(random, limits));
    if (leaf.chunks <= 3n && validate(leaf.descriptor, leaf.chunks).valid !== undefined) return leaf;
  }
}

function malformedLeaf(random: Random): KernelLeaf {
  for (;;) {
    const leaf = mutatedLeaf(random);
    if (leaf.chunks === 1n && validate(leaf.descriptor, leaf.chunks).malformed !== undefined) return leaf;
  }
}

const commitmentFields = ({ root, kernelCount, traceChunks }: KernelTree) => ({
  kernelRoot: root,
  kernelCount,
  traceChunks,
});

/** Paths that show nothing: wrong in one thing each. */
function refusedPaths(random: Random) {
  const kernels = Array.from({ length: 5 }, (_, k) => ({ ...wellFormedLeaf(random, 0), chunks: BigInt(k + 1) }));
  const tree = new KernelTree(kernels);
  const [first, second] = [kernels[0], kernels[1]];
  if (first === undefined || second === undefined) throw new Error("a program of five has two");
  const good = { ...commitmentFields(tree), k: 0, ...leafFields(first), path: toHex(tree.path(0)) };
  const path = tree.path(0);
  const withBytes = (offset: number, ...values: number[]) => {
    const changed = path.slice();
    changed.set(values, offset);
    return toHex(changed);
  };
  const changes: [string, Partial<typeof good>][] = [
    ["another kernel's place", { k: 1 }],
    ["a place of the missing kernels", { k: 5, chunks: 0n, descriptor: "0x", path: toHex(tree.path(4)) }],
    ["a place beyond the tree", { k: 8 }],
    ["more chunks", { chunks: 2n }],
    ["another descriptor", { descriptor: leafFields(second).descriptor }],
    ["a level less", { path: toHex(path.subarray(40)) }],
    ["a level more", { path: `0x${"00".repeat(40)}${toHex(path).slice(2)}` }],
    ["a byte less", { path: toHex(path.subarray(0, -1)) }],
    ["levels in another order", { path: toHex(Uint8Array.from([...path.slice(40), ...path.slice(0, 40)])) }],
    ["another sibling", { path: withBytes(0, 0) }],
    ["another sum", { path: withBytes(39, 9) }],
    ["a sum that overflows", { path: withBytes(32, ...Array(8).fill(0xff)) }],
    ["another total", { traceChunks: 16n }],
    ["another count", { kernelCount: 4 }],
    ["another root", { kernelRoot: toHex(new Uint8Array(32)) }],
  ];
  return { good, bad: changes.map(([change, fields]) => ({ change, ...good, ...fields })) };
}
