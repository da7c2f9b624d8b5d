// The life of a request as the contracts should lead it. Like ghostOperators.ts: one function per call, `Refused` where
// the contract must revert, the transitions taken as the result.
import { AbiCoder, keccak256, ZeroAddress } from "ethers";
import { requestId as idOf } from "../../oracle/chain/ids.ts";
import {
  ASSIGNMENT,
  type Assignment,
  MODEL,
  type Model,
  type Offer,
  POLICY,
  type Policy,
  packWord,
  unpackWord,
} from "../../oracle/chain/words.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import {
  type AssertionGhost,
  type Block,
  credit,
  type Ghost,
  min,
  operatorOf,
  Refused,
  type RequestGhost,
  refuseIf,
  takeStake,
} from "./ghostState.ts";
import type { Signed } from "./world.ts";

const GWEI = 10n ** 9n;
const MAX_DRAWS = 4n;

/** What became of the drawn operator's lateness with this call. */
type Lateness = "none" | "charged" | "waived";

/** An answer and the key that signed it, if the signature is over exactly that. */
export interface SignedBy extends Signed {
  readonly signer: string;
}

export function request(
  ghost: Ghost,
  block: Block,
  call: { requester: string; modelId: string; inputRoot: string; policy: bigint; value: bigint },
): { id: string; taken: string } {
  const { requester, modelId, inputRoot } = call;
  const model = ghost.models.get(modelId);
  if (model === undefined) throw new Refused("UnknownModel");
  const policy = unpackWord(POLICY, call.policy);
  refuseIf(model.deprecated, "ModelIsDeprecated");
  refuseIf(model.atolClass > policy.atolClass || model.rtolClass > policy.rtolClass, "ToleranceNotAccepted");
  const fee = call.value - callbackCost(policy);
  refuseIf(fee <= 0n, "Underpaid");

  const identity = { requester, modelId: modelId as Hex, inputRoot: inputRoot as Hex, policy: call.policy, fee };
  let nonce = block.number << 16n;
  let id = idOf(ghost.chainId, ghost.coordinator, { ...identity, nonce });
  while (ghost.requests.has(id)) id = idOf(ghost.chainId, ghost.coordinator, { ...identity, nonce: ++nonce });
  const assignment = draw(ghost, block, { id, modelId, model, policy, fee });
  ghost.requests.set(id, {
    id,
    request: { ...identity, nonce, model: packWord(MODEL, model), assignment: packWord(ASSIGNMENT, assignment) },
    policy,
    model: { ...model },
    assignment,
    state: {
      status: "Requested",
      provisionalDelivered: false,
      finalDelivered: false,
      latenessSettled: false,
      reopened: false,
      live: 0,
      startedAt: Number(block.now),
    },
    assertions: new Map(),
    takeover: undefined,
    finalRoot: undefined,
    closed: 0,
  });
  ghost.received += call.value;
  return { id, taken: assignment.operator === ZeroAddress ? "request" : "request.drawn" };
}

export function assertResult(ghost: Ghost, block: Block, found: RequestGhost, signed: SignedBy): string[] {
  refuseIf(found.state.live !== 0, "RivalLives");
  const due = wantsProvisional(found);
  const lateness = assert(ghost, block, found, signed);
  const taken =
    lateness === "charged" ? ["assert.late"] : ["assert", ...(lateness === "waived" ? ["late.waived"] : [])];
  return [...taken, ...(due ? [deliverTo(ghost, found, "Provisional", signed)] : [])];
}

export function assertResults(
  ghost: Ghost,
  block: Block,
  items: readonly { found: RequestGhost; signed: SignedBy }[],
): string[] {
  const taken: string[] = [];
  const due: (typeof items)[number][] = [];
  for (const { found, signed } of items) {
    if (found.state.status !== "Requested") {
      taken.push("assert.batch.passed");
      continue;
    }
    const wanted = wantsProvisional(found);
    assert(ghost, block, found, signed);
    taken.push("assert.batch");
    if (wanted) due.push({ found, signed });
  }
  return [...taken, ...due.map(({ found, signed }) => deliverTo(ghost, found, "Provisional", signed))];
}

export function assertBeside(
  ghost: Ghost,
  block: Block,
  found: RequestGhost,
  signed: SignedBy,
  rival: Signed,
  value: bigint,
): string[] {
  const living = livingAssertion(found, rival);
  const due = wantsProvisional(found);
  assert(ghost, block, found, signed);
  if (isExact(found.model) && signed.outputRoot !== rival.outputRoot) {
    refuseIf(block.now >= living.finalisableAt, "WindowOver");
    living.held = true;
    assertionOf(found, signed).held = true;
    return ["beside.contest"];
  }
  refuseIf(living.held, "RivalHeld");
  refuseIf(value !== 0n, "NothingToContest");
  return ["beside.agree", ...(due ? [deliverTo(ghost, found, "Provisional", signed)] : [])];
}

