// A chain with a registered program, an operator with stake, and the nodes that a test starts on it.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { id, parseEther, sha256, Wallet } from "ethers";
import { coordinatorAt, disputeGameAt, modelRegistryAt } from "../../oracle/chain/contracts.ts";
import { kernelSpec, modelId as modelIdOf, specToAbi } from "../../oracle/chain/modelSpec.ts";
import { domainOf, signKeyBinding } from "../../oracle/chain/typedData.ts";
import { GROUNDS } from "../../oracle/dispute/event.ts";
import type { Result } from "../../oracle/dispute/session.ts";
import type { Program } from "../../oracle/model/program.ts";
import { pack } from "../../oracle/model/tensor.ts";
import { CanonicalEngine } from "../../oracle/runtime/canonicalEngine.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import { deploy } from "../../scripts/deploy.ts";
import { PRESETS } from "../../scripts/deployment.ts";
import type { DisputeGame } from "../../types/index.ts";
import { type Asked, deployed, type Registered, type World } from "../fixture.ts";
import { compiled } from "../programs.ts";
import { recordingLogger } from "../recordingLogger.ts";
import { type RpcServer, serveRpc } from "../rpcServer.ts";
import { type DisputeNodeSettings, disputeNode } from "./disputeNode.ts";
import { LyingEngine, type Story } from "./lyingEngine.ts";

export const VOLATILITY = fileURLToPath(new URL("../../models/volatility.onnx", import.meta.url));
/** Inputs of that model, one for each number: daily returns. */
export const returnsOf = (number: number) => [
  pack(
    "f32",
    Array.from({ length: 24 }, (_, i) => (((i + number) * 7) % 11) / 400 - 0.012),
  ),
];

type Started = Awaited<ReturnType<typeof disputeNode>> & {
  readonly lines: ReturnType<typeof recordingLogger>["lines"];
};

const LIMIT_MS = 60_000;
const POLL_MS = 20;
/** More than a clock or a window has. */
const LONG_S = 200;
/** Long enough for a busy machine to compile a model several times. */
const WINDOW_S = 120;

/** An operator's account, and the key that signs for it and pays. */
export interface OperatorKeys {
  readonly operator: string;
  readonly privateKey: string;
}

export class Theatre {
  readonly world: World;
  readonly model: Registered;
  readonly program: Program;
  readonly server: RpcServer;
  readonly #artefact: string;
  readonly #engine = new CanonicalEngine({ processes: 1, maxModels: 2 });
  readonly #started: Started[] = [];

  private constructor(
    world: World,
    { model, program, artefact }: { model: Registered; program: Program; artefact: string },
    server: RpcServer,
  ) {
    this.world = world;
    this.model = model;
    this.program = program;
    this.server = server;
    this.#artefact = artefact;
  }

  /** @param artefact the path of a model that is registered */
  static async open(artefact: string = VOLATILITY): Promise<Theatre> {
    const world = await withWindow(await deployed(), WINDOW_S);
    const onnx = readFileSync(artefact);
    const { program, spec: programSpec, rootPreimage } = compiled(onnx);
    const { inputs, outputs } = program;
    const about = {
      inputs,
      outputs,
      artefactHash: sha256(onnx) as Hex,
      owner: world.owner.address,
      salt: id("") as Hex,
    };
    const spec = kernelSpec(about, programSpec);
    await world.registry
      .connect(world.owner)
      .register(specToAbi(spec), rootPreimage, 500, "https://example.org/m.onnx");
    const server = await serveRpc(world.ethers.provider);
    return new Theatre(world, { model: { modelId: modelIdOf(spec), spec }, artefact, program }, server);
  }

