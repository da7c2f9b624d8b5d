/** The coordinator and its model registry, as the roles see them. */
import { Interface, type TransactionRequest, ZeroAddress } from "ethers";
import type {
  Address,
  Answer,
  AssertionView,
  Block,
  Call,
  Chain,
  Finalisation,
  Logger,
  ModelId,
  OperatorView,
  RegisteredModel,
  Request,
  RequestId,
  RequestStatus,
  RequestView,
  SignedAnswer,
  Terms,
} from "../roles/ports.ts";
import { RpcError } from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";
import { COORDINATOR_ABI, MODEL_REGISTRY_ABI } from "./abi.ts";
import { coordinatorAt } from "./contracts.ts";
import { LogReader } from "./logReader.ts";
import type { Manifest } from "./manifest.ts";
import { encodeSpec, modelId as idOfModel, programOf, specFromAbi } from "./modelSpec.ts";
import { RpcAnswerError, type RpcProvider } from "./provider.ts";
import { revertOf } from "./revert.ts";
import { transactionOf } from "./transaction.ts";
import { maxWei, WEI_PER_GWEI } from "./wei.ts";
import { ASSERTION_STATE, ASSIGNMENT, MODEL, POLICY, REQUEST_STATE, unpackWord } from "./words.ts";

const coordinatorInterface = new Interface(COORDINATOR_ABI);
const registryInterface = new Interface(MODEL_REGISTRY_ABI);

export interface ClientOptions {
  readonly manifest: Pick<Manifest, "addresses" | "block" | "parameters">;
  /** Who sends the transactions: gas is estimated for it. */
  readonly sender: Address;
  /** The most gas a transaction may be given. */
  readonly maxGas: bigint;
  /** Blocks per query of logs at first. */
  readonly maxRange: number;
}

export class ChainClient implements Chain {
  readonly #options: ClientOptions;
  readonly #provider: RpcProvider;
  readonly #logs: LogReader;
  readonly #coordinator: ReturnType<typeof coordinatorAt>;

  constructor(options: ClientOptions, { provider, logger }: { provider: RpcProvider; logger: Logger }) {
    this.#options = options;
    this.#provider = provider;
    this.#logs = new LogReader(provider, options.maxRange, logger);
    this.#coordinator = coordinatorAt(options.manifest.addresses.coordinator, provider);
  }

  async head(): Promise<Block> {
    const block = await this.#provider.getBlock("latest");
    if (block === null || block.hash === null) throw new RpcError("there is no latest block");
    return { number: block.number, hash: block.hash as Hex, timestamp: block.timestamp };
  }

  async model(modelId: ModelId): Promise<RegisteredModel | undefined> {
    const topics = [
      ["ModelRegistered", "ArtefactMoved"].map((name) => registryInterface.getEvent(name)?.topicHash ?? name),
      modelId,
    ];
    const { addresses, block } = this.#options.manifest;
    const head = await this.#provider.getBlockNumber();
    const logs = await this.#logs.read({ address: addresses.modelRegistry, topics }, block.number, head);
    const events = logs.map((log) => registryInterface.parseLog(log));
    const registered = events.find((event) => event?.name === "ModelRegistered");
    if (!registered) return undefined;
    const spec = specFromAbi(registered.args.spec);
    if (idOfModel(spec) !== modelId) return undefined;
    const uris = events.map((event) => String(event?.args.uri)).reverse();
    const { owner, semantics, inputs, outputs, artefactHash } = spec;
    const about = { owner, semantics, inputs, outputs, artefactHash, program: programOf(spec) };
    return { modelId, ...about, uris, spec: encodeSpec(spec) };
  }

  async request(requestId: RequestId, operator: Address): Promise<RequestView> {
    const [stateWord, assertionWord] = await Promise.all([
      this.#coordinator.requestStateOf(requestId),
      this.#coordinator.assertionStateOf(requestId, operator),
    ]);
    const state = unpackWord(REQUEST_STATE, stateWord);
    return {
      status: state.status.toLowerCase() as RequestStatus,
      startedAt: state.startedAt,
      liveAssertions: state.live,
      provisionalDelivered: state.provisionalDelivered,
      finalDelivered: state.finalDelivered,
      isReopened: state.reopened,
      takeover: state.reopened ? await this.#takeover(requestId) : undefined,
      own: assertionWord === 0n ? undefined : assertionOf(assertionWord),
    };
  }

