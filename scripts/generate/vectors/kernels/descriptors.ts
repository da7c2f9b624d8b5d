import { toHex } from "../../../../oracle/vm/keccak.ts";
import type { KernelLeaf } from "../../../../oracle/vm/kernelTree.ts";
import { validate } from "../../../../oracle/vm/validate.ts";
import { BOUNDARIES } from "../../../../test/kernels/boundaries.ts";
import { mutatedLeaf } from "../../../../test/kernels/mutate.ts";
import { randomCase } from "../../../../test/kernels/random.ts";
import { Random } from "../../../models/random.ts";

/** Leaves, well-formed with what follows from them, malformed with the rule that is broken (the first one found). */
export function descriptorVectors() {
  const random = new Random(1n);
  const many = (name: string, count: number, make: () => KernelLeaf) =>
    Array.from({ length: count }, (_, i) => ({ name: `${name} ${i}`, leaf: make() }));
  return [
    ...BOUNDARIES,
    ...many("random", 40, () => randomCase(random).leaf),
    ...many("mutated", 120, () => mutatedLeaf(random)),
  ].map(({ name, leaf }) => ({ name, ...leafFields(leaf), ...judged(leaf) }));
}

export const leafFields = ({ chunks, descriptor }: KernelLeaf) => ({ chunks, descriptor: toHex(descriptor) });

function judged({ chunks, descriptor }: KernelLeaf) {
  const { valid, malformed } = validate(descriptor, chunks);
  if (malformed !== undefined) return { malformed: malformed.rule };
  const { elements, steps, stepsPerProof, step, finish } = valid;
  const bounds = (section: typeof finish) => ({ loads: section.loads, cost: section.cost });
  return { malformed: null, elements, steps, stepsPerProof, step: step ? bounds(step) : null, finish: bounds(finish) };
}
