/** A deployment as the command line uses it: read, verified, and written to with a person's key. */
import { getAddress, getBytes, Interface, ZeroAddress } from "ethers";
import type {
  Account,
  AnsweredRequest,
  Deployment,
  ModelTerms,
  Offer,
  OperatorDetails,
  PaidCall,
  Receipt,
  RequestStep,
  Session,
} from "../cli/ports.ts";
import type {
  Address,
  AssertedEvent,
  Block,
  ModelId,
  RegisteredModel,
  RequestedEvent,
  RequestId,
} from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";
import { COORDINATOR_ABI } from "./abi.ts";
import { WalletAccount } from "./account.ts";
import { readAsserted, readEnded } from "./asserted.ts";
import { DeploymentCalls } from "./calls.ts";
import type { ChainClient } from "./client.ts";
import { coordinatorAt } from "./contracts.ts";
import { GarbageLogError } from "./garbageLog.ts";
import { requestFromAbi } from "./ids.ts";
import { loadKeystore } from "./keystore.ts";
import type { LogReader } from "./logReader.ts";
import { checkManifest, type Manifest } from "./manifest.ts";
import type { RpcProvider } from "./provider.ts";
import { readRequested } from "./requested.ts";
import { assertionId, domainOf } from "./typedData.ts";
import { MODEL, OFFER, unpackWord } from "./words.ts";

const coordinatorInterface = new Interface(COORDINATOR_ABI);
const ENDINGS = ["Rejected", "Finalised", "Settled"] as const;
const STEP_EVENTS = ["Asserted", "Rejected", "Finalised", "Expired"];
/** Offers read at once. */
const PAGE = 100n;

export interface SessionDeps {
  readonly manifest: Manifest;
  readonly provider: RpcProvider;
  readonly client: ChainClient;
  readonly logs: LogReader;
}

export class ChainSession implements Session {
  readonly deployment: Deployment;
  readonly calls: DeploymentCalls;
  readonly #deps: SessionDeps;
  readonly #coordinator: ReturnType<typeof coordinatorAt>;

  constructor(deps: SessionDeps) {
    const { chainId, addresses, parameters } = deps.manifest;
    this.#deps = deps;
    this.#coordinator = coordinatorAt(addresses.coordinator, deps.provider);
    this.calls = new DeploymentCalls(addresses);
    this.deployment = {
      chainId,
      coordinator: addresses.coordinator,
      windowS: parameters.window,
      exitDelayS: parameters.exitDelay,
      maxAnswerPeriodS: parameters.maxAnswerPeriod,
      minStakeWei: parameters.minStake,
      operatorBondWei: parameters.operatorBond,
    };
  }

