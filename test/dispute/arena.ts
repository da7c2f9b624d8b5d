// A coordinator with its dispute game on a chain of their own, an operator with stake and a challenger.
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import {
  AbiCoder,
  type BaseContract,
  type ContractTransactionReceipt,
  type ContractTransactionResponse,
  getCreateAddress,
  keccak256,
  parseEther,
  parseUnits,
  type SigningKey,
  sha256,
  TypedDataEncoder,
  ZeroAddress,
  ZeroHash,
} from "ethers";
import { network } from "hardhat";
import { kernelSpec, type ModelSpec, modelId, specToAbi } from "../../oracle/chain/modelSpec.ts";
import { assertionId, domainOf } from "../../oracle/chain/typedData.ts";
import type { Result } from "../../oracle/dispute/session.ts";
import { chunkRoot } from "../../oracle/vm/chunkTree.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import type { SessionStruct, SessionStructOutput } from "../../types/contracts/dispute/DisputeGame.ts";
import type {
  DisputeGame,
  InferenceCoordinator,
  IReceipts,
  ITensorVM,
  ModelRegistry,
  Verdict,
} from "../../types/index.ts";
import { keyOf, mined, policyOf } from "../coordinator/world.ts";
import type { Subject } from "./subject.ts";

export const PARAMETERS = {
  window: 3_600n,
  exitDelay: 86_400n,
  takeoverPeriod: 600n,
  maxAnswerPeriod: 604_800n,
  minStake: parseEther("1"),
  operatorBond: parseEther("0.5"),
};

export const RULES = {
  clock: 600n,
  increment: 30n,
  payoutDelay: 300n,
  receiptUse: 1_800n,
  challengeBond: parseEther("0.02"),
  priceCap: parseUnits("10", "gwei"),
  tip: parseUnits("1", "gwei"),
};

/** The order of the Solidity enum. */
export const Phase = { None: 0, Commit: 1, Pick: 2, Reveal: 3, Chunk: 4, Sums: 5, Segment: 6, Joined: 7 } as const;

export type Session = SessionStruct & { serial: bigint };

export interface Operator {
  readonly account: HardhatEthersSigner;
  readonly address: string;
  readonly key: SigningKey;
}

export interface Contracts {
  readonly coordinator: InferenceCoordinator;
  readonly registry: ModelRegistry;
  readonly game: DisputeGame;
  /** The game, by its other interface. */
  readonly receipts: IReceipts;
  readonly verdict: Verdict;
  readonly machine: ITensorVM;
}

/** An answer that a dispute is about. */
export interface Asserted {
  readonly id: Hex;
  readonly result: Result;
  readonly request: Awaited<ReturnType<Arena["ask"]>>["request"];
  readonly output: Uint8Array;
  readonly signature: string;
}

type Connection = Awaited<ReturnType<typeof network.create>>;

export class Arena {
  readonly connection: Connection;
  readonly contracts: Contracts;
  readonly signers: readonly HardhatEthersSigner[];
  readonly chainId: bigint;
  readonly address: string;

  constructor(connection: Connection, contracts: Contracts, accounts: Pick<Arena, "signers" | "chainId" | "address">) {
    this.connection = connection;
    this.contracts = contracts;
    this.signers = accounts.signers;
    this.chainId = accounts.chainId;
    this.address = accounts.address;
  }

  get game() {
    return this.contracts.game;
  }

