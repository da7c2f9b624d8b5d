/** What the roles need of the world. Adapters implement these; only main.ts knows which. */
import type { GameEvent } from "../dispute/event.ts";
import type { Move } from "../dispute/move.ts";
import type { Case, DisputeParameters, Refutation, Result } from "../dispute/session.ts";
import type { TensorSignature } from "../model/onnx/signature.ts";
import type { Dtype } from "../model/tensor.ts";
import type { Tolerance } from "../model/tolerance.ts";
import type { Hex } from "../vm/keccak.ts";
import type { ProgramRoots } from "../vm/programRoots.ts";

/** 20 bytes in their checksummed form: equal addresses are equal strings. */
export type Address = string;
// Optional brands: a literal needs no cast, and one kind of id is never taken for another.
export type RequestId = Hex & { readonly brand?: "requestId" };
export type ModelId = Hex & { readonly brand?: "modelId" };
/** Of the Result that was signed. */
export type AssertionId = Hex & { readonly brand?: "assertionId" };

// ---------------------------------------------------------------------------------------------- execution

/** A tensor with its elements packed little-endian, row-major (`pack` and `unpack` of model/tensor.ts). */
export interface Tensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** Outermost first; empty for a scalar. */
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** The program of a model of semantics 1, as it is registered. */
export interface ProgramSpec {
  readonly roots: ProgramRoots;
  readonly compilerVersion: string;
  readonly compilerOptions: string;
  /** How far an answer may be from the canonical one; zeros: not at all. */
  readonly tolerance: Tolerance;
}

/** A model as an executor runs it. */
export interface RunnableModel {
  readonly modelId: ModelId;
  /** The artefact on the local disk, as {@link Artefacts.obtain} gave it. */
  readonly path: string;
  readonly inputs: readonly TensorSignature<number>[];
  /** The outputs wanted, in this order. */
  readonly outputs: readonly TensorSignature<number>[];
  /** undefined: the artefact alone, by ONNX Runtime. */
  readonly program?: ProgramSpec | undefined;
  /** Inputs of the artefact that are constants of the program. */
  readonly bound?: readonly Tensor[];
}

export interface RunLimits {
  /** From the moment a process takes the job, loading the model included. */
  readonly deadlineMs: number;
  readonly memoryMb: number;
}

/**
 * timeout: killed at the deadline; crashed: the process died; outOfMemory: killed at the limit;
 * model: the model cannot be loaded, or refuses this input, or gives something else than its outputs;
 * program: the artefact does not compile to the registered program;
 * sentinel: ONNX Runtime's outputs are not those of the program, within the tolerance for that.
 */
export type ExecutionFailure = "timeout" | "crashed" | "outOfMemory" | "model" | "program" | "sentinel";

/** Why a run gave no answer. */
export class ExecutionError extends Error {
  readonly failure: ExecutionFailure;

  constructor(failure: ExecutionFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ExecutionError";
    this.failure = failure;
  }

  /** Whether another try may succeed: a model that refuses an input refuses it again. */
  get isRetryable(): boolean {
    return this.failure === "timeout" || this.failure === "crashed" || this.failure === "outOfMemory";
  }
}

export interface Executor {
  /**
   * Runs a model once. The answer has the model's outputs in order, each of exactly its signature's dtype and dims.
   * @throws ExecutionError
   */
  run(model: RunnableModel, inputs: readonly Tensor[], limits: RunLimits): Promise<Tensor[]>;
}

export interface CanonicalOutput {
  /** The model's outputs in order. */
  readonly outputs: readonly Tensor[];
  /** Commits to every kernel's output. */
  readonly traceRoot: Hex;
}

/** Runs the programs of models that have one. */
export interface CanonicalExecutor {
  /**
   * Compiles the artefact if that was not done, and runs its program once.
   * @throws ExecutionError, "program" unless it is the registered one
   */
  run(model: RunnableModel, inputs: readonly Tensor[], limits: RunLimits): Promise<CanonicalOutput>;
  /** The same without a run. */
  load(model: RunnableModel, limits: RunLimits): Promise<void>;
}

/** An answer held against the program's own run. */
export interface Judgement {
  /** undefined: it is right, as far as its operator is bound to it. */
  readonly wrong: "output" | "trace" | undefined;
  /** Of the canonical run. */
  readonly outputRoot: Hex;
  readonly traceRoot: Hex;
}

