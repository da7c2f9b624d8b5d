/** A deployment with its actors, in a network of its own, and the steps that most tests begin with. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { type ContractTransactionResponse, getBytes, id, parseEther, sha256, Wallet } from "ethers";
import { network } from "hardhat";
import { coordinatorAt, modelRegistryAt } from "../oracle/chain/contracts.ts";
import { type Request, requestFromAbi } from "../oracle/chain/ids.ts";
import {
  artefactSpec,
  type ModelSpec,
  modelId,
  specToAbi,
  type TensorSpec,
  tensorBytes,
} from "../oracle/chain/modelSpec.ts";
import { assertionId, domainOf, signKeyBinding, signResult } from "../oracle/chain/typedData.ts";
import { POLICY, type Policy, packWord, unpackWord } from "../oracle/chain/words.ts";
import type { Result } from "../oracle/dispute/session.ts";
import { chunkRoot } from "../oracle/vm/chunkTree.ts";
import type { Hex } from "../oracle/vm/keccak.ts";
import { deploy } from "../scripts/deploy.ts";
import { PRESETS } from "../scripts/deployment.ts";

let connection: ReturnType<typeof network.create> | undefined;

/** The deployment of preset `local`: made once, gone back to by every later call. */
export async function deployed() {
  connection ??= network.create();
  const { networkHelpers } = await connection;
  return networkHelpers.loadFixture(deployAll);
}

/** Contracts are connected to `stranger`: a test says who acts by `connect`. */
export type World = Awaited<ReturnType<typeof deployAll>>;

export interface Registered {
  readonly modelId: Hex;
  readonly spec: ModelSpec;
}

export interface Asked {
  readonly requestId: Hex;
  readonly request: Request;
  /** The flat input. */
  readonly input: Uint8Array;
}

export interface Answered {
  readonly assertionId: Hex;
  readonly result: Result;
  readonly output: Uint8Array;
  readonly signature: Hex;
  /** unix seconds */
  readonly finalisableAt: number;
}

const DEFAULT_POLICY: Policy = {
  provisional: false,
  final: false,
  callbackGas: 0,
  callbackGasPrice: 0n,
  answerPeriod: 3600,
  minBond: 0n,
  atolClass: 0,
  rtolClass: 0,
};
const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;

async function deployAll() {
  connection ??= network.create();
  const { ethers, networkHelpers } = await connection;
  const signers = await ethers.getSigners();
  const [deployer, owner, operator, requester, stranger] = signers as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ];
  const manifest = await deploy(deployer, PRESETS.local);
  const { coordinator, modelRegistry } = manifest.addresses;
  return {
    ethers,
    networkHelpers,
    manifest,
    coordinator: coordinatorAt(coordinator, stranger),
    registry: modelRegistryAt(modelRegistry, stranger),
    domain: domainOf(BigInt(manifest.chainId), coordinator),
    /** Owns the models. */
    owner,
    /** Funds an operator. */
    operator,
    /** Signs that operator's results; has no ether. */
    signingKey: new Wallet(id("signing key")),
    requester,
    stranger,
  };
}

/** Registers an artefact-only model, by default of 128 bytes in and 96 bytes out. */
export async function register(world: World, changes: Partial<ModelSpec> = {}, royaltyBps = 500): Promise<Registered> {
  const inputs = changes.inputs ?? [{ name: "features", dtype: "f32", dims: [1, 32] }];
  const outputs = changes.outputs ?? [{ name: "scores", dtype: "f32", dims: [1, 24] }];
  const artefact = { artefactHash: sha256("0x00") as Hex, compilerVersion: "", salt: ZERO_HASH };
  const spec = { ...artefactSpec({ inputs, outputs, ...artefact, owner: world.owner.address }), ...changes };
  await world.registry.connect(world.owner).register(specToAbi(spec), "0x", royaltyBps, "file:///model.onnx");
  return { modelId: modelId(spec), spec };
}