  get coordinator() {
    return this.contracts.coordinator;
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

  /** Stakes for a signer and binds a key of its own to it. */
  async enlist(account: HardhatEthersSigner, stake = parseEther("10")): Promise<Operator> {
    const key = keyOf(account.address);
    const types = { KeyBinding: [{ name: "operator", type: "address" }] };
    const binding = key.sign(TypedDataEncoder.hash(this.domain, types, { operator: account.address })).serialized;
    await this.coordinator.connect(account).stake({ value: stake });
    await this.coordinator.connect(account).addKey(binding);
    return { account, address: account.address, key };
  }

  /** Registers a program, for the deployer. */
  async register(subject: Pick<Subject, "registered">, changes: Partial<ModelSpec> = {}) {
    const { program, spec: programSpec, rootPreimage } = subject.registered;
    const owner = this.signer(0);
    const model = {
      inputs: program.inputs,
      outputs: program.outputs,
      artefactHash: sha256("0x00") as Hex,
      owner: owner.address,
      salt: ZeroHash as Hex,
    };
    const spec = { ...kernelSpec(model, programSpec), ...changes };
    await this.contracts.registry.connect(owner).register(specToAbi(spec), rootPreimage, 0, "file:///m.onnx");
    return { id: modelId(spec), spec, encoded: this.encode(spec) };
  }

  /** `abi.encode(ModelSpec)`. */
  encode(spec: ModelSpec): string {
    const { inputs } = this.contracts.registry.interface.getFunction("register");
    return AbiCoder.defaultAbiCoder().encode(inputs.slice(0, 1), [specToAbi(spec)]);
  }

  /** Asks for an answer within an hour, without callbacks. */
  async ask(model: Hex, input: Uint8Array, policy: Parameters<typeof policyOf>[0] = {}) {
    const sent = this.coordinator.request(model, [input], policyOf(policy), { value: parseEther("0.01") });
    const { args } = this.event(await mined(sent), "Requested", this.coordinator);
    return { id: args.requestId as Hex, request: args.request.toObject() };
  }

  /** Signs a Result and asserts it. */
  async answer(
    asked: Awaited<ReturnType<Arena["ask"]>>,
    operator: Operator,
    output: Uint8Array,
    changes: Partial<Result> = {},
  ): Promise<Asserted> {
    const signed = await this.sign(asked, operator, output, changes);
    await this.coordinator.assertResult(asked.request, signed.result, output, signed.signature);
    return signed;
  }

  async sign(
    { id, request }: Awaited<ReturnType<Arena["ask"]>>,
    operator: Operator,
    output: Uint8Array,
    changes: Partial<Result> = {},
  ): Promise<Asserted> {
    const result: Result = {
      modelId: request.modelId,
      requestId: id,
      inputRoot: request.inputRoot,
      outputRoot: chunkRoot(output),
      traceRoot: ZeroHash as Hex,
      operator: operator.address,
      issuedAt: BigInt(await this.time.latest()),
      ...changes,
    };
    const digest = assertionId(this.domain, result);
    return { id: digest, result, request, output, signature: operator.key.sign(digest).serialized };
  }

  /** What the chain keeps of a session. */
  stateOf(session: Session): string {
    const { inputs } = this.game.interface.getFunction("claim");
    return keccak256(AbiCoder.defaultAbiCoder().encode(inputs, [session]));
  }

  /** The one event of this name in a receipt. */
  event(receipt: ContractTransactionReceipt, name: string, contract: BaseContract = this.game) {
    const found = receipt.logs
      .map((log) => contract.interface.parseLog(log))
      .filter((event) => event !== null)
      .filter((event) => event.name === name);
    if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} events ${name}`);
    return found[0];
  }

  /** The session as the event of a move states it, and the gas that the move took. */
  async played(sent: Promise<ContractTransactionResponse>): Promise<{ session: Session; gas: bigint }> {
    const receipt = await mined(sent);
    const names = ["Opened", "Picked", "Revealed", "FocusPicked", "SumsRevealed", "Joined"];
    const event = receipt.logs
      .map((log) => this.game.interface.parseLog(log))
      .find((log) => log !== null && names.includes(log.name));
    if (!event) throw new Error("no session moved");
    return { session: sessionOf(event.args.session), gas: receipt.gasUsed };
  }
}

const MOVES = {
  Commit: [
    { name: "assertionId", type: "bytes32" },
    { name: "traceRoot", type: "bytes32" },
  ],
  Sums: [
    { name: "sessionId", type: "bytes32" },
    { name: "state", type: "bytes32" },
    { name: "sums", type: "bytes32" },
  ],
};

/** What an operator signs to have others send its move. */
export function digestOf(domain: Arena["domain"], move: keyof typeof MOVES, message: Record<string, string>): string {
  return TypedDataEncoder.hash(domain, { [move]: MOVES[move] }, message);
}

/** As contracts take it. */
export function sessionOf(output: SessionStructOutput): Session {
  return (output as unknown as { toObject(): Session }).toObject();
}

export async function deployArena(
  options: {
    parameters?: Partial<typeof PARAMETERS>;
    rules?: Partial<typeof RULES>;
    network?: Parameters<typeof network.create>[0];
  } = {},
): Promise<Arena> {
  const connection = await network.create(options.network);
  const { ethers } = connection;
  const signers = await ethers.getSigners();
  const [deployer] = signers;
  if (deployer === undefined) throw new Error("no signers");
  const { target } = await ethers.deployContract("TensorVM");
  const machine = await ethers.getContractAt("ITensorVM", target.toString());
  const verdict = await ethers.deployContract("Verdict", [machine]);
  const nonce = await deployer.getNonce();
  const address = getCreateAddress({ from: deployer.address, nonce: nonce + 1 });
  const game = await ethers.deployContract("DisputeGame", [
    address,
    verdict,
    { ...RULES, ...options.rules },
    ZeroAddress,
  ]);
  const coordinator = await ethers.deployContract("InferenceCoordinator", [
    { ...PARAMETERS, ...options.parameters },
    game,
    ZeroAddress,
  ]);
  const registry = await ethers.getContractAt("ModelRegistry", await coordinator.modelRegistry());
  const receipts = await ethers.getContractAt("IReceipts", await game.getAddress());
  const { chainId } = await ethers.provider.getNetwork();
  const contracts = { coordinator, registry, game, receipts, verdict, machine };
  return new Arena(connection, contracts, { signers, chainId, address });
}
