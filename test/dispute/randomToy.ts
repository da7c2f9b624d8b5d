// Programs at random: every instruction, dtype and space, operands that are not in place, malformed kernels in between.
import { CHUNK_BYTES, elementCount } from "../../oracle/model/tensor.ts";
import type { Kernel } from "../../oracle/vm/descriptor.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import { validate } from "../../oracle/vm/validate.ts";
import type { Random } from "../../scripts/models/random.ts";
import { bytes, chance } from "../kernels/edges.ts";
import { leafOf, randomKernel } from "../kernels/random.ts";
import { programOf, type Toy } from "./toyPrograms.ts";

/** Element steps of a kernel: a game is not to take long. */
const MAX_WORK = 4_000;

export function randomToy(random: Random): Toy {
  const weights = bytes(random, random.below(5) * CHUNK_BYTES);
  const input = bytes(random, (1 + random.below(3)) * CHUNK_BYTES);
  const leaves: KernelLeaf[] = [];
  const limits = { trace: 0, weights: weights.length / CHUNK_BYTES, input: input.length / CHUNK_BYTES };
  const add = (leaf: KernelLeaf) => {
    leaves.push(leaf);
    limits.trace += Number(leaf.chunks);
  };
  for (let i = random.below(6); i > 0; i--) {
    const isMalformed = chance(random, 15);
    add(isMalformed ? malformedLeaf(random) : leafOf(smallKernel(random, limits)));
  }
  const last = smallKernel(random, limits);
  add(leafOf(last));
  const outputs = [{ name: "y", dtype: last.dtype, dims: [elementCount(last.axes)] }];
  return { program: programOf(leaves, weights, input, outputs, Number(leaves.at(-1)?.chunks)), input };
}

/** A well-formed one. */
function smallKernel(random: Random, limits: Parameters<typeof randomKernel>[1]): Kernel {
  for (;;) {
    const kernel = randomKernel(random, limits);
    const { valid } = validate(leafOf(kernel).descriptor, leafOf(kernel).chunks);
    if (valid !== undefined && valid.elements * Math.max(1, valid.steps) <= MAX_WORK) return kernel;
  }
}

/** Of some chunks, or of none. */
function malformedLeaf(random: Random): KernelLeaf {
  return { chunks: BigInt(random.below(4)), descriptor: bytes(random, random.below(40)) };
}
