// An operator that is bound to some trace and plays along as far as it wants to.
import { concatBytes } from "@noble/hashes/utils";
import { withCommitment } from "../../oracle/dispute/clock.ts";
import type { Execution } from "../../oracle/dispute/execution.ts";
import type { Move } from "../../oracle/dispute/move.ts";
import type { Docket, Standing } from "../../oracle/dispute/next.ts";
import { FRONTIER_LEVELS } from "../../oracle/dispute/rules.ts";
import type { Focus, Result } from "../../oracle/dispute/session.ts";
import { segmentsOf, sumsOf } from "../../oracle/dispute/sums.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { spaceOf } from "../../oracle/vm/spaces.ts";
import type { OperatorTrace } from "./operatorTrace.ts";

/** What an operator makes of the right sums. */
export type Distortion = (sums: Uint8Array, focus: Focus) => Uint8Array;

export class LyingOperator {
  readonly #result: Result;
  readonly #execution: Execution;
  readonly #trace: OperatorTrace;
  readonly #distort: Distortion;

  constructor(result: Result, execution: Execution, trace: OperatorTrace, distort: Distortion) {
    this.#result = result;
    this.#execution = execution;
    this.#trace = trace;
    this.#distort = distort;
  }

  /** The move that a session waits for, if it is this side's. */
  next(standing: Standing, docket: Docket): Move | undefined {
    const { session, focus } = standing;
    const { root } = this.#trace;
    switch (withCommitment(session, docket.case, root, 0).phase) {
      case "Commit": {
        const nodes = this.#frontier(this.#trace.depth, 0).map(toHex);
        return { type: "commit", result: this.#result, traceRoot: root, nodes, signature: new Uint8Array(0) };
      }
      case "Reveal": {
        const { height, index } = session;
        const data = height === 0 ? this.#trace.chunk(index) : concatBytes(...this.#frontier(height, index));
        return { type: "reveal", session, data };
      }
      case "Sums":
        return focus && { type: "revealSums", session, focus, sums: this.#sums(focus), signature: new Uint8Array(0) };
      default:
        return undefined;
    }
  }

  /** As its own trace has it. */
  #sums(focus: Focus): Uint8Array {
    const kernel = this.#execution.kernelOf(focus.firstChunk);
    if (kernel.valid === undefined) throw new RangeError("a malformed kernel has no sums");
    const spaces = {
      ...this.#execution.spacesOf(kernel),
      trace: spaceOf(this.#trace.bytes, BigInt(focus.firstChunk)),
    };
    return this.#distort(sumsOf({ valid: kernel.valid, spaces, focus }), focus);
  }

  #frontier(height: number, index: number): Uint8Array[] {
    const levels = Math.min(FRONTIER_LEVELS, height);
    const count = 2 ** levels;
    return Array.from({ length: count }, (_, i) => this.#trace.node(height - levels, index * count + i));
  }
}

/** The sums are right as far as that goes: the last segment is the false one. */
export const rightSums: Distortion = (sums) => sums;

/** From sum `from` on all are off by one bit. */
export function falseFrom(from: number): Distortion {
  return (sums, focus) => {
    const first = Math.min(from, segmentsOf(focus).length - 2);
    return sums.map((byte, i) => (i >= 8 * first && i % 8 === 0 ? byte ^ 1 : byte));
  };
}
