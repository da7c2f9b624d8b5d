/**
 * What the node remembers. Every method that writes is one atomic, durable write; all reject with StoreError when the
 * store itself fails, which nobody should try to survive.
 */
import type { GameEvent } from "../dispute/event.ts";
import type { Result } from "../dispute/session.ts";
import type {
  Address,
  AssertionId,
  Block,
  Call,
  ChainEvents,
  Delivery,
  ModelId,
  Request,
  RequestedEvent,
  RequestId,
} from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";

/** The store cannot be read or written. */
export class StoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
  }
}

/**
 * seen -> computing -> computed -> asserting -> asserted -> finalising -> (delivering ->) done; a state that ends in
 * -ing has something under way: a run, or a transaction. Ends: done; skipped (somebody else's, or not worth it);
 * failed (no answer, or a rejected one); expired (too late); dropped (a reorganisation took the request away).
 */
export type JobState =
  | "seen"
  | "computing"
  | "computed"
  | "asserting"
  | "asserted"
  | "finalising"
  | "delivering"
  | "done"
  | "skipped"
  | "failed"
  | "expired"
  | "dropped";

export type BlockRef = Pick<Block, "number" | "hash">;

/** A request that this node means to answer. */
export interface Job {
  readonly requestId: RequestId;
  readonly state: JobState;
  /** Why it ended as it did; undefined while it goes well. */
  readonly reason: string | undefined;
  readonly request: Request;
  readonly block: BlockRef;
  /** Counts transactions per step, so that each has a key of its own. */
  readonly round: number;
  /** Runs of the model that were begun. */
  readonly runs: number;
  /** Unix milliseconds of the chain before which there is nothing to do. */
  readonly notBeforeMs: number;
  readonly signed: { readonly issuedAt: number; readonly signature: Hex } | undefined;
}

/** What a change of state may change along with it; `notBeforeMs` becomes 0 if it is not given. */
export interface JobChange {
  readonly state: JobState;
  readonly reason?: string;
  readonly round?: number;
  readonly runs?: number;
  readonly notBeforeMs?: number;
  readonly signed?: Job["signed"];
}

/** What was computed for a model and an input. */
export interface StoredOutput {
  /** Flat. */
  readonly bytes: Uint8Array;
  /** Zero bytes: no trace is committed to. */
  readonly traceRoot: Hex;
}

export interface JobStore {
  /** The last blocks that were read, the newest first; empty at the very start. */
  tail(): Promise<readonly BlockRef[]>;
  /**
   * Notes blocks as read, adds their requests as jobs and what is watched. A request that a reorganisation took away and
   * brought back goes on where it was if it is in the same block; in another one its terms may differ, so it starts again.
   */
  advance(blocks: readonly BlockRef[], requests: readonly RequestedEvent[], watched?: Watched): Promise<void>;
  /** Forgets the blocks after `blockNumber` and what was watched in them; their requests become orphans. */
  rewind(blockNumber: number): Promise<void>;

  /** Jobs in one of these states for which there is something to do at `nowMs`, the oldest first; no orphans. */
  due(states: readonly JobState[], nowMs: number): Promise<readonly Job[]>;
  /** Jobs in one of these states whose request is gone. */
  orphans(states: readonly JobState[]): Promise<readonly Job[]>;
  job(requestId: RequestId): Promise<Job | undefined>;
  /** How many jobs are in each state that has any. */
  counts(): Promise<Partial<Record<JobState, number>>>;
  /** Changes a job that is still as `job` says; false, and no change, if it is not. */
  change(job: Job, change: JobChange): Promise<boolean>;

  input(requestId: RequestId): Promise<Uint8Array>;
  /** What was computed for this model and input; undefined if nothing was. */
  output(modelId: ModelId, inputRoot: Hex): Promise<StoredOutput | undefined>;
  /**
   * `change` to computed, with the output. The first output stored for a model and an input is kept for ever: two
   * different ones under this operator's signature would be equivocation.
   */
  compute(job: Job, output: StoredOutput): Promise<boolean>;
}

/** What blocks have brought for those who check answers and play disputes. */
export interface Watched extends Pick<ChainEvents, "endings" | "game"> {
  readonly requests: readonly RequestedEvent[];
  readonly assertions: readonly SeenAssertion[];
}

/** An answer or a posted receipt, whole. */
export interface SeenAssertion {
  readonly assertionId: AssertionId;
  readonly result: Result;
  /** Unix seconds. */
  readonly disputableUntil: number;
  /** Flat; undefined: its request's. */
  readonly input: Uint8Array | undefined;
  /** Flat. */
  readonly output: Uint8Array;
  readonly block: BlockRef;
}