/** What a side knows of the disputes over an assertion. */
export interface Position {
  readonly side: "challenger" | "operator";
  /** Whose sessions are played, of a challenger. */
  readonly us: Address;
  readonly result: Result;
  /** `abi.encode(ModelSpec)` of the Result's model. */
  readonly spec: Uint8Array;
  /** The asserted one, flat. */
  readonly output: Uint8Array;
  readonly parameters: DisputeParameters;
  readonly case: Case;
  readonly refutation: Refutation | undefined;
  /** All of them, in order. */
  readonly events: readonly GameEvent[];
  /** Unix seconds of the chain. */
  readonly now: number;
}

/** What a side does. */
export interface Plan {
  readonly moves: readonly Move[];
  /** Unix seconds from which on there is something to do though nothing happened; undefined: never. */
  readonly until: number | undefined;
}

/**
 * Judges answers, and plays the disputes over them. Both take the whole trace and its tree, hundreds of megabytes that
 * stay in the process that ran the program: what goes in and comes out is small.
 */
export interface Solver {
  /** @throws ExecutionError */
  judge(
    model: RunnableModel,
    inputs: readonly Tensor[],
    limits: RunLimits,
    answer: { readonly output: Uint8Array; readonly traceRoot: Hex },
  ): Promise<Judgement>;
  /**
   * What to do now in every session of the side; of a challenger without one, a proof or the opening of one.
   * @throws ExecutionError
   */
  play(model: RunnableModel, inputs: readonly Tensor[], limits: RunLimits, position: Position): Promise<Plan>;
}

/** An artefact that cannot be had now (network, disk), or whose bytes at every source have another hash. */
export class ArtefactError extends Error {
  readonly isRetryable: boolean;

  constructor(message: string, isRetryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = "ArtefactError";
    this.isRetryable = isRetryable;
  }
}

/** URIs of an artefact, in the order in which they are tried. */
export interface ArtefactUris {
  /** From the operator's own configuration (file:, http:, https:): they lead wherever it wants. */
  readonly configured: readonly string[];
  /** From the chain, where anybody writes them (http:, https:): they lead to public addresses only. */
  readonly registered: readonly string[];
}

export interface Artefacts {
  /**
   * The path of a local file that has this hash, fetched from the first URI that serves it, the configured ones first.
   * @throws ArtefactError
   */
  obtain(sha256: Hex, uris: ArtefactUris): Promise<string>;
}

// -------------------------------------------------------------------------------------------------- chain