/** Stakes for `world.operator`, adds its signing key and switches it live. */
export async function stakeOperator(world: World, stake = parseEther("10")): Promise<void> {
  const coordinator = world.coordinator.connect(world.operator);
  await coordinator.stake({ value: stake });
  await coordinator.addKey(await signKeyBinding(world.signingKey, world.domain, world.operator.address));
  await coordinator.setLive(true);
}

/** Asks for an answer within an hour, without callbacks, unless `policy` says otherwise. */
export async function ask(
  world: World,
  { modelId, spec }: Registered,
  {
    policy = {},
    tensors = someTensors(spec.inputs),
    fee = parseEther("0.01"),
    from = world.requester,
  }: AskOptions = {},
): Promise<Asked> {
  const terms = { ...DEFAULT_POLICY, ...policy };
  const callbacks = BigInt(Number(terms.provisional) + Number(terms.final));
  const value = fee + BigInt(terms.callbackGas) * terms.callbackGasPrice * callbacks;
  const sent = await world.coordinator.connect(from).request(modelId, [...tensors], packWord(POLICY, terms), { value });
  return requestIn(world, sent);
}

/** The one request that a transaction made, such as a call of a consumer. */
export async function requestIn(
  { coordinator }: Pick<World, "coordinator">,
  sent: ContractTransactionResponse,
): Promise<Asked> {
  const [event] = await coordinator.queryFilter(coordinator.filters.Requested(), await blockOf(sent));
  if (event === undefined) throw new Error("no request was made");
  const { requestId, request, input } = event.args;
  return { requestId: requestId as Hex, request: requestFromAbi(request), input: getBytes(input) };
}

export interface AskOptions {
  readonly policy?: Partial<Policy>;
  readonly tensors?: readonly Uint8Array[];
  /** wei, callbacks not included */
  readonly fee?: bigint;
  readonly from?: HardhatEthersSigner;
}

/** Signs `output` as an answer and has `from` relay it. `changes` are made before the signature. */
export async function answer(
  world: World,
  { requestId, request }: Asked,
  output: Uint8Array,
  { changes = {}, signer = world.signingKey, from = world.stranger }: AnswerOptions = {},
): Promise<Answered> {
  const result: Result = {
    modelId: request.modelId,
    requestId,
    inputRoot: request.inputRoot,
    outputRoot: chunkRoot(output),
    traceRoot: ZERO_HASH,
    operator: world.operator.address,
    issuedAt: BigInt(await world.networkHelpers.time.latest()),
    ...changes,
  };
  const signature = await signResult(signer, world.domain, result);
  const sent = await world.coordinator.connect(from).assertResult(request, result, output, signature);
  const [event] = await world.coordinator.queryFilter(world.coordinator.filters.Asserted(), await blockOf(sent));
  if (event === undefined) throw new Error("nothing was asserted");
  const finalisableAt = Number(event.args.finalisableAt);
  return { assertionId: assertionId(world.domain, result), result, output, signature, finalisableAt };
}

interface AnswerOptions {
  readonly changes?: Partial<Result>;
  readonly signer?: Wallet;
  readonly from?: HardhatEthersSigner;
}

/** Waits for the end of the window and makes the answer final. */
export async function finalise(
  { coordinator, networkHelpers }: World,
  { request }: Asked,
  { result, output, finalisableAt }: Answered,
): Promise<ContractTransactionResponse> {
  await networkHelpers.time.increaseTo(finalisableAt);
  const delivered = unpackWord(POLICY, request.policy).final ? output : "0x";
  return coordinator.finalise(request, result, result.outputRoot, delivered);
}

/** Bytes of every tensor, neither all equal nor all zero. */
export function someTensors(tensors: readonly TensorSpec[]): Uint8Array[] {
  return tensors.map((tensor, i) => Uint8Array.from({ length: tensorBytes(tensor) }, (_, at) => at + i + 1));
}

async function blockOf(sent: ContractTransactionResponse): Promise<number> {
  const receipt = await sent.wait();
  if (receipt === null) throw new Error("the transaction was not mined");
  return receipt.blockNumber;
}
