import { Random } from "../../scripts/models/random.ts";

/** Random choices of a campaign, repeatable by their seed. */
export class Dice {
  private readonly random: Random;

  constructor(seed: bigint) {
    this.random = new Random(seed);
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return this.random.below(bound);
  }

  word(): bigint {
    return BigInt(this.random.uint32());
  }

  chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return at(values, this.below(values.length));
  }

  /** Each value as often as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.random.uniform(
      0,
      choices.reduce((total, [weight]) => total + weight, 0),
    );
    const index = choices.findIndex(([weight]) => {
      left -= weight;
      return left < 0;
    });
    return at(choices, index)[1];
  }
}

export function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new Error(`nothing at ${index} of ${values.length}`);
  return value;
}