export interface Block {
  readonly number: number;
  readonly hash: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** A registered model, as far as serving it needs. */
export interface RegisteredModel {
  readonly modelId: ModelId;
  readonly owner: Address;
  /** 0: artefact only, not disputable; 1: kernel program. */
  readonly semantics: number;
  /** undefined for semantics 0. */
  readonly program: ProgramSpec | undefined;
  readonly inputs: readonly TensorSignature<number>[];
  readonly outputs: readonly TensorSignature<number>[];
  readonly artefactHash: Hex;
  /** `abi.encode` of its whole description, whose hash is the id. */
  readonly spec: Uint8Array;
  /** Where the artefact can be had, the newest announcement first. */
  readonly uris: readonly string[];
}

/** A request exactly as the `Requested` event states it and every call supplies it; the last words are packed. */
export interface Request {
  readonly requester: Address;
  readonly nonce: bigint;
  readonly modelId: ModelId;
  readonly inputRoot: Hex;
  readonly policy: bigint;
  /** Wei. */
  readonly fee: bigint;
  readonly model: bigint;
  readonly assignment: bigint;
}

/** The words of a request, unpacked. */
export interface Terms {
  readonly wantsProvisional: boolean;
  readonly wantsFinal: boolean;
  /** Gas of each callback. */
  readonly callbackGas: bigint;
  /** Wei paid to the operator for the callbacks. */
  readonly callbackCost: bigint;
  /** Seconds. */
  readonly answerPeriod: number;
  readonly minBondWei: bigint;
  readonly royaltyBps: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Who was drawn; undefined: anyone answers at once. */
  readonly assignedTo: Address | undefined;
  /** Unix seconds. */
  readonly requestedAt: number;
  /** The last second, unix, in which only the assigned operator answers. */
  readonly exclusiveUntil: number;
  /** 1/10,000 of the fee that the assigned operator loses if it lets that second pass. */
  readonly penaltyBps: number;
}

/** The part of a signed Result that neither request nor output determines. */
export interface Answer {
  readonly operator: Address;
  /** Unix seconds. */
  readonly issuedAt: number;
  readonly traceRoot: Hex;
}

/** A request seen on chain. `requestId` was recomputed from the event and matches. */
export interface RequestedEvent {
  readonly requestId: RequestId;
  readonly request: Request;
  /** The flat input; its root was recomputed and matches. */
  readonly input: Uint8Array;
  readonly block: Pick<Block, "number" | "hash">;
}

/** An answer seen on chain. Which Result it is depends on its request as well. */
export interface AssertedEvent {
  readonly requestId: RequestId;
  readonly assertionId: AssertionId;
  readonly answer: Answer;
  readonly outputRoot: Hex;
  /** The flat output; its root was recomputed and matches. */
  readonly output: Uint8Array;
  /** Unix seconds. */
  readonly finalisableAt: number;
  readonly block: Pick<Block, "number" | "hash">;
}

/** How an assertion ended: settled ones lived beside the final one. */
export interface EndedEvent {
  readonly ending: "rejected" | "final" | "settled";
  readonly requestId: RequestId;
  readonly assertionId: AssertionId;
  readonly block: Pick<Block, "number" | "hash">;
}

/** An event of the dispute game and its place on chain. */
export interface PlacedGameEvent {
  readonly event: GameEvent;
  readonly block: Pick<Block, "number" | "hash">;
  /** Of the log in its block. */
  readonly logIndex: number;
}

/** What the contracts said, each kind in the order of the chain. */
export interface ChainEvents {
  readonly requests: readonly RequestedEvent[];
  readonly assertions: readonly AssertedEvent[];
  readonly endings: readonly EndedEvent[];
  readonly game: readonly PlacedGameEvent[];
}

export type RequestStatus = "none" | "requested" | "asserted" | "final" | "expired";

/** What the chain says now about a request and our own assertion on it. */
export interface RequestView {
  readonly status: RequestStatus;
  /** Unix seconds the answer period counts from. */
  readonly startedAt: number;
  readonly liveAssertions: number;
  readonly provisionalDelivered: boolean;
  readonly finalDelivered: boolean;
  /** A rejection reopened it: {@link takeover} counts, not the first assignment. */
  readonly isReopened: boolean;
  /** Who answers exclusively after a won dispute; until: unix seconds, inclusive, and half of the answer period at most. */
  readonly takeover: { readonly operator: Address; readonly until: number } | undefined;
  readonly own: AssertionView | undefined;
}

export interface AssertionView {
  readonly isLive: boolean;
  readonly isHeld: boolean;
  /** Unix seconds. */
  readonly finalisableAt: number;
}

export interface OperatorView {
  readonly stakeWei: bigint;
  readonly lockedWei: bigint;
  /** Owed to the operator: earnings, refunds, awards. */
  readonly owedWei: bigint;
  readonly isLive: boolean;
  readonly isJailed: boolean;
}

/** A transaction without its sender. */
export interface Call {
  readonly to: Address;
  readonly data: Hex;
  /** Sent along; undefined: nothing. */
  readonly valueWei?: bigint;
}

/** A call that reverts, with the custom error's name and arguments where known ("unknown" otherwise). */
export class RevertError extends Error {
  readonly errorName: string;
  readonly args: readonly unknown[];

  constructor(errorName: string, args: readonly unknown[] = [], options?: ErrorOptions) {
    super(`reverted with ${errorName}(${args.map(String).join(", ")})`, options);
    this.name = "RevertError";
    this.errorName = errorName;
    this.args = args;
  }
}

/** A signed answer, ready to be asserted. */
export interface SignedAnswer {
  readonly request: Request;
  readonly answer: Answer;
  readonly output: Uint8Array;
  readonly signature: Hex;
}

export interface Finalisation {
  readonly request: Request;
  readonly answer: Answer;
  readonly outputRoot: Hex;
  /** Empty unless a Final callback was bought. */
  readonly output: Uint8Array;
}

/** No endpoint of the chain answers, or not sensibly. Another try may succeed. */
export class RpcError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RpcError";
  }
}

