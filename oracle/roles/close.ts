/** What is left to do for an assertion of ours, from what the chain says now: pure, and blind to how it came to that. */
import type { RequestView, Terms } from "./ports.ts";

export type Closing =
  /** Nothing before `untilS` (unix seconds of the chain). */
  | { readonly kind: "wait"; readonly untilS: number }
  | { readonly kind: "finalise" }
  /** Another assertion became final: the bond of ours is still locked. */
  | { readonly kind: "settle" }
  /** A callback that was paid for did not go through. */
  | { readonly kind: "deliver" }
  /** A reorganisation took the assertion away. */
  | { readonly kind: "assertAgain" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly reason: string };

/** Seconds until another look at what may change at any time. */
const LOOK_AGAIN_S = 5;

/** @param mayDeliver whether a missed callback is worth another transaction */
export function close(terms: Terms, view: RequestView, nowS: number, mayDeliver: boolean): Closing {
  const { own, status } = view;
  if (own === undefined) {
    if (status === "none") return { kind: "wait", untilS: nowS + LOOK_AGAIN_S };
    if (status === "requested") return { kind: "assertAgain" };
    if (status === "final") return { kind: mayDeliver && isFinalDue(terms, view) ? "deliver" : "done" };
    return { kind: "failed", reason: `without an assertion of this operator the request is ${status}` };
  }
  if (!own.isLive) return { kind: "failed", reason: "the assertion was rejected" };
  if (own.isHeld) return { kind: "wait", untilS: nowS + LOOK_AGAIN_S };
  if (nowS < own.finalisableAt) {
    const missed = status === "asserted" && isProvisionalDue(terms, view);
    return missed && mayDeliver ? { kind: "deliver" } : { kind: "wait", untilS: own.finalisableAt };
  }
  return { kind: status === "final" ? "settle" : "finalise" };
}

const isProvisionalDue = (terms: Terms, view: RequestView) => terms.wantsProvisional && !view.provisionalDelivered;

/** Who bought Provisional alone and missed it is told the answer as Final. */
const isFinalDue = (terms: Terms, view: RequestView) =>
  !view.finalDelivered && (terms.wantsFinal || isProvisionalDue(terms, view));
