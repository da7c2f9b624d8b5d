/** The side of an honest operator: it publishes what it is asked for, and ends the sessions that fall silent. */
import { concatBytes } from "@noble/hashes/utils";
import { toHex } from "../vm/keccak.ts";
import { hasRunOut, withCommitment } from "./clock.ts";
import type { Execution } from "./execution.ts";
import type { Commit, Reveal, RevealSums } from "./move.ts";
import { awaitTurn, type Docket, type Next, NOTHING, play, type Standing } from "./next.ts";
import { FRONTIER_LEVELS, TURN } from "./rules.ts";
import type { Result, Session } from "./session.ts";
import { sumsOf } from "./sums.ts";

/** The operator sends by itself. */
const NO_SIGNATURE = new Uint8Array(0);

export class Defender {
  readonly #result: Result;
  readonly #execution: Execution;

  /** @param execution what the asserted output and the trace that the operator is bound to are from */
  constructor(result: Result, execution: Execution) {
    this.#result = result;
    this.#execution = execution;
  }

  /** What the operator does at `now` about one of the sessions against it. */
  next(standing: Standing, docket: Docket, now: number): Next {
    const { session } = standing;
    if (docket.case.refuted) return NOTHING;
    const { root } = this.#execution.trees.trace;
    const counted = withCommitment(session, docket.case, root, docket.parameters.increment);
    if (TURN[counted.phase] === "owner") return awaitTurn(session, counted, this.#result, now);
    if (hasRunOut(counted, now)) return NOTHING;
    switch (counted.phase) {
      case "Commit":
        return play(this.commit());
      case "Reveal":
        return play(this.#reveal(session));
      case "Sums":
        return play(this.#revealSums(standing));
      default:
        return NOTHING;
    }
  }

  /** Once for all sessions of the assertion. */
  commit(): Commit {
    const { trace } = this.#execution.trees;
    const nodes = this.#frontier(trace.depth, 0).map(toHex);
    return { type: "commit", result: this.#result, traceRoot: trace.root, nodes, signature: NO_SIGNATURE };
  }

  #reveal(session: Session): Reveal {
    const { height, index } = session;
    const isChunk = height === 0;
    const data = isChunk ? this.#execution.trees.trace.chunk(index) : concatBytes(...this.#frontier(height, index));
    return { type: "reveal", session, data };
  }

  #revealSums({ session, focus }: Standing): RevealSums {
    if (focus === undefined) throw new TypeError("a session in phase Sums without its focus");
    const kernel = this.#execution.kernelOf(focus.firstChunk);
    if (kernel.valid === undefined) throw new RangeError(`kernel ${kernel.number} is malformed: it has no sums`);
    const sums = sumsOf({ valid: kernel.valid, spaces: this.#execution.spacesOf(kernel), focus });
    return { type: "revealSums", session, focus, sums, signature: NO_SIGNATURE };
  }

  /** The nodes six levels below one, or the leaves. */
  #frontier(height: number, index: number): Uint8Array[] {
    const levels = Math.min(FRONTIER_LEVELS, height);
    const count = 2 ** levels;
    return Array.from({ length: count }, (_, i) =>
      this.#execution.trees.trace.node(height - levels, index * count + i),
    );
  }
}