/** Reads answer for the latest block. All reject with {@link RpcError} when no endpoint answers. */
export interface Chain {
  head(): Promise<Block>;
  /** The model as registered; undefined if it is not, or if its description is not what its id says. */
  model(modelId: ModelId): Promise<RegisteredModel | undefined>;
  request(requestId: RequestId, operator: Address): Promise<RequestView>;
  operator(operator: Address): Promise<OperatorView>;
  /** Root of the output that is final; undefined if none is, or the logs that tell it are not there yet. */
  finalRoot(requestId: RequestId, fromBlock: number): Promise<Hex | undefined>;
  /** Wei per gas that a transaction would pay now. */
  gasPriceWei(): Promise<bigint>;
  /** Wei of stake that an answer locks. */
  bondWei(terms: Terms): bigint;
  terms(request: Request): Terms;

  assertResults(answers: readonly SignedAnswer[]): Call;
  finalise(finalisations: readonly Finalisation[]): Call;
  settle(request: Request, answer: Answer, outputRoot: Hex, finalRoot: Hex): Call;
  deliver(request: Request, answer: Answer, output: Uint8Array): Call;
  withdrawFor(account: Address): Call;
  /**
   * Gas the call needs now from the outbox's sender.
   * @throws RevertError
   */
  estimateGas(call: Call): Promise<bigint>;
}

/** The dispute game of a deployment. Reads answer for the latest block and reject with {@link RpcError}. */
export interface Game {
  readonly parameters: DisputeParameters;
  assertionId(result: Result): AssertionId;
  caseOf(assertionId: AssertionId): Promise<Case>;
  /** undefined: not refuted, or there is nothing to share. */
  refutationOf(assertionId: AssertionId): Promise<Refutation | undefined>;
  call(move: Move): Call;
}

/** What happened on chain since the blocks that were read last. */
export type FeedStep =
  | { readonly kind: "idle" }
  /** A reorganisation: the blocks after this one are not the chain's any more. */
  | { readonly kind: "rewind"; readonly to: number }
  /** The next blocks in order (not necessarily all of them, but the last one and all recent ones), and their events. */
  | ({
      readonly kind: "advance";
      readonly blocks: readonly Pick<Block, "number" | "hash">[];
    } & ChainEvents);

export interface Feed {
  /**
   * @param tail the blocks read last, the newest first; empty: start at the deployment
   * @throws RpcError
   */
  next(tail: readonly Pick<Block, "number" | "hash">[]): Promise<FeedStep>;
}

export interface Signer {
  /** EIP-712 signature over the Result of these parts, by the operator's key. */
  sign(request: Request, requestId: RequestId, answer: Answer, outputRoot: Hex): Promise<Hex>;
}

/** How a transaction fares. `final` states do not change any more but by a reorganisation below the confirmations. */
export type Delivery =
  /** `keys`: all that the transaction is for. */
  | { readonly state: "pending"; readonly keys: readonly string[] }
  | { readonly state: "mined"; readonly block: number; readonly gasUsed: bigint; readonly costWei: bigint }
  | {
      readonly state: "reverted";
      readonly block: number;
      readonly gasUsed: bigint;
      readonly costWei: bigint;
      readonly errorName: string;
    }
  | { readonly state: "cancelled" };

export interface Outbox {
  /** The most gas a transaction may be given. */
  readonly maxGas: bigint;
  /**
   * Queues a transaction; resolves once it is stored. `keys` say what it is for: nothing happens if any of them was
   * used before, so a caller that crashed after the call repeats it safely.
   * @throws RangeError above `maxGas`
   */
  submit(keys: readonly string[], call: Call, gasLimit: bigint): Promise<void>;
  /** undefined: no transaction has this key. */
  delivery(key: string): Promise<Delivery | undefined>;
  /** How many keys with this beginning were used. */
  attempts(prefix: string): Promise<number>;
  /**
   * Takes the transactions whose keys begin like this out of the queue, or replaces them by empty ones if they were sent
   * and are not mined: now, or when a reorganisation undoes them.
   */
  cancel(prefix: string): Promise<void>;
}

// ---------------------------------------------------------------------------------------------- telemetry

export interface Clock {
  /** Unix milliseconds. */
  nowMs(): number;
}

/** The part of pino that is used: an object of fields, then the message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(bindings: Record<string, unknown>): Logger;
}

type Labels = Readonly<Record<string, string>>;

export interface Counter {
  inc(labels?: Labels, value?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

export interface MetricOptions {
  /** Prometheus name with its unit, without the prefix "assay_". */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** Each feature makes its own metrics, once, when it is constructed. */
export interface Metrics {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram;
}
