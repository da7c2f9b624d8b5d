/** Chess clocks (docs/protocol.md, "Clocks"). Timestamps are unix seconds: `now` is that of a block. */
import type { Hex } from "../vm/keccak.ts";
import { FRONTIER_LEVELS, TURN } from "./rules.ts";
import type { Case, DisputeParameters, Session } from "./session.ts";

/** The last timestamp at which the side to move can; undefined: it is nobody's turn. */
export function deadline({ phase, since, ownerClock, operatorClock }: Session): number | undefined {
  const turn = TURN[phase];
  if (turn === undefined) return undefined;
  return since + (turn === "owner" ? ownerClock : operatorClock);
}

/** Whether the side to move can no more, and anybody may call `timeout`. */
export function hasRunOut(session: Session, now: number): boolean {
  const end = deadline(session);
  return end !== undefined && now > end;
}

/** The clocks after the side to move has, at `now`: it lost what it took and gained `increment` seconds. */
export function clocksAfterMove(session: Session, now: number, increment: number) {
  const change = increment - (now - session.since);
  const { phase, ownerClock, operatorClock } = session;
  if (TURN[phase] === "owner") return { since: now, ownerClock: ownerClock + change, operatorClock };
  return { since: now, ownerClock, operatorClock: operatorClock + change };
}

/**
 * The session as it counts. A commitment ends the operator's turn in every session without touching one: what its last
 * event says is still in phase Commit. Unless the operator's clock there had run out before: then it lost on time.
 * @param root the one that the operator committed to; of no meaning before
 */
export function withCommitment(session: Session, { committedAt }: Case, root: Hex, increment: number): Session {
  const isCommitted = session.phase === "Commit" && committedAt !== 0;
  // Opened at the commitment or later: the turn was never the operator's.
  const at = Math.max(session.since, committedAt);
  if (!isCommitted || hasRunOut(session, at)) return session;
  return { ...session, ...clocksAfterMove(session, at, increment), phase: "Pick", node: root };
}

/**
 * Seconds after which a session is over at the latest. Every move of a side has gained it one increment, and there are at
 * most m: a pick goes six levels down or to a leaf, and a cut leaves one of 64 segments.
 * @param depth of the trace's tree
 * @param cuts of the longest reduction, until a segment fits a proof
 */
export function longestSession(
  { clock, increment }: Pick<DisputeParameters, "clock" | "increment">,
  depth: number,
  cuts: number,
): number {
  const moves = Math.ceil(depth / FRONTIER_LEVELS) + 1 + cuts;
  return 2 * (clock + moves * increment);
}