export function finalise(ghost: Ghost, block: Block, found: RequestGhost, signed: Signed): string[] {
  refuseIf(found.state.status !== "Asserted", "WrongStatus");
  const assertion = livingAssertion(found, signed);
  refuseIf(assertion.held, "AssertionHeld");
  close(ghost, block, found, signed, assertion);
  return ["finalise", ...(found.policy.final ? [deliverTo(ghost, found, "Final", signed)] : [])];
}

export function finaliseBatch(
  ghost: Ghost,
  block: Block,
  items: readonly { found: RequestGhost; signed: Signed }[],
): string[] {
  const taken: string[] = [];
  const due: (typeof items)[number][] = [];
  for (const { found, signed } of items) {
    const assertion = found.assertions.get(signed.answer.operator);
    const isAsserted = found.state.status === "Asserted";
    refuseIf(isAsserted && assertion?.assertionId !== signed.assertionId, "UnknownAssertion");
    if (!isAsserted || assertion === undefined || !assertion.live || assertion.held) {
      taken.push("finalise.batch.passed");
      continue;
    }
    close(ghost, block, found, signed, assertion);
    taken.push("finalise.batch");
    if (found.policy.final) due.push({ found, signed });
  }
  return [...taken, ...due.map(({ found, signed }) => deliverTo(ghost, found, "Final", signed))];
}

export function settle(ghost: Ghost, block: Block, found: RequestGhost, signed: Signed, finalRoot: string): string {
  refuseIf(found.state.status !== "Final", "WrongStatus");
  refuseIf(finalRoot !== found.finalRoot, "TermsMismatch");
  const assertion = livingAssertion(found, signed);
  refuseIf(assertion.held, "AssertionHeld");
  refuseIf(block.now < assertion.finalisableAt, "WindowOpen");
  found.assertions.delete(signed.answer.operator);
  found.state.live--;
  operatorOf(ghost, signed.answer.operator).locked -= assertion.bond;
  return "settle";
}

export function expire(ghost: Ghost, block: Block, found: RequestGhost): string[] {
  refuseIf(found.state.status !== "Requested", "WrongStatus");
  refuseIf(block.now <= endsAt(found), "AnswerPeriodRunning");
  const lateness = chargeLateness(ghost, block, found);
  found.state.status = "Expired";
  found.closed++;
  credit(ghost, found.request.requester, found.request.fee + callbackCost(found.policy));
  return lateness === "charged" ? ["expire.late"] : ["expire", ...(lateness === "waived" ? ["late.waived"] : [])];
}

export function deliver(ghost: Ghost, found: RequestGhost, signed: Signed): string {
  if (found.state.status === "Final") {
    refuseIf(signed.outputRoot !== found.finalRoot, "TermsMismatch");
    refuseIf(!wantsFinal(found), "NothingToDeliver");
    return retry(deliverTo(ghost, found, "Final", signed), found.policy.final ? "deliver.final" : "deliver.missed");
  }
  const assertion = assertionOf(found, signed);
  if (!assertion.live && assertion.delivered) {
    return retry(deliverTo(ghost, found, "Rejected", signed), "deliver.rejected");
  }
  refuseIf(!assertion.live || assertion.held || !wantsProvisional(found), "NothingToDeliver");
  return retry(deliverTo(ghost, found, "Provisional", signed), "deliver.provisional");
}

export function hold(found: RequestGhost, signed: Signed): string {
  const assertion = judged(found, signed);
  refuseIf(assertion.held, "AlreadyHeld");
  assertion.held = true;
  return found.state.status === "Final" ? "hold.loser" : "hold";
}

export function release(found: RequestGhost, signed: Signed): string {
  const assertion = judged(found, signed);
  refuseIf(!assertion.held, "NotHeld");
  assertion.held = false;
  return found.state.status === "Final" ? "release.loser" : "release";
}

export function reject(ghost: Ghost, block: Block, found: RequestGhost, signed: Signed, winner: string): string {
  const assertion = judged(found, signed);
  assertion.live = false;
  assertion.held = false;
  operatorOf(ghost, signed.answer.operator).locked -= assertion.bond;
  found.state.live--;
  if (found.state.status === "Final") return "reject.loser";
  if (found.state.live > 0) return "reject.beside";
  found.state.status = "Requested";
  found.state.reopened = true;
  found.state.startedAt = Number(block.now);
  const isOperator = (ghost.operators.get(winner)?.stake ?? 0n) >= ghost.parameters.minStake;
  const takesOver = isOperator && !found.assertions.has(winner);
  const until = block.now + ghost.parameters.takeoverPeriod;
  found.takeover = takesOver ? { operator: winner, until } : undefined;
  return takesOver ? "reject.takeover" : "reject.reopen";
}