  async #takeover(requestId: RequestId): Promise<RequestView["takeover"]> {
    const { operator, until } = await this.#coordinator.takeoverOf(requestId);
    return operator === ZeroAddress ? undefined : { operator, until: Number(until) };
  }

  async operator(operator: Address): Promise<OperatorView> {
    const [view, owedWei] = await Promise.all([
      this.#coordinator.operatorOf(operator),
      this.#coordinator.owedTo(operator),
    ]);
    return { stakeWei: view.stake, lockedWei: view.locked, owedWei, isLive: view.live, isJailed: view.jailed };
  }

  async finalRoot(requestId: RequestId, fromBlock: number): Promise<Hex | undefined> {
    const topics = [
      ["Asserted", "Finalised"].map((name) => coordinatorInterface.getEvent(name)?.topicHash ?? name),
      requestId,
    ];
    const head = await this.#provider.getBlockNumber();
    const address = this.#options.manifest.addresses.coordinator;
    const logs = await this.#logs.read({ address, topics }, fromBlock, head);
    const events = logs.map((log) => coordinatorInterface.parseLog(log));
    const final = events.find((event) => event?.name === "Finalised");
    const asserted = events.find(
      (event) => event?.name === "Asserted" && event.args.assertionId === final?.args.assertionId,
    );
    return asserted?.args.outputRoot;
  }

  async gasPriceWei(): Promise<bigint> {
    const { gasPrice } = await this.#provider.getFeeData();
    if (gasPrice === null) throw new RpcError("there is no gas price");
    return gasPrice;
  }

  bondWei(terms: Terms): bigint {
    return maxWei(terms.minBondWei, this.#options.manifest.parameters.operatorBond);
  }

  terms(request: Request): Terms {
    const policy = unpackWord(POLICY, request.policy);
    const model = unpackWord(MODEL, request.model);
    const assignment = unpackWord(ASSIGNMENT, request.assignment);
    const callbacks = BigInt(Number(policy.provisional) + Number(policy.final));
    const callbackGas = BigInt(policy.callbackGas);
    return {
      wantsProvisional: policy.provisional,
      wantsFinal: policy.final,
      callbackGas,
      callbackCost: callbacks * callbackGas * policy.callbackGasPrice,
      answerPeriod: policy.answerPeriod,
      minBondWei: policy.minBond * WEI_PER_GWEI,
      royaltyBps: model.royaltyBps,
      inputBytes: model.inputBytes,
      outputBytes: model.outputBytes,
      assignedTo: assignment.operator === ZeroAddress ? undefined : assignment.operator,
      requestedAt: assignment.requestedAt,
      exclusiveUntil: assignment.requestedAt + assignment.latency,
      penaltyBps: model.semantics === 0 ? 0 : assignment.penaltyBps,
    };
  }

  assertResults(answers: readonly SignedAnswer[]): Call {
    const [only] = answers;
    if (only !== undefined && answers.length === 1) {
      return this.#call("assertResult", [only.request, only.answer, only.output, only.signature]);
    }
    return this.#call("assertResults", [answers]);
  }

  finalise(finalisations: readonly Finalisation[]): Call {
    const [only] = finalisations;
    if (only !== undefined && finalisations.length === 1) {
      return this.#call("finalise", [only.request, only.answer, only.outputRoot, only.output]);
    }
    return this.#call("finaliseBatch", [finalisations]);
  }

  settle(request: Request, answer: Answer, outputRoot: Hex, finalRoot: Hex): Call {
    return this.#call("settle", [request, answer, outputRoot, finalRoot]);
  }

  deliver(request: Request, answer: Answer, output: Uint8Array): Call {
    return this.#call("deliver", [request, answer, output]);
  }

  withdrawFor(account: Address): Call {
    return this.#call("withdrawFor", [account]);
  }

  #call(method: string, args: readonly unknown[]): Call {
    const data = coordinatorInterface.encodeFunctionData(method, [...args]) as Hex;
    return { to: this.#options.manifest.addresses.coordinator, data };
  }

  async estimateGas(call: Call): Promise<bigint> {
    const transaction = { ...transactionOf(call), from: this.#options.sender };
    try {
      return await this.#provider.estimateGas(transaction);
    } catch (error) {
      const revert = revertOf(error);
      // Hardhat estimates nothing in which a consumer's callback runs out of the gas that it bought.
      if (revert.errorName !== "unknown" || !(await this.#succeeds(transaction, this.#options.maxGas))) throw revert;
      return await this.#leastGas(transaction);
    }
  }

  /** Gas with which the call succeeds, at most a 64th more than it needs. */
  async #leastGas(transaction: TransactionRequest): Promise<bigint> {
    let tooLittle = 0n;
    let enough = this.#options.maxGas;
    while (enough - tooLittle > enough / 64n) {
      const middle = (tooLittle + enough) / 2n;
      if (await this.#succeeds(transaction, middle)) enough = middle;
      else tooLittle = middle;
    }
    return enough;
  }

  async #succeeds(transaction: TransactionRequest, gasLimit: bigint): Promise<boolean> {
    try {
      await this.#provider.call({ ...transaction, gasLimit });
      return true;
    } catch (error) {
      // With less gas than a transaction costs before it begins, nodes refuse in words of their own.
      if (error instanceof RpcAnswerError) return false;
      revertOf(error);
      return false;
    }
  }
}

function assertionOf(word: bigint): AssertionView {
  const { live, held, finalisableAt } = unpackWord(ASSERTION_STATE, word);
  return { isLive: live, isHeld: held, finalisableAt };
}