  verify(): Promise<void> {
    return checkManifest(this.#deps.provider, this.#deps.manifest);
  }

  async account(keystoreFile: string, password: string): Promise<Account> {
    const wallet = await loadKeystore(keystoreFile, password);
    const { chainId, coordinator } = this.deployment;
    return new WalletAccount(wallet, this.#deps.provider, domainOf(BigInt(chainId), coordinator));
  }

  head(): Promise<Block> {
    return this.#deps.client.head();
  }

  gasPriceWei(): Promise<bigint> {
    return this.#deps.client.gasPriceWei();
  }

  balanceWei(address: Address): Promise<bigint> {
    return this.#deps.provider.getBalance(address);
  }

  async operator(operator: Address): Promise<OperatorDetails> {
    const [view, { exiting, exitAt }] = await Promise.all([
      this.#deps.client.operator(operator),
      this.#coordinator.operatorOf(operator),
    ]);
    return { ...view, exitingWei: exiting, exitAtS: Number(exitAt) };
  }

  async operatorOfKey(key: Address): Promise<Address | undefined> {
    const { operator, retiredAt } = await this.#coordinator.keyOf(key);
    return operator === ZeroAddress || retiredAt !== 0n ? undefined : operator;
  }

  async offer(modelId: ModelId, operator: Address): Promise<Offer | undefined> {
    return offerOf(await this.#coordinator.offerOf(modelId, operator));
  }

  async offers(modelId: ModelId): Promise<readonly Offer[]> {
    const offers: Offer[] = [];
    for (let start = 0n; ; start += PAGE) {
      const page = await this.#coordinator.offersOf(modelId, start, PAGE);
      // A copy: what ethers' own arrays map to begins with a 0 where there should be nothing.
      offers.push(...Array.from(page).flatMap((word) => offerOf(word) ?? []));
      if (BigInt(page.length) < PAGE) return offers;
    }
  }

  model(modelId: ModelId): Promise<RegisteredModel | undefined> {
    return this.#deps.client.model(modelId);
  }

  async modelTerms(modelId: ModelId): Promise<ModelTerms | undefined> {
    const word = await this.#coordinator.modelOf(modelId);
    if (word === 0n) return undefined;
    const { royaltyBps, deprecated } = unpackWord(MODEL, word);
    return { royaltyBps, isDeprecated: deprecated };
  }

  async requestIn({ transactionHash }: Receipt): Promise<{ requestId: RequestId; expire: PaidCall }> {
    const receipt = await this.#deps.provider.getTransactionReceipt(transactionHash);
    const event = receipt?.logs
      .map((log) => coordinatorInterface.parseLog(log))
      .find((parsed) => parsed?.name === "Requested");
    if (!event) throw new Error(`the transaction ${transactionHash} made no request`);
    const { requestId, request } = event.args;
    return { requestId, expire: this.calls.expire(requestFromAbi(request)) };
  }

  async requestSteps(requestId: RequestId, fromBlock: number): Promise<readonly RequestStep[]> {
    const names = STEP_EVENTS.map((name) => coordinatorInterface.getEvent(name)?.topicHash ?? name);
    const { number } = await this.head();
    const address = this.deployment.coordinator;
    const logs = await this.#deps.logs.read({ address, topics: [names, requestId] }, fromBlock, number);
    return logs.map((log) => stepOf(coordinatorInterface.parseLog(log)));
  }

  async answeredRequest(requestId: RequestId): Promise<AnsweredRequest | undefined> {
    const { chainId, coordinator } = this.deployment;
    const names = ["Requested", "Asserted", ...ENDINGS];
    const topics = names.map((name) => coordinatorInterface.getEvent(name)?.topicHash ?? name);
    const { number } = await this.head();
    const { block } = this.#deps.manifest;
    const logs = await this.#deps.logs.read(
      { address: coordinator, topics: [topics, requestId] },
      block.number,
      number,
    );
    const named = (name: string) => logs.filter((log) => coordinatorInterface.parseLog(log)?.name === name);
    const [requested] = named("Requested");
    if (requested === undefined) return undefined;
    const asked = readRequested(BigInt(chainId), coordinator, requested);
    const endings = ENDINGS.flatMap((name) => named(name).map((log) => readEnded(name, log)));
    const answers = named("Asserted").map((log) => {
      const given = readAsserted(log);
      this.#checkId(asked, given);
      const state = endings.find(({ assertionId }) => assertionId === given.assertionId)?.ending ?? "live";
      return { ...given, state } as const;
    });
    return { asked, answers };
  }

  #checkId({ requestId, request }: RequestedEvent, { assertionId: claimed, answer, outputRoot }: AssertedEvent): void {
    const { chainId, coordinator } = this.deployment;
    const { modelId, inputRoot } = request;
    const { operator, traceRoot } = answer;
    const result = {
      modelId,
      requestId,
      inputRoot,
      outputRoot,
      traceRoot,
      operator,
      issuedAt: BigInt(answer.issuedAt),
    };
    const id = assertionId(domainOf(BigInt(chainId), coordinator), result);
    if (id !== claimed) throw new GarbageLogError(`its fields make ${id}, not ${claimed}`);
  }

  close(): void {
    this.#deps.provider.destroy();
  }
}

function offerOf(word: bigint): Offer | undefined {
  if (word === 0n) return undefined;
  const { operator, price, latency, penaltyBps, callbackKgas } = unpackWord(OFFER, word);
  return { operator, priceGwei: price, latencyS: latency, penaltyBps, callbackKgas };
}

function stepOf(event: ReturnType<Interface["parseLog"]>): RequestStep {
  const assertionId = event?.args.assertionId as Hex;
  switch (event?.name) {
    case "Asserted": {
      const { operator, finalisableAt, output } = event.args;
      const output_ = getBytes(output);
      return { kind: "asserted", assertionId, operator, finalisableAtS: Number(finalisableAt), output: output_ };
    }
    case "Finalised":
      return { kind: "final", assertionId };
    case "Rejected":
      return { kind: "rejected", assertionId };
    default:
      return { kind: "expired" };
  }
}

/** An address in the form in which the chain's formats have it: equal addresses are equal strings. */
export const checksummed = (address: string): Address => getAddress(address);
