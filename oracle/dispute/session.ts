/**
 * What a dispute is about, as contracts/interfaces/{IVerdict,IDisputeGame}.sol state it: the same names, with fixed-size
 * bytes as {@link Hex}, byte strings as bytes, wei as BigInt, and numbers for what a trace in memory can be counted by.
 */
import type { Hex } from "../vm/keccak.ts";

/** An answer, or with `requestId` 0 a receipt: what an operator signed. */
export interface Result {
  readonly modelId: Hex;
  readonly requestId: Hex;
  readonly inputRoot: Hex;
  readonly outputRoot: Hex;
  /** Zero: committed on the first challenge. */
  readonly traceRoot: Hex;
  readonly operator: string;
  /** unix seconds */
  readonly issuedAt: bigint;
}

/** In the order of the Solidity enum. */
export const PHASES = ["None", "Commit", "Pick", "Reveal", "Chunk", "Sums", "Segment", "Joined"] as const;
export type Phase = (typeof PHASES)[number];

/** One challenger against one assertion, as the session's last event states it. */
export interface Session {
  readonly assertionId: Hex;
  readonly operator: string;
  readonly owner: string;
  /** The number of the session among the assertion's. */
  readonly serial: number;
  /** wei */
  readonly bond: bigint;
  /** T. */
  readonly chunks: number;
  readonly phase: Phase;
  /** Levels of `node` above the leaves. */
  readonly height: number;
  /** Of `node` on its level. */
  readonly index: number;
  /** Where the session has got to in the operator's trace; zero before the commitment. */
  readonly node: Hex;
  /** Hash of the {@link Focus} in phase Sums, of focus and sums in phase Segment, else zero. */
  readonly focus: Hex;
  /** Timestamp at which the turn began. */
  readonly since: number;
  /** seconds left */
  readonly ownerClock: number;
  /** seconds left */
  readonly operatorClock: number;
  /** wei of scheduled gas spent */
  readonly ownerCost: bigint;
  /** wei of scheduled gas spent */
  readonly operatorCost: bigint;
  /** The owner's own contradicting answer; zero: none. */
  readonly contender: Hex;
}

/** The immutables of a game. */
export interface DisputeParameters {
  /** seconds that each side of a session has in all */
  readonly clock: number;
  /** seconds that a move gives back to who makes it */
  readonly increment: number;
  /** seconds in which the winning sessions come forward */
  readonly payoutDelay: number;
  /** U: seconds in which a receipt can be used */
  readonly receiptUse: number;
  /** wei per session */
  readonly challengeBond: bigint;
  /** wei per gas */
  readonly priceCap: bigint;
  /** wei per gas */
  readonly tip: bigint;
}

/** What an assertion's disputes have come to. */
export interface Case {
  /** Sessions ever opened. */
  readonly opened: number;
  /** Sessions open, or open when the assertion was refuted. */
  readonly live: number;
  /** Open sessions against the assertion, and open contests of its own. */
  readonly holds: number;
  /** Timestamp of the commitment; 0: none yet. */
  readonly committedAt: number;
  readonly commitGwei: number;
  /** T. */
  readonly chunks: number;
  readonly refuted: boolean;
}

/** A refuted chunk: the number of one, or every one of them after a time-out. */
export type RefutedChunk = number | "all";

/** How a refuted assertion's bond is shared out. */
export interface Refutation {
  /** Timestamp. */
  readonly refutedAt: number;
  readonly chunk: RefutedChunk;
  /** Sessions on the refuted path that have come forward. */
  readonly joined: number;
  readonly costGwei: number;
  readonly shareGwei: number;
}

/** A chunk and its place in a tree. */
export interface ChunkProof {
  readonly index: number;
  /** 256 bytes. */
  readonly chunk: Uint8Array;
  /** Siblings, leaf to root. */
  readonly path: readonly Hex[];
}

/** A kernel and its place in the program. */
export interface KernelProof {
  readonly kernel: number;
  /** As its leaf states them. */
  readonly chunks: bigint;
  readonly descriptor: Uint8Array;
  /** Siblings with their sums, leaf to root, 40 bytes each. */
  readonly path: Uint8Array;
}

/** A part of the reduction of one element that the operator has claimed: from `before` steps `from` to `to` give `after_`. */
export interface Focus {
  /** The kernel's leaf in the kernel tree. */
  readonly leaf: Hex;
  /** Of the kernel in the trace. */
  readonly firstChunk: number;
  readonly element: number;
  /** R: with `to` equal to it `after_` is the element as it is stored, else an accumulator. */
  readonly steps: number;
  readonly from: number;
  readonly to: number;
  /** S. */
  readonly stepsPerProof: number;
  /** 1: i64, 2: f64. */
  readonly accumulator: number;
  /** 8 bytes little-endian; ignored if `from` is 0. */
  readonly before: Hex;
  /** 8 bytes, zeros behind. */
  readonly after_: Hex;
}