export function callbackCost({ provisional, final, callbackGas, callbackGasPrice }: Policy): bigint {
  return BigInt(Number(provisional) + Number(final)) * BigInt(callbackGas) * callbackGasPrice;
}

/** What a request still ties up: fee and callbacks until it is closed. */
export function escrowOf(found: RequestGhost): bigint {
  return found.closed > 0 ? 0n : found.request.fee + callbackCost(found.policy);
}

export function royaltyOf(model: Model, fee: bigint): bigint {
  return (fee * BigInt(model.royaltyBps)) / 10_000n;
}

/** What an answer locks. */
function bondOf({ parameters }: Ghost, policy: Policy): bigint {
  const minBond = BigInt(policy.minBond) * GWEI;
  return minBond > parameters.operatorBond ? minBond : parameters.operatorBond;
}

export function isExact(model: Model): boolean {
  return model.atolClass === 0 && model.rtolClass === 0;
}

function assert(ghost: Ghost, block: Block, found: RequestGhost, signed: SignedBy): Lateness {
  const { state, assertions } = found;
  const { operator: address, issuedAt } = signed.answer;
  refuseIf(state.status !== "Requested" && state.status !== "Asserted", "WrongStatus");
  refuseIf(issuedAt < BigInt(found.assignment.requestedAt), "StaleResult");
  refuseIf(issuedAt > block.now, "FutureResult");
  const isOpen = state.live === 0;
  refuseIf(isOpen && block.now > endsAt(found), "AnswerPeriodOver");
  const exclusive = isOpen ? exclusiveOf(found) : undefined;
  refuseIf(
    exclusive !== undefined && exclusive.operator !== address && block.now <= exclusive.until,
    "ExclusivePeriod",
  );
  refuseIf(assertions.has(address), "AlreadyAsserted");
  const key = ghost.keys.get(signed.signer);
  refuseIf(key !== undefined && key.retiredAt !== 0n, "KeyIsRetired");
  refuseIf(key?.operator !== address, "WrongSigner");
  const lateness = chargeLateness(ghost, block, found);

  const operator = operatorOf(ghost, address);
  const bond = bondOf(ghost, found.policy);
  refuseIf(operator.stake < ghost.parameters.minStake, "OperatorJailed");
  refuseIf(operator.stake - operator.locked < bond, "StakeTooLow");
  operator.locked += bond;
  const { assertionId, outputRoot } = signed;
  const finalisableAt = block.now + ghost.parameters.window;
  assertions.set(address, { assertionId, outputRoot, bond, finalisableAt, live: true, held: false, delivered: false });
  state.live++;
  state.status = "Asserted";
  return lateness;
}

function close(ghost: Ghost, block: Block, found: RequestGhost, signed: Signed, assertion: AssertionGhost): void {
  refuseIf(block.now < assertion.finalisableAt, "WindowOpen");
  const { operator: address } = signed.answer;
  found.assertions.delete(address);
  found.state.live--;
  found.state.status = "Final";
  found.state.provisionalDelivered = assertion.delivered;
  found.finalRoot = assertion.outputRoot;
  found.closed++;
  const royalty = royaltyOf(found.model, found.request.fee);
  const operator = operatorOf(ghost, address);
  operator.locked -= assertion.bond;
  operator.earnings += found.request.fee - royalty + callbackCost(found.policy);
  credit(ghost, found.model.owner, royalty);
}

function chargeLateness(ghost: Ghost, block: Block, found: RequestGhost): Lateness {
  const { operator, requestedAt, latency, penaltyBps } = found.assignment;
  if (penaltyBps === 0 || found.state.latenessSettled) return "none";
  if (block.now <= BigInt(requestedAt + latency)) return "none";
  found.state.latenessSettled = true;
  if (found.assertions.has(operator)) return "none";
  if (!couldBack(ghost, found)) return "waived";
  ghost.burned += takeStake(ghost, operator, (found.request.fee * BigInt(penaltyBps)) / 10_000n);
  return "charged";
}

/** Whether the drawn operator had stake for the bond, counting what began to exit only since it was drawn. */
function couldBack(ghost: Ghost, { policy, assignment }: RequestGhost): boolean {
  const { stake, locked, exiting, exitAt } = operatorOf(ghost, assignment.operator);
  const exitBeganSince = exitAt - ghost.parameters.exitDelay >= BigInt(assignment.requestedAt);
  return stake - locked + (exitBeganSince ? exiting : 0n) >= bondOf(ghost, policy);
}

