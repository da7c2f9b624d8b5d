// Operators, keys, offers and payouts as the contracts should keep them. Each function is one call; it throws `Refused`
// where the contract must revert, checks in the contract's order, and returns the transition it takes.
import { ZeroAddress } from "ethers";
import type { Offer } from "../../oracle/chain/words.ts";
import { type Block, credit, type Ghost, min, operatorOf, refuseIf, takeStake } from "./ghostState.ts";

export function stake(ghost: Ghost, caller: string, value: bigint): string {
  const operator = operatorOf(ghost, caller);
  refuseIf(value === 0n, "ZeroAmount");
  refuseIf(operator.stake + value < ghost.parameters.minStake, "StakeBelowMinimum");
  operator.stake += value;
  operator.slashed = false;
  ghost.received += value;
  return "stake";
}

export function requestExit(ghost: Ghost, block: Block, caller: string, amount: bigint): string {
  const operator = operatorOf(ghost, caller);
  refuseIf(amount === 0n, "ZeroAmount");
  refuseIf(amount > operator.stake - operator.locked, "StakeTooLow");
  const joins = operator.exiting > 0n;
  operator.stake -= amount;
  operator.exiting += amount;
  operator.exitAt = block.now + ghost.parameters.exitDelay;
  return joins ? "requestExit.join" : "requestExit";
}

export function completeExit(ghost: Ghost, block: Block, caller: string, to: string): string {
  const operator = operatorOf(ghost, caller);
  refuseIf(operator.exiting === 0n, "NoExitPending");
  refuseIf(block.now < operator.exitAt, "ExitPending");
  refuseIf(to === ZeroAddress, "ZeroRecipient");
  ghost.sent += operator.exiting;
  operator.exiting = 0n;
  operator.exitAt = 0n;
  return "completeExit";
}

/** @param key recovered from the signature */
export function addKey(ghost: Ghost, caller: string, key: string): string {
  refuseIf(operatorOf(ghost, caller).stake === 0n, "NothingStaked");
  refuseIf(ghost.keys.has(key), "KeyInUse");
  ghost.keys.set(key, { operator: caller, retiredAt: 0n });
  return "addKey";
}

export function retireKey(ghost: Ghost, block: Block, caller: string, key: string): string {
  const record = ghost.keys.get(key);
  refuseIf(record === undefined, "UnknownKey");
  if (record === undefined) return "";
  refuseIf(record.operator !== caller, "NotKeyOwner");
  refuseIf(record.retiredAt !== 0n, "KeyIsRetired");
  record.retiredAt = block.now;
  return "retireKey";
}

export function setLive(ghost: Ghost, caller: string, live: boolean): string {
  operatorOf(ghost, actsFor(ghost, caller)).live = live;
  return "setLive";
}

export function setOffer(ghost: Ghost, caller: string, modelId: string, terms: Omit<Offer, "operator">): string {
  const operator = actsFor(ghost, caller);
  const { model, offers } = listOf(ghost, modelId);
  refuseIf(model.deprecated, "ModelIsDeprecated");
  refuseIf(terms.latency === 0 || terms.penaltyBps > 10_000 || terms.callbackKgas > 2_000, "OfferOutOfRange");
  refuseIf(operatorOf(ghost, operator).stake < ghost.parameters.minStake, "StakeBelowMinimum");
  const index = offers.findIndex((offer) => offer.operator === operator);
  offers[index < 0 ? offers.length : index] = { operator, ...terms };
  model.offerCount = offers.length;
  return index < 0 ? "setOffer" : "setOffer.change";
}

export function removeOffer(ghost: Ghost, caller: string, modelId: string, operator: string): string {
  const { model, offers } = listOf(ghost, modelId);
  const index = offers.findIndex((offer) => offer.operator === operator);
  refuseIf(index < 0, "NoOffer");
  const { live, stake } = operatorOf(ghost, operator);
  const fit = live && stake >= ghost.parameters.minStake;
  refuseIf(fit && actsFor(ghost, caller) !== operator, "OfferIsLive");
  const last = offers.pop();
  if (last !== undefined && index < offers.length) offers[index] = last;
  model.offerCount = offers.length;
  return fit ? "removeOffer" : "removeOffer.prune";
}

export function slash(
  ghost: Ghost,
  operator: string,
  amount: bigint,
  payouts: readonly { recipient: string; amount: bigint }[],
): string {
  const victim = operatorOf(ghost, operator);
  const { stake, locked } = victim;
  const taken = takeStake(ghost, operator, amount);
  victim.slashed ||= taken > 0n;
  let rest = taken;
  for (const payout of payouts) {
    const paid = min(payout.amount, rest);
    credit(ghost, payout.recipient, paid);
    rest -= paid;
  }
  const claimed = payouts.reduce((sum, payout) => sum + payout.amount, 0n);
  refuseIf(claimed > amount, "PayoutsExceedSlash");
  ghost.burned += rest;
  return taken > stake - locked ? "slash.exiting" : "slash";
}

/** @param to where it goes; a receiver that refuses is `refuses` */
export function withdraw(ghost: Ghost, account: string, to: string, refuses: boolean): string {
  const operator = ghost.operators.get(account);
  const amount = (ghost.balances.get(account) ?? 0n) + (operator?.earnings ?? 0n);
  refuseIf(amount === 0n, "NothingToWithdraw");
  refuseIf(to === ZeroAddress, "ZeroRecipient");
  refuseIf(refuses, "TransferFailed");
  ghost.balances.delete(account);
  if (operator !== undefined) operator.earnings = 0n;
  ghost.sent += amount;
  return "withdraw";
}

export function setRoyalty(ghost: Ghost, caller: string, modelId: string, royaltyBps: number): string {
  refuseIf(royaltyBps > 10_000, "RoyaltyTooHigh");
  const { model } = listOf(ghost, modelId);
  refuseIf(caller !== model.owner, "NotModelOwner");
  model.royaltyBps = royaltyBps;
  return "setRoyalty";
}

export function deprecate(ghost: Ghost, caller: string, modelId: string): string {
  const { model } = listOf(ghost, modelId);
  refuseIf(caller !== model.owner, "NotModelOwner");
  model.deprecated = true;
  return "deprecate";
}

/** Whoever has stake acts for itself; otherwise a key acts for its operator. */
function actsFor(ghost: Ghost, caller: string): string {
  if ((ghost.operators.get(caller)?.stake ?? 0n) !== 0n) return caller;
  const key = ghost.keys.get(caller);
  refuseIf(key !== undefined && key.retiredAt !== 0n, "KeyIsRetired");
  return key?.operator ?? caller;
}

function listOf(ghost: Ghost, modelId: string) {
  const model = ghost.models.get(modelId);
  const offers = ghost.offers.get(modelId);
  if (model === undefined || offers === undefined) throw new Error(`the ghost has no model ${modelId}`);
  return { model, offers };
}
