// A coordinator with its registry, models and operators, and the life of a request one function per step.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import {
  type BaseContract,
  type BytesLike,
  type ContractTransactionReceipt,
  type ContractTransactionResponse,
  concat,
  getBytes,
  id as hashOf,
  hexlify,
  keccak256,
  type LogDescription,
  parseEther,
  SigningKey,
  TypedDataEncoder,
  toBeHex,
  ZeroAddress,
  ZeroHash,
} from "ethers";
import { globalOptions, network } from "hardhat";
import { assertionId, domainOf } from "../../oracle/chain/typedData.ts";
import { POLICY, type Policy, packWord } from "../../oracle/chain/words.ts";
import type { Result } from "../../oracle/dispute/session.ts";
import { chunkRoot } from "../../oracle/vm/chunkTree.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import type {
  GasProbe,
  HostileConsumer,
  InferenceCoordinator,
  ModelRegistry,
  NullArbiter,
  RejectingArbiter,
} from "../../types/index.ts";

/** The chain that a world lives on. */
export type Connection = Awaited<ReturnType<typeof network.create>>;

export interface Operator {
  readonly account: HardhatEthersSigner;
  readonly address: string;
  readonly key: SigningKey;
}

/** A request, as the contracts take it. */
export interface Request {
  requester: string;
  nonce: bigint;
  modelId: string;
  inputRoot: string;
  policy: bigint;
  fee: bigint;
  model: bigint;
  assignment: bigint;
}

export interface Answer {
  operator: string;
  issuedAt: bigint;
  traceRoot: string;
}

/** An answer with its output and signature: what `assertResult` takes beside the request. */
export interface Signed {
  answer: Answer;
  output: string;
  outputRoot: string;
  assertionId: string;
  signature: string;
}

export interface Asked {
  id: string;
  request: Request;
  receipt: ContractTransactionReceipt;
}

export const PARAMETERS = {
  window: 3_600n,
  exitDelay: 86_400n,
  takeoverPeriod: 600n,
  maxAnswerPeriod: 604_800n,
  minStake: parseEther("1"),
  operatorBond: parseEther("0.1"),
};

export const ROYALTY_BPS = 500n;
export const FEE = parseEther("0.01");
export const ANSWER_PERIOD = 7_200;

export const F32 = 1;
/** 32 floats in, 24 out: 128 and 96 bytes. */
export const INPUTS = [{ name: "x", dtype: F32, dims: [1, 32] }];
export const OUTPUTS = [{ name: "y", dtype: F32, dims: [1, 24] }];
export const INPUT = hexlify(new Uint8Array(128).fill(7));
export const OUTPUT = hexlify(new Uint8Array(96).fill(9));
export const OTHER_OUTPUT = hexlify(new Uint8Array(96).fill(8));

const NO_CALLBACKS: Policy = {
  provisional: false,
  final: false,
  callbackGas: 0,
  callbackGasPrice: 0n,
  answerPeriod: ANSWER_PERIOD,
  minBond: 0n,
  atolClass: 0,
  rtolClass: 0,
};

export function policyOf(fields: Partial<Policy> = {}): bigint {
  return packWord(POLICY, { ...NO_CALLBACKS, ...fields });
}

/** A policy with the callbacks named, 200,000 gas each for nothing. */
export function callbacks(kinds: { provisional?: boolean; final?: boolean }, fields: Partial<Policy> = {}): bigint {
  return policyOf({ callbackGas: 200_000, ...kinds, ...fields });
}

export function rootOf(output: BytesLike): Hex {
  return chunkRoot(getBytes(output));
}

/** A kernel tree of one leaf: its root's preimage and root. */
export function program(traceChunks: bigint): { preimage: string; root: string } {
  const preimage = concat(["0x00", toBeHex(traceChunks, 8), "0xc0de"]);
  return { preimage, root: keccak256(preimage) };
}

/** A model that can be disputed, one kernel and one chunk of output. */
export function kernelSpec(owner: string, salt = "kernel") {
  const traceChunks = 3n;
  return {
    ...artefactSpec(owner, salt),
    semantics: 1n,
    kernelRoot: program(traceChunks).root,
    kernelCount: 1n,
    traceChunks,
    outputChunks: 1n,
    compilerVersion: "0.1.0",
  };
}

/** A model that cannot. */
export function artefactSpec(owner: string, salt = "artefact") {
  return {
    semantics: 0n,
    kernelRoot: ZeroHash,
    kernelCount: 0n,
    traceChunks: 0n,
    outputChunks: 0n,
    weightsRoot: ZeroHash,
    weightsChunks: 0n,
    inputs: INPUTS,
    outputs: OUTPUTS,
    atol: 0n,
    rtol: 0n,
    compilerVersion: "",
    compilerOptions: "",
    artefactHash: hashOf("artefact"),
    owner,
    salt: hashOf(salt),
  };
}

