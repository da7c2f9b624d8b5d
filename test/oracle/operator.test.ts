import { expect } from "chai";
import { id, parseEther, Wallet } from "ethers";
import { signKeyBinding } from "../../oracle/chain/typedData.ts";
import { POLICY, packWord } from "../../oracle/chain/words.ts";
import type { OperatorOptions } from "../../oracle/roles/operator.ts";
import type { JobState } from "../../oracle/store/port.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import {
  type Asked,
  type AskOptions,
  answer,
  ask,
  deployed,
  finalise,
  type Registered,
  register,
  stakeOperator,
  type World,
} from "../fixture.ts";
import { recordingLogger } from "../recordingLogger.ts";
import { type RpcServer, serveRpc } from "../rpcServer.ts";
import { operatorNode } from "./operatorNode.ts";

type Node = Awaited<ReturnType<typeof operatorNode>>;

const poolIsFull: RpcServer["fault"] = (method) =>
  method === "eth_sendRawTransaction" ? { code: -32000, message: "txpool is full" } : undefined;

/** Modes of HostileConsumer. */
const ACCEPT = 0;
const REVERT = 1;
const BURN_GAS = 2;
const WINDOW_S = 10;
const MAX_TICKS = 30;

describe("operator", () => {
  let world: World;
  let model: Registered;
  let server: RpcServer;
  let nodes: Node[];

  beforeEach(async () => {
    world = await deployed();
    model = await register(world);
    await stakeOperator(world);
    await world.networkHelpers.setBalance(world.signingKey.address, parseEther("1"));
    server = await serveRpc(world.ethers.provider);
    nodes = [];
  });
  afterEach(async () => {
    for (const node of nodes) node.close();
    await server.close();
  });

  async function open(options: Partial<OperatorOptions> = {}) {
    const { logger, lines } = recordingLogger();
    const settings = {
      urls: [server.url],
      manifest: world.manifest,
      operator: world.operator.address,
      privateKey: world.signingKey.privateKey,
      models: [model.modelId],
      store: ":memory:",
    };
    const node = await operatorNode(settings, { logger, options });
    nodes.push(node);
    return { ...node, lines };
  }

  async function tick(node: Node, times = 1): Promise<void> {
    for (let i = 0; i < times; i++) {
      await node.intake.tick();
      await node.role.tick();
      await node.role.idle();
      await node.outbox.tick();
    }
  }

  /** Goes on until the request's job is in this state. */
  async function reach(node: Node, { requestId }: Pick<Asked, "requestId">, state: JobState): Promise<void> {
    for (let i = 0; i < MAX_TICKS && (await node.store.job(requestId))?.state !== state; i++) await tick(node);
    expect((await node.store.job(requestId))?.state).to.equal(state);
  }

  let asked = 0;
  /** Every request has an input of its own, unless `options` give it one. */
  const askNew = (options: AskOptions = {}): Promise<Asked> => {
    asked++;
    return ask(world, model, { tensors: [new Uint8Array(128).fill(asked)], ...options });
  };
  const pass = (seconds: number) => world.networkHelpers.time.increase(seconds);
  const stateOf = async (node: Node, { requestId }: Pick<Asked, "requestId">) =>
    (await node.store.job(requestId))?.state;
  const sent = () => world.ethers.provider.getTransactionCount(world.signingKey.address);

  /** Another operator, whose key is its own. */
  async function rival() {
    const signer = world.stranger;
    const key = new Wallet(id("rival key"));
    const coordinator = world.coordinator.connect(signer);
    await coordinator.stake({ value: parseEther("10") });
    await coordinator.addKey(await signKeyBinding(key, world.domain, signer.address));
    await coordinator.setLive(true);
    const reply = (asked: Asked, output: Uint8Array) =>
      answer(world, asked, output, { signer: key, changes: { operator: signer.address } });
    return { address: signer.address, coordinator, reply };
  }

  /** A request by a contract with these callbacks, whose consumer behaves like that. */
  async function askAsContract(mode: number, callbacks: { provisional: boolean; final: boolean; callbackGas: number }) {
    const { coordinator, ethers } = world;
    const consumer = await ethers.deployContract("HostileConsumer", [coordinator]);
    await consumer.behave(mode);
    const terms = { callbackGasPrice: 10n ** 10n, answerPeriod: 3600, minBond: 0n, atolClass: 0, rtolClass: 0 };
    const policy = packWord(POLICY, { ...callbacks, ...terms });
    await consumer.request(model.modelId, [new Uint8Array(128)], policy, { value: parseEther("0.1") });
    const [event] = await coordinator.queryFilter(coordinator.filters.Requested(), "latest");
    if (event === undefined) throw new Error("no request was made");
    return { requestId: event.args.requestId as Hex, consumer };
  }

  it("answers, makes final and sends what it earned to the account that staked", async () => {
    const node = await open();
    const asked = await askNew();
    await reach(node, asked, "asserted");
    await pass(WINDOW_S);
    const before = await world.ethers.provider.getBalance(world.operator.address);
    await reach(node, asked, "done");
    await tick(node, 3);
    const royalty = (asked.request.fee * 500n) / 10_000n;
    const earned = (await world.ethers.provider.getBalance(world.operator.address)) - before;
    expect(earned).to.equal(asked.request.fee - royalty);
    const output = await node.store.output(asked.request.modelId, asked.request.inputRoot);
    expect(await world.coordinator.isFinal(asked.request, output?.bytes ?? "0x")).to.equal(true);
    expect(await sent(), "assertion, finalisation, withdrawal").to.equal(3);
  });

  it("answers and finalises what is ready at the same time in one transaction", async () => {
    const node = await open({ concurrency: 5 });
    const asked = [];
    for (let i = 0; i < 5; i++) asked.push(await askNew());
    for (const one of asked) await reach(node, one, "asserted");
    await pass(WINDOW_S);
    for (const one of asked) await reach(node, one, "done");
    await tick(node, 2);
    expect(await sent()).to.equal(3);
  });

  it("answers the same question again without running the model again", async () => {
    const node = await open({ concurrency: 1 });
    const tensors = [new Uint8Array(128).fill(7)];
    const first = await askNew({ tensors });
    const second = await askNew({ tensors });
    await reach(node, first, "asserted");
    await reach(node, second, "asserted");
    expect(node.lines.filter(({ msg }) => msg === "output computed").map(({ repeated }) => repeated)).to.deep.equal([
      false,
      true,
    ]);
  });

  it("leaves to another operator what is assigned to it, until it lets it pass", async () => {
    const other = await rival();
    await other.coordinator.setOffer(model.modelId, 1, 60, 0, 2000);
    const node = await open();
    const missed = await askNew();
    await tick(node, 3);
    expect(await stateOf(node, missed)).to.equal("seen");
    await pass(61);
    const kept = await askNew();
    await other.reply(kept, new Uint8Array(96));
    await reach(node, missed, "asserted");
    expect(await stateOf(node, kept)).to.equal("seen");
  });

  it("keeps an answer back when another operator's is mined first, until that is final", async () => {
    const other = await rival();
    const node = await open();
    const asked = await askNew();
    await tick(node);
    const answered = await other.reply(asked, new Uint8Array(96));
    await tick(node, 2);
    expect(await stateOf(node, asked)).to.equal("seen");
    await finalise(world, asked, answered);
    await pass(30);
    await tick(node);
    expect(await node.store.job(asked.requestId)).to.include({
      state: "skipped",
      reason: "answered by another operator",
    });
    expect(await sent()).to.equal(0);
  });

  it("leaves alone what another node of the same operator answered while it ran the model", async () => {
    const node = await open();
    const asked = await askNew();
    await reach(node, asked, "computed");
    await answer(world, asked, new Uint8Array(96));
    await reach(node, asked, "skipped");
    await pass(WINDOW_S);
    await tick(node, 2);
    expect(await sent()).to.equal(0);
  });

  it("passes over in a batch what another operator answered while it waited", async () => {
    const other = await rival();
    const node = await open();
    const lost = await askNew();
    const won = await askNew();
    await tick(node);
    server.fault = poolIsFull;
    await tick(node);
    await other.reply(lost, new Uint8Array(96));
    server.fault = () => undefined;
    await tick(node, 3);
    expect([await stateOf(node, lost), await stateOf(node, won)]).to.deep.equal(["seen", "asserted"]);
    expect(await sent()).to.equal(1);
  });

  it("takes back a transaction that another operator's answer made useless", async () => {
    const other = await rival();
    const node = await open();
    const asked = await askNew();
    await tick(node);
    server.fault = poolIsFull;
    await tick(node);
    await other.reply(asked, new Uint8Array(96));
    server.fault = () => undefined;
    await tick(node, 3);
    expect(await stateOf(node, asked)).to.equal("seen");
    const latest = await world.ethers.provider.getBlock("latest", true);
    expect(latest?.prefetchedTransactions[0]).to.include({ from: world.signingKey.address, data: "0x" });
  });

  it("asserts again what a reorganisation took away, with the same signature", async () => {
    const node = await open();
    const asked = await askNew();
    const before = await world.ethers.provider.send("evm_snapshot", []);
    await reach(node, asked, "asserted");
    const signed = (await node.store.job(asked.requestId))?.signed;
    await world.ethers.provider.send("evm_revert", [before]);
    await world.networkHelpers.mine(2);
    await tick(node, 3);
    const { coordinator } = world;
    expect(await coordinator.queryFilter(coordinator.filters.Asserted(asked.requestId))).to.have.length(1);
    await pass(WINDOW_S);
    await reach(node, asked, "done");
    await tick(node, 2);
    expect((await node.store.job(asked.requestId))?.signed).to.deep.equal(signed);
    expect(await sent()).to.equal(3);
  });

  it("answers a request that a reorganisation moved to another block, under its new terms", async () => {
    const node = await open();
    const before = await world.ethers.provider.send("evm_snapshot", []);
    const tensors = [new Uint8Array(128).fill(3)];
    const asked = await askNew({ tensors });
    await reach(node, asked, "asserted");
    await world.ethers.provider.send("evm_revert", [before]);
    await world.networkHelpers.time.setNextBlockTimestamp((await world.networkHelpers.time.latest()) + 500);
    const moved = await askNew({ tensors });
    expect(moved.requestId).to.equal(asked.requestId);
    await tick(node);
    await reach(node, moved, "asserted");
    await pass(WINDOW_S);
    await reach(node, moved, "done");
    await tick(node, 3);
    expect(await world.coordinator.owedTo(world.operator.address)).to.equal(0n);
  });

  it("waits for free stake", async () => {
    const node = await open();
    const policy = { minBond: 6n * 10n ** 9n }; // 6 of 10 ether
    const first = await askNew({ policy });
    const second = await askNew({ policy });
    await reach(node, first, "asserted");
    expect(await stateOf(node, second)).to.equal("seen");
    await pass(WINDOW_S);
    await reach(node, first, "done");
    await pass(WINDOW_S);
    await reach(node, second, "asserted");
    await pass(WINDOW_S);
    await reach(node, second, "done");
  });

  it("goes on after an outage of the chain's endpoint", async () => {
    const node = await open();
    const asked = await askNew();
    await tick(node, 2);
    server.fault = () => "refuse";
    for (const step of [node.intake.tick(), node.role.tick(), node.outbox.tick()]) {
      expect(await step.catch((error: Error) => error.name)).to.equal("RpcError");
    }
    server.fault = () => undefined;
    await reach(node, asked, "asserted");
  });

  for (const [when, ticks] of [
    ["", 4],
    [" before it saw its own transaction mined", 2],
  ] as const) {
    it(`is done when somebody else finalises${when}`, async () => {
      const node = await open({ withdrawAboveWei: undefined });
      const asked = await askNew();
      await tick(node, ticks);
      await pass(WINDOW_S);
      const job = await node.store.job(asked.requestId);
      const result = {
        operator: world.operator.address,
        issuedAt: job?.signed?.issuedAt ?? 0,
        traceRoot: `0x${"00".repeat(32)}`,
      };
      const [event] = await world.coordinator.queryFilter(world.coordinator.filters.Asserted(asked.requestId));
      await world.coordinator.finalise(asked.request, result, event?.args.outputRoot ?? "0x", "0x");
      await tick(node, 3);
      expect(await stateOf(node, asked)).to.equal("done");
      expect(await sent(), "the assertion").to.equal(1);
    });
  }

  it("leaves earnings below the limit where they are", async () => {
    const node = await open({ withdrawAboveWei: parseEther("1") });
    const asked = await askNew();
    await reach(node, asked, "asserted");
    await pass(WINDOW_S);
    await reach(node, asked, "done");
    expect(await world.coordinator.owedTo(world.operator.address)).to.be.greaterThan(0n);
  });

  it("is paid by a consumer that wastes all the gas it bought", async () => {
    const node = await open({ redeliveries: 1 });
    const { requestId } = await askAsContract(BURN_GAS, { provisional: true, final: true, callbackGas: 200_000 });
    await reach(node, { requestId }, "asserted");
    await tick(node, 4);
    await pass(WINDOW_S);
    await reach(node, { requestId }, "done");
    const { coordinator } = world;
    expect(await coordinator.queryFilter(coordinator.filters.Finalised(requestId))).to.have.length(1);
    expect(
      await coordinator.queryFilter(coordinator.filters.DeliveryFailed(requestId)),
      "both, and once again",
    ).to.have.length(3);
  });

  it("pays for callbacks that are cheap in the estimate and burn all they bought when mined", async () => {
    const node = await open({ redeliveries: 0 });
    const asked = [];
    for (let i = 0; i < 3; i++) {
      asked.push(await askAsContract(ACCEPT, { provisional: true, final: false, callbackGas: 2_000_000 }));
    }
    await tick(node);
    server.fault = poolIsFull;
    await tick(node, 2);
    for (const { consumer } of asked) await consumer.behave(BURN_GAS);
    server.fault = () => undefined;
    await tick(node, 3);
    const over = node.lines.filter(({ msg }) => msg === "transaction over").map(({ state }) => state);
    expect(over).to.not.be.empty.and.not.include("reverted");
    for (const one of asked) expect(await stateOf(node, one)).to.equal("asserted");
  });

  it("waits after a transaction that reverted, and sends what it was for one by one", async () => {
    const node = await open({ retryAfterMs: 60_000 });
    const both = [await askNew(), await askNew()];
    await tick(node);
    server.alter = (method, result) => (method === "eth_estimateGas" ? "0x186a0" : result);
    await tick(node, 3);
    server.alter = (_method, result) => result;
    await tick(node, 2);
    expect(await sent(), "the one that ran out of gas").to.equal(1);
    for (const one of both) expect(await stateOf(node, one)).to.equal("computed");
    await pass(60);
    await tick(node, 3);
    for (const one of both) expect(await stateOf(node, one)).to.equal("asserted");
    expect(await sent(), "one each").to.equal(3);
  });

  it("delivers a callback that was missed once the consumer takes it", async () => {
    const node = await open({ redeliveries: 5 });
    const { requestId, consumer } = await askAsContract(REVERT, {
      provisional: true,
      final: false,
      callbackGas: 500_000,
    });
    await reach(node, { requestId }, "delivering");
    await consumer.behave(ACCEPT);
    await reach(node, { requestId }, "asserted");
    const { coordinator } = world;
    expect(await coordinator.queryFilter(coordinator.filters.Delivered(requestId))).to.have.length(1);
    expect(await consumer.lastRequestId()).to.equal(requestId);
    await pass(WINDOW_S);
    await reach(node, { requestId }, "done");
  });

  it("gets its bond back when its answer was relayed beside another's that became final", async () => {
    const other = await rival();
    const node = await open();
    const asked = await askNew();
    await tick(node);
    // Its signed answer is in the pool, where a rival reads it and comes first with the same output.
    server.fault = (method) =>
      method === "eth_sendRawTransaction" ? { code: -1, message: "txpool is full" } : undefined;
    await tick(node);
    const job = await node.store.job(asked.requestId);
    const { bytes: output = new Uint8Array(0) } =
      (await node.store.output(asked.request.modelId, asked.request.inputRoot)) ?? {};
    const first = await other.reply(asked, output);
    await pass(2);
    const mine = {
      operator: world.operator.address,
      issuedAt: job?.signed?.issuedAt ?? 0,
      traceRoot: first.result.traceRoot,
    };
    const assertion = { request: asked.request, answer: mine, output, signature: job?.signed?.signature ?? "0x" };
    await world.coordinator.assertBeside(assertion, first.result, first.result.outputRoot, "0x");
    server.fault = () => undefined;
    await reach(node, asked, "asserted");
    await pass(WINDOW_S);
    await other.coordinator.finalise(asked.request, first.result, first.result.outputRoot, "0x");
    await reach(node, asked, "done");
    expect((await world.coordinator.operatorOf(world.operator.address)).locked).to.equal(0n);
    expect(await world.coordinator.queryFilter(world.coordinator.filters.Settled(asked.requestId))).to.have.length(1);
  });

  it("sets a job aside that it cannot handle, and goes on with the others", async () => {
    const node = await open();
    const broken = await askNew();
    await reach(node, broken, "asserted");
    // As if the answer had been signed elsewhere: this store knows neither when nor with what.
    node.db.prepare("UPDATE job SET signature = NULL WHERE request_id = ?").run(broken.requestId);
    const whole = await askNew();
    await reach(node, whole, "asserted");
    await pass(WINDOW_S);
    await reach(node, whole, "done");
    expect(await stateOf(node, broken)).to.equal("asserted");
    expect(node.lines.filter(({ msg }) => msg === "job set aside")).to.have.length(1);
  });

  it("says by its metrics what it did", async () => {
    const node = await open();
    await reach(node, await askNew(), "asserted");
    const { body } = await node.metrics.text();
    for (const line of [
      'assay_requests_seen_total{served="yes"} 1',
      'assay_requests_decided_total{decision="answer"} 1',
      "assay_requests_asserted_total 1",
      'assay_jobs{state="asserted"} 1',
      'assay_tx_finished_total{state="mined"} 1',
      'assay_operator_stake_gwei{kind="locked"} 100000000',
    ]) {
      expect(body).to.include(line);
    }
  });
});