/** Runs a callback; the transition's name says how it ended. */
function deliverTo(
  ghost: Ghost,
  found: RequestGhost,
  stage: "Provisional" | "Final" | "Rejected",
  signed: Signed,
): string {
  if (ghost.failing.has(found.request.requester)) return "callback.failed";
  if (stage === "Final") {
    found.state.finalDelivered = true;
  } else {
    found.state.provisionalDelivered = stage === "Provisional";
    assertionOf(found, signed).delivered = stage === "Provisional";
  }
  return `callback.${stage}`;
}

const retry = (outcome: string, id: string) => (outcome === "callback.failed" ? "deliver.failed" : id);

/** Any assertion on record, living or rejected. */
function assertionOf(found: RequestGhost, { answer, assertionId }: Signed): AssertionGhost {
  const assertion = found.assertions.get(answer.operator);
  if (assertion?.assertionId !== assertionId) throw new Refused("UnknownAssertion");
  return assertion;
}

function livingAssertion(found: RequestGhost, signed: Signed): AssertionGhost {
  const assertion = assertionOf(found, signed);
  refuseIf(!assertion.live, "UnknownAssertion");
  return assertion;
}

/** For the arbiter's calls, which name an assertion in another way. */
function judged(found: RequestGhost, { answer, assertionId }: Signed): AssertionGhost {
  const assertion = found.assertions.get(answer.operator);
  if (assertion?.assertionId !== assertionId || !assertion.live) throw new Refused("NotLive");
  return assertion;
}

function wantsProvisional(found: RequestGhost): boolean {
  return found.policy.provisional && !found.state.provisionalDelivered;
}

/** Of a final request: who bought Provisional alone and was never told this answer is told it as Final. */
function wantsFinal(found: RequestGhost): boolean {
  return !found.state.finalDelivered && (found.policy.final || wantsProvisional(found));
}

/** Whether a callback about this answer can be repeated. */
export function isDue(found: RequestGhost, { answer, assertionId, outputRoot }: Signed): boolean {
  if (found.state.status === "Final") {
    return outputRoot === found.finalRoot && wantsFinal(found);
  }
  const assertion = found.assertions.get(answer.operator);
  if (assertion?.assertionId !== assertionId) return false;
  return assertion.live ? !assertion.held && wantsProvisional(found) : assertion.delivered;
}

/** Whether a different answer can open a dispute with this one. */
export function isContestable(found: RequestGhost, { answer, assertionId }: Signed, now: bigint): boolean {
  const assertion = found.assertions.get(answer.operator);
  return assertion?.assertionId === assertionId && assertion.live && now < assertion.finalisableAt;
}

/** The last timestamp of the answer period. */
export function endsAt(found: RequestGhost): bigint {
  return BigInt(found.state.startedAt + found.policy.answerPeriod);
}

/** Who answers alone while no assertion lives, and until when. */
export function exclusiveOf(found: RequestGhost): { operator: string; until: bigint } | undefined {
  const { state, policy, takeover } = found;
  if (state.reopened) {
    const half = BigInt(state.startedAt + Math.floor(policy.answerPeriod / 2));
    return takeover && { operator: takeover.operator, until: min(takeover.until, half) };
  }
  const { operator, requestedAt, latency } = found.assignment;
  return operator === ZeroAddress ? undefined : { operator, until: BigInt(requestedAt + latency) };
}

function draw(
  ghost: Ghost,
  block: Block,
  made: { id: string; modelId: string; model: Model; policy: Policy; fee: bigint },
): Assignment {
  const offers = ghost.offers.get(made.modelId) ?? [];
  const seed = BigInt(
    keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "bytes32"], [block.prevrandao, made.id])),
  );
  const count = BigInt(offers.length);
  for (let i = 0n; i < count && i < MAX_DRAWS; i++) {
    const offer = offers[Number((seed + i) % count)];
    if (offer !== undefined && isFit(ghost, offer, made)) {
      const { operator, latency } = offer;
      const penaltyBps = made.model.semantics === 0 ? 0 : offer.penaltyBps;
      return { operator, requestedAt: Number(block.now), latency, penaltyBps };
    }
  }
  return { operator: ZeroAddress, requestedAt: Number(block.now), latency: 0, penaltyBps: 0 };
}

function isFit(ghost: Ghost, offer: Offer, { model, policy, fee }: { model: Model; policy: Policy; fee: bigint }) {
  const operator = operatorOf(ghost, offer.operator);
  return (
    offer.price * GWEI <= fee - royaltyOf(model, fee) &&
    offer.callbackKgas * 1000 >= policy.callbackGas &&
    offer.latency <= policy.answerPeriod &&
    operator.live &&
    operator.stake >= ghost.parameters.minStake &&
    operator.stake - operator.locked >= bondOf(ghost, policy)
  );
}