export type Spec = ReturnType<typeof artefactSpec>;

/** Key number `index` of a test: no randomness, so that gas and addresses repeat. */
export function keyOf(name: string): SigningKey {
  return new SigningKey(hashOf(`assay test key ${name}`));
}

export class World {
  readonly connection: Connection;
  readonly coordinator: InferenceCoordinator;
  readonly registry: ModelRegistry;
  readonly arbiter: RejectingArbiter;
  readonly signers: HardhatEthersSigner[];
  readonly chainId: bigint;
  readonly address: string;
  readonly parameters: typeof PARAMETERS;

  constructor(
    connection: Connection,
    contracts: { coordinator: InferenceCoordinator; registry: ModelRegistry; arbiter: RejectingArbiter },
    accounts: { signers: HardhatEthersSigner[]; chainId: bigint; address: string },
    parameters: typeof PARAMETERS,
  ) {
    this.connection = connection;
    this.coordinator = contracts.coordinator;
    this.registry = contracts.registry;
    this.arbiter = contracts.arbiter;
    this.signers = accounts.signers;
    this.chainId = accounts.chainId;
    this.address = accounts.address;
    this.parameters = parameters;
  }

  get time() {
    return this.connection.networkHelpers.time;
  }

  get domain() {
    return domainOf(this.chainId, this.address);
  }

  signer(index: number): HardhatEthersSigner {
    const signer = this.signers[index];
    if (signer === undefined) throw new Error(`no signer ${index}`);
    return signer;
  }

  /** Stakes for a signer, binds a key of its own to it and switches it live. */
  async enlist(account: HardhatEthersSigner, stake = parseEther("10")): Promise<Operator> {
    const operator = { account, address: account.address, key: keyOf(account.address) };
    await this.coordinator.connect(account).stake({ value: stake });
    await this.coordinator.connect(account).addKey(this.bind(operator.key, account.address));
    await this.coordinator.connect(account).setLive(true);
    return operator;
  }

  /** The signature by which `key` agrees to serve `operator`. */
  bind(key: SigningKey, operator: string): string {
    const types = { KeyBinding: [{ name: "operator", type: "address" }] };
    return key.sign(TypedDataEncoder.hash(this.domain, types, { operator })).serialized;
  }

  /** Registers a model for its owner, a signer of this world. Returns its id. */
  async register(owner: HardhatEthersSigner, spec: Spec, royaltyBps = ROYALTY_BPS): Promise<string> {
    const preimage = spec.semantics === 0n ? "0x" : program(spec.traceChunks).preimage;
    const receipt = await mined(this.registry.connect(owner).register(spec, preimage, royaltyBps, "file:///m.onnx"));
    return this.event(receipt, "ModelRegistered", this.registry).args.modelId;
  }

  /** Makes a request; by default with `FEE` and no callbacks. `value` covers the callbacks beside the fee. */
  async ask(
    modelId: string,
    options: {
      from?: HardhatEthersSigner | HostileConsumer | GasProbe;
      policy?: bigint;
      fee?: bigint;
      input?: string;
    } = {},
  ): Promise<Asked> {
    const { from = this.signer(0), policy = policyOf(), fee = FEE, input = INPUT } = options;
    const value = fee + callbackCost(policy);
    const receipt = await mined(
      "coordinator" in from
        ? from.request(modelId, [input], policy, { value })
        : this.coordinator.connect(from).request(modelId, [input], policy, { value }),
    );
    return this.asked(receipt);
  }

  asked(receipt: ContractTransactionReceipt): Asked {
    const { args } = this.event(receipt, "Requested");
    const request = args.request.toObject() as Request;
    return { id: args.requestId, request, receipt };
  }

  /** What `operator` signs now for a request. Fields can be replaced before signing. */
  async sign(
    asked: Pick<Asked, "id" | "request">,
    operator: Pick<Operator, "address" | "key">,
    options: {
      output?: string;
      issuedAt?: bigint;
      traceRoot?: string;
      key?: SigningKey;
      result?: Partial<Result>;
    } = {},
  ): Promise<Signed> {
    const { output = OUTPUT, issuedAt = BigInt(await this.time.latest()), traceRoot = ZeroHash } = options;
    const answer = { operator: operator.address, issuedAt, traceRoot };
    return this.signAnswer(asked, answer, output, options.key ?? operator.key, options.result);
  }

  signAnswer(
    { id, request }: Pick<Asked, "id" | "request">,
    answer: Answer,
    output: string,
    key: SigningKey,
    changes: Partial<Result> = {},
  ): Signed {
    const outputRoot = rootOf(output);
    const result = {
      modelId: request.modelId as Hex,
      requestId: id as Hex,
      inputRoot: request.inputRoot as Hex,
      outputRoot,
      ...answer,
      traceRoot: answer.traceRoot as Hex,
      ...changes,
    };
    const digest = assertionId(this.domain, result);
    return { answer, output, outputRoot, assertionId: digest, signature: key.sign(digest).serialized };
  }

