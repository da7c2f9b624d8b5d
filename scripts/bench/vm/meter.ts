// What runs cost. A run that gives another value than the reference evaluator costs nothing, it throws.
import { toHex } from "../../../oracle/vm/keccak.ts";
import { evaluateSegment, type Run } from "../../../oracle/vm/reference.ts";
import { spacesOfCase } from "../../../test/kernels/random.ts";
import { type RunArguments, runArguments } from "../../../test/vm/machine.ts";
import type { TensorVM } from "../../../types/index.ts";
import type { Placed } from "./place.ts";

/** EIP-7825: the most gas of a transaction. */
export const MAX_GAS = 2 ** 24;
/** The most steps of a proof. */
export const STEPS = 64;

/** Steps of an element in the middle of the output, so that nothing of it is at a border or in the first chunk. */
export function steps({ kernelCase: { valid } }: Placed, count: number): Run {
  return { element: Math.floor(valid.elements * 0.6), from: 0, to: count, accumulator: valid.kernel.init };
}

export class Meter {
  readonly #machine: TensorVM;

  constructor(machine: TensorVM) {
    this.#machine = machine;
  }

  /** One more of the steps 32 to 63, the chunks being there. */
  async perStep(kernel: Placed): Promise<number> {
    const { kernelCase, trees } = kernel;
    const all = runArguments(kernelCase, steps(kernel, STEPS), trees);
    const [context, descriptor, segment, witness] = all;
    const half: RunArguments = [context, descriptor, { ...segment, to: STEPS / 2 }, witness];
    return Math.round(((await this.#gasOf(all)) - (await this.#gasOf(half))) / (STEPS / 2));
  }

  /** A whole element of few steps. */
  whole(kernel: Placed): Promise<number> {
    return this.transaction(kernel, { ...steps(kernel, kernel.kernelCase.valid.steps), element: 0 });
  }

  /** Throws unless the machine gives what the reference evaluator gives. */
  async transaction({ kernelCase, trees }: Placed, run: Run): Promise<number> {
    const args = runArguments(kernelCase, run, trees);
    const { value } = await this.#machine.run.staticCall(...args);
    const expected = toHex(evaluateSegment(kernelCase.valid, spacesOfCase(kernelCase), run));
    if (value !== expected.padEnd(18, "0")) throw new Error(`${value} instead of ${expected}`);
    return this.#gasOf(args);
  }

  async #gasOf(args: RunArguments): Promise<number> {
    const transaction = await this.#machine.run(...args, { gasLimit: MAX_GAS });
    const receipt = await transaction.wait();
    if (receipt === null) throw new Error("not mined");
    return Number(receipt.gasUsed);
  }
}
