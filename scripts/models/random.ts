import { exp, log } from "./elementary.ts";

/**
 * xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c), its state filled by SplitMix64
 * as its authors recommend. Uses integer operations, the four arithmetic ones and sqrt only: the same everywhere.
 */
export class Random {
  #state: Uint32Array;

  constructor(seed: bigint) {
    this.#state = expandSeed(seed);
  }

  /** Continues from a state of four words, not all zero. */
  static fromState(words: readonly number[]): Random {
    const random = new Random(0n);
    random.#state = Uint32Array.from(words);
    return random;
  }

  /** Uniform over the integers [0, 2^32). */
  uint32(): number {
    const s = this.#state as Uint32Array & [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9);
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return result >>> 0;
  }

  /** Uniform over [low, high) in steps of (high - low) 2^-53. */
  uniform(low = 0, high = 1): number {
    const fraction = ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53;
    return low + (high - low) * fraction;
  }

  /** Uniform over the integers [0, bound); the bias of at most bound / 2^32 does not matter here. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * bound);
  }

  /** Standard normal by Marsaglia's polar method; the pair's second value is not kept, so that no state is hidden. */
  normal(): number {
    const { u, w } = this.#inUnitDisc();
    return u * Math.sqrt((-2 * log(w)) / w);
  }

  /** Student's t by Bailey's polar method (Mathematics of Computation 62, 1994), for any degrees of freedom > 0. */
  studentT(degreesOfFreedom: number): number {
    const { u, w } = this.#inUnitDisc();
    const power = exp((-2 / degreesOfFreedom) * log(w));
    return u * Math.sqrt((degreesOfFreedom * (power - 1)) / w);
  }

  /** Poisson by Knuth's product of uniforms; takes mean + 1 draws on average, so for small means. */
  poisson(mean: number): number {
    const limit = exp(-mean);
    let count = 0;
    for (let product = this.uniform(); product > limit; product *= this.uniform()) count++;
    return count;
  }

  #inUnitDisc(): { u: number; w: number } {
    for (;;) {
      const u = this.uniform(-1, 1);
      const v = this.uniform(-1, 1);
      const w = u * u + v * v;
      if (w > 0 && w < 1) return { u, w };
    }
  }
}

function rotateLeft(x: number, count: number): number {
  return (x << count) | (x >>> (32 - count));
}

/** Two outputs of SplitMix64 (https://prng.di.unimi.it/splitmix64.c) as four words. */
function expandSeed(seed: bigint): Uint32Array {
  const words = new BigUint64Array(2);
  let state = BigInt.asUintN(64, seed);
  for (let i = 0; i < words.length; i++) {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    words[i] = z ^ (z >> 31n);
  }
  return new Uint32Array(words.buffer);
}
