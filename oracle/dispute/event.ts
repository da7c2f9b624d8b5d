/** What the game says on chain: the events of contracts/interfaces/{IDisputeGame,IReceipts}.sol that a player reads. */
import type { Hex } from "../vm/keccak.ts";
import type { Focus, RefutedChunk, Result, Session } from "./session.ts";

/** Why an assertion was refuted, in the order of the Solidity enum. */
export const GROUNDS = ["Element", "Tail", "Padding", "Output", "Segment", "Timeout"] as const;
export type Ground = (typeof GROUNDS)[number];

interface OfAssertion {
  readonly assertionId: Hex;
}

interface OfSession extends OfAssertion {
  readonly sessionId: Hex;
}

interface WithState extends OfSession {
  /** As it is after the move. */
  readonly session: Session;
}

export interface Opened extends WithState {
  readonly type: "Opened";
  readonly result: Result;
}

export interface Committed extends OfAssertion {
  readonly type: "Committed";
  readonly traceRoot: Hex;
  /** The nodes min(6, depth) levels below the root, from left to right. */
  readonly nodes: readonly Hex[];
}

export interface Picked extends WithState {
  readonly type: "Picked";
}

export interface Revealed extends WithState {
  readonly type: "Revealed";
  /** Nodes, 32 bytes each, or at a leaf its chunk. */
  readonly data: Uint8Array;
}

export interface FocusPicked extends WithState {
  readonly type: "FocusPicked";
  readonly focus: Focus;
}

export interface SumsRevealed extends WithState {
  readonly type: "SumsRevealed";
  readonly focus: Focus;
  readonly sums: Uint8Array;
}

export interface Refuted extends OfAssertion {
  readonly type: "Refuted";
  readonly operator: string;
  readonly prover: string;
  readonly ground: Ground;
  readonly chunk: RefutedChunk;
  /** wei */
  readonly refund: bigint;
}

export interface SessionLost extends OfSession {
  readonly type: "SessionLost";
  /** wei */
  readonly refund: bigint;
  /** wei */
  readonly burned: bigint;
}

export interface Joined extends WithState {
  readonly type: "Joined";
}

export interface Claimed extends OfSession {
  readonly type: "Claimed";
  readonly owner: string;
  /** wei */
  readonly amount: bigint;
}

export interface ReceiptPosted extends OfAssertion {
  readonly type: "ReceiptPosted";
  readonly result: Result;
  /** unix seconds */
  readonly disputableUntil: number;
  /** Flat; empty, both, where the model's do not fit a request. */
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}

export type GameEvent =
  | Opened
  | Committed
  | Picked
  | Revealed
  | FocusPicked
  | SumsRevealed
  | Refuted
  | SessionLost
  | Joined
  | Claimed
  | ReceiptPosted;
