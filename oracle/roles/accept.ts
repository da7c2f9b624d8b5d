/** Which requests an operator answers, and when: pure, so that every rule is a line of a test. */
import type { Address, OperatorView, RequestView, Terms } from "./ports.ts";

/** Under which conditions a model is served. */
export interface Serving {
  /** Wei that an answer must leave after gas; if the request was assigned to this operator, less the penalty for none. */
  readonly minProfitWei: bigint;
  /** Gas of the largest callback. */
  readonly maxCallbackGas: bigint;
}

export interface Situation {
  readonly operator: Address;
  readonly own: Pick<OperatorView, "isJailed">;
  /** Wei of stake that back nothing yet and are not meant to. */
  readonly freeWei: bigint;
  /** Wei of stake that this answer locks. */
  readonly bondWei: bigint;
  readonly gasPriceWei: bigint;
  /** Unix seconds of the chain, or of our clock if that is ahead. */
  readonly nowS: number;
  /** Unix seconds of the last block: what can be given up for good is, by the chain's time alone. */
  readonly headS: number;
  /** Seconds before the end of the answer period after which no answer would be mined in time. */
  readonly marginS: number;
  /** Answers requests that are assigned to nobody, or not answered in the exclusive period. */
  readonly takesOpen: boolean;
}

export type Acceptance =
  | { readonly kind: "answer" }
  /** Not now. `untilS`: unix seconds. */
  | { readonly kind: "wait"; readonly untilS: number; readonly reason: string }
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "expire"; readonly reason: string };

/** Gas of assertion and finalisation without their callbacks. */
const ANSWER_GAS = 150_000n;
/** Seconds until another look at what may change at any time. */
const LOOK_AGAIN_S = 5;
/** Seconds until another look at another's assertion, which lasts for a whole window, and rarely is rejected. */
const LOOK_AT_RIVAL_S = 30;

export function accept(terms: Terms, feeWei: bigint, view: RequestView, serving: Serving, now: Situation): Acceptance {
  const wait = (reason: string, untilS = now.nowS + LOOK_AGAIN_S): Acceptance => ({ kind: "wait", untilS, reason });
  const skip = (reason: string): Acceptance => ({ kind: "skip", reason });

  if (view.status === "none") return wait("the chain does not know it at the moment");
  if (view.own !== undefined) return skip("this operator's assertion is there already");
  if (view.status === "final") return skip("answered by another operator");
  if (view.status === "asserted") return wait("answered by another operator", now.nowS + LOOK_AT_RIVAL_S);
  const endsAt = view.startedAt + terms.answerPeriod;
  if (view.status === "expired" || now.headS + now.marginS > endsAt) {
    return { kind: "expire", reason: `the answer period ends at ${endsAt}` };
  }
  if (terms.callbackGas > serving.maxCallbackGas) return skip(`a callback of ${terms.callbackGas} gas`);

  const { holder, until } = exclusivity(terms, view);
  // The requester sets the callbacks' gas and what it pays for it: even our own offer's price may not cover them.
  const penaltyWei = terms.assignedTo === now.operator ? (feeWei * BigInt(terms.penaltyBps)) / 10_000n : 0n;
  if (profitWei(terms, feeWei, now.gasPriceWei) < serving.minProfitWei - penaltyWei) return skip("not worth the gas");
  if (holder !== now.operator) {
    if (!now.takesOpen) return skip(holder === undefined ? "assigned to nobody" : "assigned to another operator");
    if (holder !== undefined && now.nowS <= until) return wait("assigned to another operator", until + 1);
  }
  if (now.own.isJailed) return wait("the stake is below the minimum");
  if (now.freeWei < now.bondWei) return wait("no free stake");
  return { kind: "answer" };
}

/** Wei that the answer leaves, the gas of both transactions and their callbacks paid. */
export function profitWei(terms: Terms, feeWei: bigint, gasPriceWei: bigint): bigint {
  const callbacks = BigInt(Number(terms.wantsProvisional) + Number(terms.wantsFinal));
  const gas = ANSWER_GAS + callbacks * terms.callbackGas;
  const royaltyWei = (feeWei * BigInt(terms.royaltyBps)) / 10_000n;
  return feeWei - royaltyWei + terms.callbackCost - gas * gasPriceWei;
}

/** Who answers alone, and until which second; after a rejection the first assignment does not count any more. */
function exclusivity(terms: Terms, view: RequestView): { holder: Address | undefined; until: number } {
  if (view.isReopened) {
    const half = view.startedAt + Math.floor(terms.answerPeriod / 2);
    return { holder: view.takeover?.operator, until: Math.min(view.takeover?.until ?? 0, half) };
  }
  return { holder: terms.assignedTo, until: terms.exclusiveUntil };
}
