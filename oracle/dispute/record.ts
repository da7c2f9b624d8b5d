/** What the events of the disputes over an assertion come to. */
import type { Hex } from "../vm/keccak.ts";
import type { GameEvent } from "./event.ts";
import type { Standing } from "./next.ts";
import { PublicTrace } from "./publicTrace.ts";
import type { Result } from "./session.ts";

const NO_ROOT: Hex = `0x${"00".repeat(32)}`;

/** The sessions that are not over, by their ids, each as its last event states it. */
export function standingsOf(events: readonly GameEvent[]): ReadonlyMap<Hex, Standing> {
  const standings = new Map<Hex, Standing>();
  for (const event of events) {
    switch (event.type) {
      case "Opened":
      case "Picked":
      case "Revealed":
      case "Joined":
        standings.set(event.sessionId, { session: event.session });
        break;
      case "FocusPicked":
        standings.set(event.sessionId, { session: event.session, focus: event.focus });
        break;
      case "SumsRevealed":
        standings.set(event.sessionId, { session: event.session, focus: event.focus, sums: event.sums });
        break;
      case "SessionLost":
      case "Claimed":
        standings.delete(event.sessionId);
        break;
      case "Committed":
      case "Refuted":
      case "ReceiptPosted":
        break;
    }
  }
  return standings;
}

/**
 * What is public of the trace that the operator is bound to; undefined if it is bound to none yet.
 * @param chunks T
 */
export function traceOf(
  { traceRoot }: Pick<Result, "traceRoot">,
  events: readonly GameEvent[],
  chunks: number,
): PublicTrace | undefined {
  const commitment = events.find((event) => event.type === "Committed");
  const root = commitment?.traceRoot ?? traceRoot;
  if (root === NO_ROOT) return undefined;
  const trace = new PublicTrace(root, chunks);
  if (commitment !== undefined) trace.addCommitment(commitment.nodes);
  for (const event of events) if (event.type === "Revealed") trace.addRevealed(event.session, event.data);
  return trace;
}