  get game(): DisputeGame {
    return disputeGameAt(this.world.manifest.addresses.arbiter, this.world.ethers.provider);
  }

  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + LIMIT_MS;
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`it did not happen in time: ${what}`);
      await sleep(POLL_MS);
    }
  }

  /** Lets the clocks of those who fall silent run out, and windows. */
  async passTime(): Promise<void> {
    await this.world.ethers.provider.send("evm_increaseTime", [LONG_S]);
    await this.world.ethers.provider.send("evm_mine", []);
  }

  /** The answer to a request, of a certain operator or of the first one. */
  async answerTo({ requestId, request }: Asked, operator?: string): Promise<{ assertionId: Hex; result: Result }> {
    const { coordinator } = this.world;
    const filter = coordinator.filters.Asserted(requestId, undefined, operator);
    await this.until("an answer", async () => (await coordinator.queryFilter(filter)).length > 0);
    const [event] = await coordinator.queryFilter(filter);
    if (event === undefined) throw new Error("the answer is gone");
    const { answer, outputRoot, assertionId } = event.args;
    const { modelId, inputRoot } = request;
    const { issuedAt, traceRoot } = answer;
    const roots = { inputRoot, outputRoot: outputRoot as Hex, traceRoot: traceRoot as Hex };
    return {
      assertionId: assertionId as Hex,
      result: { modelId, requestId, ...roots, operator: answer.operator, issuedAt },
    };
  }

  /** How the answer to a request was refuted. */
  async refutation(asked: Asked, { silentAfter }: { readonly silentAfter?: "Opened" | "Picked" | undefined } = {}) {
    const { game } = this;
    const { assertionId } = await this.answerTo(asked);
    const refutations = () => game.queryFilter(game.filters.Refuted(assertionId));
    await this.until("a refutation", async () => {
      if (silentAfter !== undefined && (await this.#lastEvent(assertionId)) === silentAfter) await this.passTime();
      return (await refutations()).length > 0;
    });
    const [refuted] = await refutations();
    return { assertionId, ground: GROUNDS[Number(refuted?.args.ground)], prover: refuted?.args.prover };
  }

  async #lastEvent(assertionId: Hex): Promise<string | undefined> {
    const { arbiter } = this.world.manifest.addresses;
    const filter = { address: arbiter, topics: [null, assertionId], fromBlock: 0 };
    const last = (await this.world.ethers.provider.getLogs(filter)).at(-1);
    return last === undefined ? undefined : this.game.interface.parseLog(last)?.name;
  }

  openBonds({ disputes, wallet }: Started): Promise<bigint> {
    return disputes.bondsOut(wallet.address);
  }

  /** An account with ether. */
  async funded(name: string): Promise<Wallet> {
    const wallet = new Wallet(id(name));
    await this.world.networkHelpers.setBalance(wallet.address, parseEther("100"));
    return wallet;
  }

  /** An operator with stake that is live; its account's key is another one than its signing key. */
  async operator(name: string): Promise<OperatorKeys> {
    const { coordinator, ethers, domain } = this.world;
    const [account, key] = [await this.funded(`${name} account`), await this.funded(`${name} key`)];
    const own = coordinator.connect(account.connect(ethers.provider));
    await own.stake({ value: parseEther("10") });
    await own.addKey(await signKeyBinding(key, domain, account.address));
    await own.setLive(true);
    return { operator: account.address, privateKey: key.privateKey };
  }

  /** Starts an operator that lies, or by default an honest one. */
  startOperator({ operator, privateKey }: OperatorKeys, story?: Story): Promise<Started> {
    const settings = { privateKey, answers: { operator, models: [this.model.modelId] } };
    if (story === undefined) return this.#start(settings, this.#engine);
    return this.#start(settings, new LyingEngine(story, this.program));
  }

  startWatcher(name: string, settings: Partial<DisputeNodeSettings> = {}): Promise<Started> {
    return this.funded(name).then(({ privateKey }) =>
      this.#start({ privateKey, watches: {}, ...settings }, this.#engine),
    );
  }

  async #start(
    settings: Pick<DisputeNodeSettings, "privateKey"> & Partial<DisputeNodeSettings>,
    engine: CanonicalEngine | LyingEngine,
  ): Promise<Started> {
    const { logger, lines } = recordingLogger();
    const executor = {
      run: async (...args: Parameters<CanonicalEngine["run"]>) => [...(await engine.run(...args)).outputs],
    };
    const { url } = this.server;
    const base = { url, manifest: this.world.manifest, artefact: this.#artefact };
    const node = await disputeNode({ ...base, ...settings }, { executor, canonical: engine, logger });
    node.start();
    const started = { ...node, lines };
    this.#started.push(started);
    return started;
  }

  /** Ends what a test has started, and what it has not. */
  async stopAll(): Promise<void> {
    await Promise.all(this.#started.splice(0).map((node) => node.stop()));
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.#engine.close();
    await this.server.close();
  }
}

/** The same actors with a deployment of its own. */
async function withWindow(world: World, windowS: number): Promise<World> {
  const [deployer] = await world.ethers.getSigners();
  if (deployer === undefined) throw new Error("there are no signers");
  const { local } = PRESETS;
  const manifest = await deploy(deployer, { ...local, parameters: { ...local.parameters, window: windowS } });
  const { coordinator, modelRegistry } = manifest.addresses;
  return {
    ...world,
    manifest,
    coordinator: coordinatorAt(coordinator, world.stranger),
    registry: modelRegistryAt(modelRegistry, world.stranger),
    domain: domainOf(BigInt(manifest.chainId), coordinator),
  };
}
