/** What the player of a side tells its solver, and what it is told. */
import { deadline, hasRunOut } from "./clock.ts";
import type { Move } from "./move.ts";
import type { PublicTrace } from "./publicTrace.ts";
import type { Case, DisputeParameters, Focus, Refutation, Result, Session } from "./session.ts";

/** A session as its last event states it. */
export interface Standing {
  readonly session: Session;
  /** In phases Sums and Segment. */
  readonly focus?: Focus | undefined;
  /** In phase Segment. */
  readonly sums?: Uint8Array | undefined;
}

/** What the chain says of an assertion, all at one block. */
export interface Docket {
  readonly parameters: DisputeParameters;
  readonly case: Case;
  /** Undefined: no trace root is known yet. */
  readonly trace: PublicTrace | undefined;
  /** Once the case is refuted. */
  readonly refutation?: Refutation | undefined;
}

/** What to do; or from which timestamp on there is something to do although nothing happened, undefined: never. */
export type Next =
  | { readonly type: "move"; readonly move: Move }
  | { readonly type: "wait"; readonly until: number | undefined };

/** Until something happens. */
export const NOTHING: Next = { type: "wait", until: undefined };

export function play(move: Move): Next {
  return { type: "move", move };
}

export function waitUntil(until: number): Next {
  return { type: "wait", until };
}

/**
 * The other side's turn: nothing to do while its clock runs, then to end the session.
 * @param counted the session, with the commitment; the move names it as its last event states it
 */
export function awaitTurn(session: Session, counted: Session, result: Result, now: number): Next {
  if (hasRunOut(counted, now)) return play({ type: "timeout", session, result });
  const end = deadline(counted);
  return end === undefined ? NOTHING : waitUntil(end + 1);
}
