/** What the commands need of the world; main.ts brings it. */
import type { Config } from "../config/schema.ts";
import type { TensorSignature } from "../model/onnx/signature.ts";
import type {
  Address,
  ArtefactUris,
  AssertedEvent,
  Block,
  Call,
  Executor,
  Judgement,
  ModelId,
  OperatorView,
  ProgramSpec,
  RegisteredModel,
  RequestedEvent,
  RequestId,
  RunnableModel,
  Tensor,
} from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";

/** What a deployment fixed for ever. Money in wei, times in seconds. */
export interface Deployment {
  readonly chainId: number;
  readonly coordinator: Address;
  readonly windowS: number;
  readonly exitDelayS: number;
  readonly maxAnswerPeriodS: number;
  readonly minStakeWei: bigint;
  readonly operatorBondWei: bigint;
}

export interface OperatorDetails extends OperatorView {
  readonly exitingWei: bigint;
  /** Unix seconds; 0: no exit is pending. */
  readonly exitAtS: number;
}

export interface Offer {
  readonly operator: Address;
  /** Wanted of a fee, after the royalty. */
  readonly priceGwei: bigint;
  readonly latencyS: number;
  readonly penaltyBps: number;
  /** Thousands of gas. */
  readonly callbackKgas: number;
}

/** What the chain says of a model today. */
export interface ModelTerms {
  readonly royaltyBps: number;
  readonly isDeprecated: boolean;
}

/** A transaction, and what it pays along. */
export interface PaidCall extends Call {
  readonly valueWei: bigint;
}

export interface Receipt {
  readonly transactionHash: Hex;
  readonly block: number;
  readonly gasUsed: bigint;
  readonly costWei: bigint;
}

/** An opened key that sends transactions and waits for each. */
export interface Account {
  readonly address: Address;
  /**
   * @throws RevertError before anything is sent if the call would revert
   * @throws RpcError
   */
  send(call: PaidCall): Promise<Receipt>;
  /** The key's consent to sign for this operator. */
  signKeyBinding(operator: Address): Promise<Hex>;
}

export interface NewModel {
  readonly inputs: readonly TensorSignature<number>[];
  readonly outputs: readonly TensorSignature<number>[];
  readonly artefactHash: Hex;
  readonly owner: Address;
  readonly salt: Hex;
  /** undefined: artefact only, semantics 0. */
  readonly program: NewProgram | undefined;
}

export interface NewProgram extends ProgramSpec {
  /** Hashes to the kernel root. */
  readonly rootPreimage: Uint8Array;
}

/** The transactions of an operator, a model's owner and a requester. */
export interface Calls {
  stake(amountWei: bigint): PaidCall;
  requestExit(amountWei: bigint): PaidCall;
  completeExit(to: Address): PaidCall;
  addKey(signature: Hex): PaidCall;
  retireKey(key: Address): PaidCall;
  setLive(isLive: boolean): PaidCall;
  setOffer(modelId: ModelId, offer: Omit<Offer, "operator">): PaidCall;
  removeOffer(modelId: ModelId, operator: Address): PaidCall;
  withdraw(to: Address): PaidCall;
  /** A new model, and its id. Throws a ToleranceRangeError. */
  register(model: NewModel, royaltyBps: number, uri: string): { readonly modelId: ModelId; readonly call: PaidCall };
  /** A request without callbacks. */
  request(modelId: ModelId, tensors: readonly Uint8Array[], answerPeriodS: number, feeWei: bigint): PaidCall;
}

/** What happened to a request. */
export type RequestStep =
  | {
      readonly kind: "asserted";
      readonly assertionId: Hex;
      readonly operator: Address;
      /** Unix seconds. */
      readonly finalisableAtS: number;
      /** The flat output. */
      readonly output: Uint8Array;
    }
  | { readonly kind: "rejected" | "final"; readonly assertionId: Hex }
  | { readonly kind: "expired" };

/** An answer as it was asserted, and what became of it. */
export interface GivenAnswer extends AssertedEvent {
  readonly state: "live" | "rejected" | "final" | "settled";
}

/** What the chain has of a request; ids and roots were recomputed, and match. */
export interface AnsweredRequest {
  readonly asked: RequestedEvent;
  /** In the order in which they were given. */
  readonly answers: readonly GivenAnswer[];
}

/** A deployment on a chain. Everything rejects with RpcError when no endpoint answers. */
export interface Session {
  readonly deployment: Deployment;
  readonly calls: Calls;
  /**
   * Whether the chain is the manifest's.
   * @throws Error naming every difference
   */
  verify(): Promise<void>;
  /** @throws KeystoreError */
  account(keystoreFile: string, password: string): Promise<Account>;
  head(): Promise<Block>;
  gasPriceWei(): Promise<bigint>;
  balanceWei(address: Address): Promise<bigint>;
  operator(operator: Address): Promise<OperatorDetails>;
  /** Whose key it is now; undefined: nobody's, or retired. */
  operatorOfKey(key: Address): Promise<Address | undefined>;
  offer(modelId: ModelId, operator: Address): Promise<Offer | undefined>;
  /** The offers listed for a model. */
  offers(modelId: ModelId): Promise<readonly Offer[]>;
  model(modelId: ModelId): Promise<RegisteredModel | undefined>;
  /** undefined: there is no such model. */
  modelTerms(modelId: ModelId): Promise<ModelTerms | undefined>;
  /** The request that a transaction made, and the call that refunds it when nobody answered in time. */
  requestIn(receipt: Receipt): Promise<{ readonly requestId: RequestId; readonly expire: PaidCall }>;
  /** What happened to it from this block on, in order. */
  requestSteps(requestId: RequestId, fromBlock: number): Promise<readonly RequestStep[]>;
  /** undefined: there is no such request. */
  answeredRequest(requestId: RequestId): Promise<AnsweredRequest | undefined>;
  close(): void;
}

export interface Keystores {
  /** @throws KeystoreError */
  create(file: string, password: string): Promise<Address>;
  /** The address that the file states. Throws KeystoreError. */
  addressIn(file: string): Address;
  /** Whether others than the file's owner may read it. */
  isExposed(file: string): boolean;
}

/** What the node keeps, as far as it can be read while no node runs on it. */
export interface StoreSummary {
  /** Jobs by state. */
  readonly jobs: Readonly<Record<string, number>>;
  /** The last block that was read. */
  readonly block: number | undefined;
}

export interface Tools {
  readonly keystores: Keystores;
  /**
   * @throws Error if the manifest cannot be read
   */
  connect(config: Config): Session;
  /**
   * Whether a node could serve it: ONNX Runtime loads the file with this signature, and it compiles to its program.
   * @throws ExecutionError
   */
  tryModel(config: Config, model: Omit<RunnableModel, "modelId">): Promise<void>;
  /**
   * Whether an answer is what the model's program gives.
   * @throws ExecutionError, "program" unless the model's file compiles to the registered program
   */
  judge(
    config: Config,
    model: RunnableModel,
    inputs: readonly Tensor[],
    answer: { readonly output: Uint8Array; readonly traceRoot: Hex },
  ): Promise<Judgement>;
  /** ONNX Runtime in processes of its own, which end with it. */
  openRuntime(): Executor & { close(): Promise<void> };
  /** The local path of a model's file, fetched if need be. Throws ArtefactError. */
  obtain(config: Config, artefactHash: Hex, uris: ArtefactUris): Promise<string>;
  /** "none": no node was ever started; "in use": one runs. */
  storeSummary(config: Config): Promise<StoreSummary | "none" | "in use">;
  /** Runs the node until the process is told to stop. */
  start(config: Config, password: string): Promise<void>;
}