  assert(asked: Asked, signed: Signed, from = this.signer(0)) {
    const { answer, output, signature } = signed;
    return this.coordinator.connect(from).assertResult(asked.request, answer, output, signature);
  }

  assertBeside(asked: Asked, signed: Signed, rival: Signed, options: { dispute?: string; value?: bigint } = {}) {
    const { answer, output, signature } = signed;
    const { dispute = "0x", value = 0n } = options;
    const assertion = { request: asked.request, answer, output, signature };
    return this.coordinator.assertBeside(assertion, rival.answer, rival.outputRoot, dispute, { value });
  }

  /** Signs and asserts in one go. */
  async answer(asked: Asked, operator: Operator, options: Parameters<World["sign"]>[2] = {}): Promise<Signed> {
    const signed = await this.sign(asked, operator, options);
    await this.assert(asked, signed);
    return signed;
  }

  finalise(asked: Asked, signed: Signed, from = this.signer(0)) {
    return this.coordinator.connect(from).finalise(asked.request, signed.answer, signed.outputRoot, signed.output);
  }

  settle(asked: Asked, signed: Signed, final: Signed) {
    return this.coordinator.settle(asked.request, signed.answer, signed.outputRoot, final.outputRoot);
  }

  deliver(asked: Asked, signed: Signed) {
    return this.coordinator.deliver(asked.request, signed.answer, signed.output);
  }

  /** How coordinator and arbiter name an assertion to each other. */
  ref(asked: Asked, signed: Signed) {
    return { assertionId: signed.assertionId, requestId: asked.id, operator: signed.answer.operator };
  }

  /** The one event of this name in a receipt. */
  event(receipt: ContractTransactionReceipt, name: string, contract: BaseContract = this.coordinator): LogDescription {
    const found = eventsOf(receipt, contract).filter((event) => event.name === name);
    if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} events ${name}`);
    return found[0];
  }

  /** The next block comes a second after the last, whatever the clock on the wall says. */
  async tick(): Promise<void> {
    await this.at((await this.time.latest()) + 1);
  }

  /** The next block has this timestamp. */
  at(timestamp: bigint | number): Promise<void> {
    return this.time.setNextBlockTimestamp(timestamp);
  }
}

/** `describe` for tests on amounts of gas, which mean nothing where coverage is measured. */
export function describeGas(name: string, body: () => void): void {
  if (!globalOptions.coverage) describe(name, body);
}

/** All events of a contract in a receipt, in order. */
export function eventsOf(receipt: ContractTransactionReceipt, contract: BaseContract): LogDescription[] {
  return receipt.logs
    .map((log) => contract.interface.parseLog(log))
    .filter((event): event is LogDescription => event !== null);
}

/** Wei that a request pays for the callbacks of `policy`. */
export function callbackCost(policy: bigint): bigint {
  const count = (policy & 1n) + ((policy >> 1n) & 1n);
  return count * BigInt.asUintN(24, policy >> 8n) * BigInt.asUintN(64, policy >> 32n);
}

export async function mined(sent: Promise<ContractTransactionResponse>): Promise<ContractTransactionReceipt> {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error("not mined");
  return receipt;
}

/**
 * Deploys into a chain of its own, with an arbiter that obeys.
 * @param options.start unix seconds of the chain's beginning, now by default
 */
export async function deployWorld(
  options: { parameters?: Partial<typeof PARAMETERS>; p256Verifier?: string; start?: number } = {},
): Promise<World> {
  const { start } = options;
  const connection = await network.create(
    start === undefined ? undefined : { override: { initialDate: new Date(start * 1000).toISOString() } },
  );
  const { ethers } = connection;
  const arbiter = await ethers.deployContract("RejectingArbiter");
  const coordinator = await deployCoordinator(connection, arbiter, options);
  await arbiter.serve(await coordinator.getAddress());
  const registry = await ethers.getContractAt("ModelRegistry", await coordinator.modelRegistry());
  const { chainId } = await ethers.provider.getNetwork();
  const address = await coordinator.getAddress();
  return new World(
    connection,
    { coordinator, registry, arbiter },
    { signers: await ethers.getSigners(), chainId, address },
    { ...PARAMETERS, ...options.parameters },
  );
}

export async function deployCoordinator(
  { ethers }: Connection,
  arbiter: RejectingArbiter | NullArbiter | null,
  options: { parameters?: Partial<Record<keyof typeof PARAMETERS, bigint>>; p256Verifier?: string } = {},
): Promise<InferenceCoordinator> {
  const { parameters = {}, p256Verifier = ZeroAddress } = options;
  const judge = arbiter === null ? ZeroAddress : await arbiter.getAddress();
  return ethers.deployContract("InferenceCoordinator", [{ ...PARAMETERS, ...parameters }, judge, p256Verifier]);
}
