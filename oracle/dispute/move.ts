/** What can be sent to the game: each function of IDisputeGame.sol with the arguments that it takes, in its order. */
import type { Hex } from "../vm/keccak.ts";
import type { ChunkProof, Focus, KernelProof, Result, Session } from "./session.ts";

/** The Result, and `abi.encode(ModelSpec)` of its model. */
interface Subject {
  readonly result: Result;
  readonly spec: Uint8Array;
}

/** What a proof that needs no session is about; `sessions`: none, or one on the refuted path, which wins by it. */
export interface Accusation extends Subject {
  readonly sessions: readonly Session[];
}

/** Sends the challenge bond. */
export interface Open extends Subject {
  readonly type: "open";
}

export interface Commit {
  readonly type: "commit";
  readonly result: Result;
  readonly traceRoot: Hex;
  /** The nodes min(6, depth) levels below the root, from left to right. */
  readonly nodes: readonly Hex[];
  /** Empty if the operator sends. */
  readonly signature: Uint8Array;
}

export interface Pick {
  readonly type: "pick";
  readonly session: Session;
  readonly height: number;
  readonly index: number;
  readonly node: Hex;
  /** Siblings, the node's first, up to the session's node. */
  readonly path: readonly Hex[];
}

export interface Reveal {
  readonly type: "reveal";
  readonly session: Session;
  /** The nodes min(6, height) levels down, or at height 0 the chunk. */
  readonly data: Uint8Array;
}

export interface PickElement extends Subject {
  readonly type: "pickElement";
  readonly session: Session;
  readonly kernel: KernelProof;
  /** Its path leads up to the session's node. */
  readonly traced: ChunkProof;
  readonly element: number;
}

export interface RevealSums {
  readonly type: "revealSums";
  readonly session: Session;
  readonly focus: Focus;
  /** The accumulators between the segments, 8 bytes each. */
  readonly sums: Uint8Array;
  /** Empty if the operator sends. */
  readonly signature: Uint8Array;
}

export interface PickSegment {
  readonly type: "pickSegment";
  readonly session: Session;
  readonly focus: Focus;
  readonly sums: Uint8Array;
  readonly segment: number;
}

export interface Timeout {
  readonly type: "timeout";
  readonly session: Session;
  readonly result: Result;
}

export interface ProveElement extends Accusation {
  readonly type: "proveElement";
  readonly kernel: KernelProof;
  readonly traced: ChunkProof;
  readonly element: number;
  readonly witness: Uint8Array;
}

export interface ProveTail extends Accusation {
  readonly type: "proveTail";
  readonly kernel: KernelProof;
  readonly traced: ChunkProof;
}

export interface ProvePadding extends Accusation {
  readonly type: "provePadding";
  readonly height: number;
  readonly index: number;
  readonly node: Hex;
  /** Siblings, the node's first, up to the root. */
  readonly path: readonly Hex[];
}

export interface ProveOutput extends Accusation {
  readonly type: "proveOutput";
  readonly asserted: ChunkProof;
  readonly traced: ChunkProof;
  readonly element: number;
}

export interface ProveSegment extends Subject {
  readonly type: "proveSegment";
  readonly session: Session;
  readonly focus: Focus;
  readonly sums: Uint8Array;
  readonly segment: number;
  /** The kernel's, as its leaf states them. */
  readonly chunks: bigint;
  readonly descriptor: Uint8Array;
  readonly witness: Uint8Array;
}

export interface Claim {
  readonly type: "claim";
  readonly session: Session;
}

export type Proof = ProveElement | ProveTail | ProvePadding | ProveOutput | ProveSegment;

export type Move = Open | Commit | Pick | Reveal | PickElement | RevealSums | PickSegment | Timeout | Proof | Claim;
