/**
 * Values that grow evenly with the loops: addresses and integer indices. All that grow alike share one local, which is
 * added to once per round of a loop; what sets them apart is a constant.
 */
import type { Address } from "./nest.ts";

export interface Pointer {
  readonly id: number;
  /** The base address that it counts from; undefined for an integer. */
  readonly base: number | undefined;
  /** By variable. */
  readonly strides: readonly bigint[];
  readonly tileStride: bigint | undefined;
  /** The least constant: all others are offsets from it that are not negative. */
  least: bigint;
}

/** A pointer and what is added to it. */
export interface Place {
  readonly pointer: Pointer;
  readonly constant: bigint;
}

export class Pointers {
  readonly #byKey = new Map<string, Pointer>();

  /** @param mayMiss whether the address is sometimes of no element: such ones set no bounds for those that never miss */
  address({ base, constant, strides, tileStride }: Address, mayMiss: boolean): Place {
    return this.#place(`${mayMiss ? "?" : ""}${base}`, base, constant, strides, tileStride);
  }

  integer(constant: bigint, factors: readonly bigint[]): Place {
    return this.#place("", undefined, constant, factors, undefined);
  }

  get all(): readonly Pointer[] {
    return [...this.#byKey.values()];
  }

  #place(
    kind: string,
    base: number | undefined,
    constant: bigint,
    strides: readonly bigint[],
    tileStride: bigint | undefined,
  ): Place {
    const key = `${kind} ${strides.join()} ${tileStride}`;
    const pointer = this.#byKey.get(key) ?? { id: this.#byKey.size, base, strides, tileStride, least: constant };
    this.#byKey.set(key, pointer);
    if (constant < pointer.least) pointer.least = constant;
    return { pointer, constant };
  }
}