/** unverifiable: it could not be run, and why not is the reason. */
export type Verdict = "unchecked" | "right" | "wrong" | "unverifiable";

export interface WatchedAssertion {
  readonly assertionId: AssertionId;
  readonly result: Result;
  readonly disputableUntil: number;
  readonly verdict: Verdict;
  readonly reason: string | undefined;
  /** Runs that were begun. */
  readonly runs: number;
}

export interface VerdictChange {
  readonly verdict: Verdict;
  readonly reason?: string;
  readonly runs?: number;
  /** Unix milliseconds of the chain before which there is nothing to do; 0 if it is not given. */
  readonly notBeforeMs?: number;
}

/** What is known of answers, and of the disputes over them. */
export interface DisputeStore {
  /** Reads all blocks again unless the scope is the one that they were read for. */
  setScope(scope: string): Promise<void>;
  /** Assertions that have not ended and for which there is something to do, those whose window ends first first. */
  due(verdicts: readonly Verdict[], nowMs: number): Promise<readonly WatchedAssertion[]>;
  assertion(assertionId: AssertionId): Promise<WatchedAssertion | undefined>;
  /** The request as it was watched; undefined: it was not. */
  request(requestId: RequestId): Promise<{ readonly modelId: ModelId; readonly inputRoot: Hex } | undefined>;
  /** Flat; undefined: nobody published it, or it is not remembered any more. */
  inputOf(assertionId: AssertionId, requestId: RequestId): Promise<Uint8Array | undefined>;
  outputOf(assertionId: AssertionId): Promise<Uint8Array | undefined>;
  /** Notes what is thought of an assertion. */
  judge(assertionId: AssertionId, change: VerdictChange): Promise<void>;
  /** How many assertions that have not ended have each verdict that any has. */
  verdicts(): Promise<Partial<Record<Verdict, number>>>;
  /** The number of the last block that was read; undefined: none was yet. */
  lastBlock(): Promise<number | undefined>;
  /** Everything said in the disputes over an assertion, in order. */
  events(assertionId: AssertionId): Promise<readonly GameEvent[]>;
  /** Assertions with sessions that are not over, by whose they are. */
  disputed(by: "owner" | "operator", address: Address): Promise<readonly AssertionId[]>;
  /** Wei in sessions of this owner that are not over. */
  bondsOut(owner: Address): Promise<bigint>;
}

/** A signed transaction: one of those that share a nonce, of which at most one is ever mined. */
export interface Attempt {
  readonly hash: Hex;
  readonly raw: Hex;
  readonly maxFeeWei: bigint;
  readonly tipWei: bigint;
  /** An empty transaction that takes the nonce instead of the call. */
  readonly isCancellation: boolean;
  readonly signedAtMs: number;
}

export type Outcome = Exclude<Delivery, { state: "pending" }>;

export interface StoredTx {
  readonly id: number;
  readonly keys: readonly string[];
  readonly call: Call;
  readonly gasLimit: bigint;
  /** undefined: queued. */
  readonly nonce: number | undefined;
  readonly isCancelled: boolean;
  /** The newest first. */
  readonly attempts: readonly Attempt[];
  /** undefined: not over. */
  readonly outcome: Outcome | undefined;
}

export interface OutboxStore {
  /** Queues a transaction unless one of `keys` was ever used; false if so. */
  enqueue(keys: readonly string[], call: Call, gasLimit: bigint): Promise<boolean>;
  /** How many keys begin like this. */
  countKeys(prefix: string): Promise<number>;
  byKey(key: string): Promise<StoredTx | undefined>;
  /** Transactions that are not over: those with a nonce by nonce, then the queued ones, the oldest first. */
  open(): Promise<readonly StoredTx[]>;
  /** Gives a transaction its nonce, or keeps it, and adds an attempt; false, and no change, if it is over. */
  sign(id: number, nonce: number, attempt: Attempt): Promise<boolean>;
  /** Notes that transactions with such keys are not wanted any more; one that is queued is over with that. How many. */
  cancel(prefix: string): Promise<number>;
  finish(id: number, outcome: Outcome): Promise<void>;
  /** Takes the nonce and the attempts away: somebody else used that nonce, or nobody takes them. It is sent anew, or not. */
  requeue(id: number, isOver: boolean): Promise<void>;
  /** Makes transactions with this nonce or a higher one open again: a reorganisation undid them. How many it were. */
  reopen(nonce: number): Promise<number>;
}
