/** The game's structs as TypeChain has them, as the solver has them, and the hashes that stand for them on chain. */
import { AbiCoder, getBytes, Interface } from "ethers";
import type {
  CaseStructOutput,
  FocusStructOutput,
  RefutationStructOutput,
  ResultStructOutput,
  SessionStructOutput,
} from "../../../types/contracts/interfaces/IDisputeGame.ts";
import { GROUNDS, type Ground } from "../../dispute/event.ts";
import {
  type Case,
  type Focus,
  PHASES,
  type Refutation,
  type RefutedChunk,
  type Result,
  type Session,
} from "../../dispute/session.ts";
import { type Hex, keccak256, toHex } from "../../vm/keccak.ts";
import { DISPUTE_GAME_ABI } from "../abi.ts";

const game = new Interface(DISPUTE_GAME_ABI);
const FOCUS = typeOf("FocusPicked", "focus");
/** `type(uint64).max`: a time-out refutes no chunk in particular. */
const NO_CHUNK = 2n ** 64n - 1n;

function typeOf(event: string, field: string): string {
  const type = game
    .getEvent(event)
    ?.inputs.find(({ name }) => name === field)
    ?.format("full");
  if (type === undefined) throw new Error(`the event ${event} has no field ${field}`);
  return type;
}

const hashOf = (types: readonly string[], values: readonly unknown[]): Hex =>
  toHex(keccak256(getBytes(AbiCoder.defaultAbiCoder().encode([...types], [...values]))));

export const sessionIdOf = (assertionId: Hex, serial: number): Hex =>
  hashOf(["bytes32", "uint32"], [assertionId, serial]);
/** In phase Sums. */
export const focusHash = (focus: Focus): Hex => hashOf([FOCUS], [focus]);
/** In phase Segment. */
export const sumsHash = (focus: Focus, sums: Uint8Array): Hex => hashOf([FOCUS, "bytes"], [focus, sums]);

export const sessionToAbi = (session: Session) => ({ ...session, phase: PHASES.indexOf(session.phase) });

export function sessionFromAbi(session: SessionStructOutput): Session {
  return {
    assertionId: session.assertionId as Hex,
    operator: session.operator,
    owner: session.owner,
    serial: Number(session.serial),
    bond: session.bond,
    chunks: count(session.chunks),
    phase: member(PHASES, session.phase),
    height: Number(session.height),
    index: count(session.index),
    node: session.node as Hex,
    focus: session.focus as Hex,
    since: Number(session.since),
    ownerClock: Number(session.ownerClock),
    operatorClock: Number(session.operatorClock),
    ownerCost: session.ownerCost,
    operatorCost: session.operatorCost,
    contender: session.contender as Hex,
  };
}

export function focusFromAbi(focus: FocusStructOutput): Focus {
  return {
    leaf: focus.leaf as Hex,
    firstChunk: count(focus.firstChunk),
    element: Number(focus.element),
    steps: Number(focus.steps),
    from: Number(focus.from),
    to: Number(focus.to),
    stepsPerProof: Number(focus.stepsPerProof),
    accumulator: Number(focus.accumulator),
    before: focus.before as Hex,
    after_: focus.after_ as Hex,
  };
}

export function resultFromAbi(result: ResultStructOutput): Result {
  const { modelId, requestId, inputRoot, outputRoot, traceRoot, operator, issuedAt } = result;
  const roots = { inputRoot: inputRoot as Hex, outputRoot: outputRoot as Hex, traceRoot: traceRoot as Hex };
  return { modelId: modelId as Hex, requestId: requestId as Hex, ...roots, operator, issuedAt };
}

export function caseFromAbi({ opened, live, holds, committedAt, commitGwei, chunks, refuted }: CaseStructOutput): Case {
  return {
    opened: Number(opened),
    live: Number(live),
    holds: Number(holds),
    committedAt: Number(committedAt),
    commitGwei: Number(commitGwei),
    chunks: count(chunks),
    refuted,
  };
}

export function refutationFromAbi(refutation: RefutationStructOutput): Refutation {
  const { refutedAt, chunk, joined, costGwei, shareGwei } = refutation;
  const money = { costGwei: Number(costGwei), shareGwei: Number(shareGwei) };
  return { refutedAt: Number(refutedAt), chunk: refutedChunk(chunk), joined: Number(joined), ...money };
}

export const groundFromAbi = (ground: bigint): Ground => member(GROUNDS, ground);

export const refutedChunk = (chunk: bigint): RefutedChunk => (chunk === NO_CHUNK ? "all" : count(chunk));

/** Counts of chunks have 64 bits; a trace that anybody can run has fewer. */
function count(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`no trace has ${value} chunks`);
  return Number(value);
}

function member<T>(members: readonly T[], index: bigint): T {
  const found = members[Number(index)];
  if (found === undefined) throw new RangeError(`${index} is none of ${members.join(", ")}`);
  return found;
}
