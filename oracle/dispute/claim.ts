/** What is left to do once an assertion is refuted. */
import { type Docket, type Next, play, waitUntil } from "./next.ts";
import type { Session } from "./session.ts";

/**
 * A session claims at once: to come forward among those that share or, if there is nothing for it to share, to be paid.
 * One that has come forward is paid after the payout delay, when it is known how many did.
 */
export function claim(session: Session, { case: { live }, refutation, parameters }: Docket, now: number): Next {
  const sharedFrom = (refutation?.refutedAt ?? 0) + parameters.payoutDelay;
  const mustWait = session.phase === "Joined" && live > 1 && now < sharedFrom;
  return mustWait ? waitUntil(sharedFrom) : play({ type: "claim", session });
}
