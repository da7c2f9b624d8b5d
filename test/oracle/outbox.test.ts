import { expect } from "chai";
import { type HDNodeWallet, Interface, parseEther, Wallet } from "ethers";
import { network } from "hardhat";
import { COORDINATOR_ABI } from "../../oracle/chain/abi.ts";
import { ChainOutbox, type OutboxOptions } from "../../oracle/chain/outbox.ts";
import { RpcProvider } from "../../oracle/chain/provider.ts";
import { type Call, RpcError } from "../../oracle/roles/ports.ts";
import { Database } from "../../oracle/store/sqlite/database.ts";
import { SqliteOutboxStore } from "../../oracle/store/sqlite/outbox.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import { deploy } from "../../scripts/deploy.ts";
import { PRESETS } from "../../scripts/deployment.ts";
import { type RpcServer, serveRpc } from "../rpcServer.ts";
import { testDeps } from "./deps.ts";

const CHAIN_ID = 31337;
const GWEI = 10n ** 9n;
const BUMP_MS = 60_000;
const RESEND_MS = 10_000;
const SEND = "eth_sendRawTransaction";

/** A plain transfer of nothing, as good as any call. */
const call: Call = { to: `0x${"22".repeat(20)}`, data: "0x" };
const GAS = 30_000n;

describe("ChainOutbox", () => {
  let chain: Awaited<ReturnType<typeof network.create>>;
  let server: RpcServer;
  let wallet: HDNodeWallet;
  let opened: RpcProvider[];

  before(async () => {
    chain = await network.create();
  });
  beforeEach(async () => {
    server = await serveRpc(chain.ethers.provider);
    wallet = Wallet.createRandom();
    opened = [];
    await chain.networkHelpers.setBalance(wallet.address, parseEther("1"));
  });
  afterEach(async () => {
    await setAutomine(true);
    await chain.networkHelpers.mine(1);
    for (const provider of opened) provider.destroy();
    await server.close();
  });

  const setAutomine = (on: boolean) => chain.ethers.provider.send("evm_setAutomine", [on]);
  const mine = (blocks = 1) => chain.networkHelpers.mine(blocks);
  const nonce = () => chain.ethers.provider.getTransactionCount(wallet.address);

  /** `again`: the store of an outbox that crashed. */
  function open({ again, urls = [server.url], ...options }: Partial<OutboxOptions> & Opening = {}) {
    const deps = testDeps();
    const provider = new RpcProvider({ urls, chainId: CHAIN_ID, timeoutMs: 500, coolDownMs: 1 }, deps);
    opened.push(provider);
    const store = again ?? new SqliteOutboxStore(new Database(":memory:"));
    const defaults = {
      chainId: CHAIN_ID,
      maxGas: 1_000_000n,
      maxFeeWei: 1000n * GWEI,
      bumpAfterMs: BUMP_MS,
      resendAfterMs: RESEND_MS,
      confirmations: 0,
      maxInFlight: 3,
    };
    const outbox = new ChainOutbox({ ...defaults, ...options }, { store, provider, signer: wallet, ...deps });
    return { outbox, store, ...deps };
  }
  interface Opening {
    readonly again?: SqliteOutboxStore;
    readonly urls?: readonly string[];
  }

  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  async function minedHashes(): Promise<string[]> {
    const hashes: string[] = [];
    for (let number = await chain.ethers.provider.getBlockNumber(); number > 0; number--) {
      const block = await chain.ethers.provider.getBlock(number, true);
      hashes.push(
        ...(block?.prefetchedTransactions ?? []).filter((tx) => tx.from === wallet.address).map((tx) => tx.hash),
      );
    }
    return hashes;
  }

  it("sends, and says when it is mined", async () => {
    const { outbox } = open();
    await outbox.submit(["a", "b"], call, GAS);
    expect(await outbox.delivery("a")).to.deep.equal({ state: "pending", keys: ["a", "b"] });
    await outbox.tick();
    await outbox.tick();
    expect(await outbox.delivery("b")).to.include({ state: "mined", gasUsed: 21_000n });
    expect(await outbox.delivery("c")).to.equal(undefined);
    expect(await nonce()).to.equal(1);
  });

  it("sends once per key", async () => {
    const { outbox } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.submit(["a"], call, GAS);
    await outbox.submit(["b", "a"], call, GAS);
    for (let i = 0; i < 3; i++) await outbox.tick();
    expect(await nonce()).to.equal(1);
    expect(await outbox.attempts("a")).to.equal(1);
    expect(await outbox.delivery("b")).to.equal(undefined);
  });

  it("counts keys by their beginning", async () => {
    const { outbox } = open();
    for (const key of ["x/1", "x/2", "xy", "w"]) await outbox.submit([key], call, GAS);
    expect(await outbox.attempts("x/")).to.equal(2);
    expect(await outbox.attempts("y")).to.equal(0);
  });

  it("refuses more gas than its cap", async () => {
    const error = await failure(open().outbox.submit(["a"], call, 1_000_001n));
    expect(error).to.be.instanceOf(RangeError);
  });

  it("sends in order, a few at a time", async () => {
    await setAutomine(false);
    const { outbox } = open();
    for (const key of ["a", "b", "c", "d"]) await outbox.submit([key], call, GAS);
    await outbox.tick();
    await outbox.tick();
    expect(server.calls.get(SEND)).to.equal(3);
    await mine();
    await outbox.tick();
    await mine();
    await outbox.tick();
    for (const key of ["a", "b", "c", "d"]) expect((await outbox.delivery(key))?.state).to.equal("mined");
    expect(await nonce()).to.equal(4);
  });

  it("waits for the confirmations", async () => {
    const { outbox } = open({ confirmations: 2 });
    await outbox.submit(["a"], call, GAS);
    await outbox.tick();
    await mine();
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("pending");
    await mine();
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("mined");
  });

  it("names the error of a revert", async () => {
    const [deployer] = await chain.ethers.getSigners();
    if (deployer === undefined) throw new Error("there is no signer");
    const { addresses } = await deploy(deployer, PRESETS.local);
    const data = new Interface(COORDINATOR_ABI).encodeFunctionData("withdrawFor", [wallet.address]) as Hex;
    const { outbox } = open();
    await outbox.submit(["a"], { to: addresses.coordinator, data }, 100_000n);
    await outbox.submit(["b"], { to: addresses.coordinator, data }, 23_000n);
    for (let i = 0; i < 3; i++) await outbox.tick();
    expect(await outbox.delivery("a")).to.include({ state: "reverted", errorName: "NothingToWithdraw" });
    expect(await outbox.delivery("b")).to.include({ state: "reverted", errorName: "OutOfGas", gasUsed: 23_000n });
  });

  it("sends the same transaction again after a crash between signing and sending", async () => {
    server.fault = (method) => (method === SEND ? "refuse" : undefined);
    const first = open();
    await first.outbox.submit(["a"], call, GAS);
    expect(await failure(first.outbox.tick())).to.be.instanceOf(RpcError);
    const [signed] = await first.store.open();
    server.fault = () => undefined;
    const { outbox } = open({ again: first.store });
    await outbox.tick();
    expect(await minedHashes()).to.deep.equal([signed?.attempts[0]?.hash]);
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("mined");
    expect(await nonce()).to.equal(1);
  });

  it("sends the same transaction again when the answer to the send was lost", async () => {
    await setAutomine(false);
    server.fault = (method) => (method === SEND ? "lose" : undefined);
    const { outbox } = open();
    await outbox.submit(["a"], call, GAS);
    expect(await failure(outbox.tick())).to.be.instanceOf(RpcError);
    server.fault = () => undefined;
    await outbox.tick(); // the pool says that it knows it
    await mine();
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("mined");
    expect(await minedHashes()).to.have.length(1);
  });

  it("sends over another endpoint when one hangs in the middle of a send", async () => {
    const second = await serveRpc(chain.ethers.provider);
    server.fault = (method) => (method === SEND ? "hang" : undefined);
    const { outbox } = open({ urls: [server.url, second.url] });
    await outbox.submit(["a"], call, GAS);
    await outbox.tick();
    expect(second.calls.get(SEND)).to.equal(1);
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("mined");
    await second.close();
  });

  it("burns no nonce on a refused send, and holds back what comes after", async () => {
    server.fault = (method) => (method === SEND ? { code: -32000, message: "txpool is full" } : undefined);
    const { outbox, store, lines } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.submit(["b"], call, GAS);
    await outbox.tick();
    await outbox.tick();
    expect((await store.open()).map((tx) => tx.nonce)).to.deep.equal([0, undefined]);
    expect(lines.filter(({ msg }) => msg === "transaction refused")).to.have.length(2);
    server.fault = () => undefined;
    await outbox.tick();
    await outbox.tick();
    expect(await nonce()).to.equal(2);
  });

  it("gives up what no pool takes for long, and goes on with the next", async () => {
    server.fault = (method) => (method === SEND ? { code: -32000, message: "exceeds block gas limit" } : undefined);
    const { outbox, clock, lines } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.submit(["b"], call, GAS);
    await outbox.tick();
    clock.pass(5 * BUMP_MS - 1);
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("pending");
    clock.pass(1);
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("cancelled");
    expect(lines.at(-1)).to.include({ level: "error", msg: "transaction given up: no pool takes it" });
    server.fault = () => undefined;
    await outbox.tick();
    await outbox.tick();
    expect((await outbox.delivery("b"))?.state).to.equal("mined");
    expect(await nonce()).to.equal(1);
  });

  it("waits for money", async () => {
    await chain.networkHelpers.setBalance(wallet.address, 1n);
    const { outbox, lines } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.tick();
    expect(lines.find(({ msg }) => msg === "transaction refused")).to.include({ refusal: "poor" });
    await chain.networkHelpers.setBalance(wallet.address, parseEther("1"));
    await outbox.tick();
    expect(await nonce()).to.equal(1);
  });

  it("replaces what is not mined by something dearer, again and again up to the cap", async () => {
    await setAutomine(false);
    const first = await chain.ethers.provider.getFeeData();
    const cap = ((first.maxFeePerGas ?? 0n) * 130n) / 100n;
    const { outbox, store, clock } = open({ maxFeeWei: cap });
    await outbox.submit(["a"], call, GAS);
    for (let i = 0; i < 4; i++) {
      await outbox.tick();
      clock.pass(BUMP_MS);
    }
    const [tx] = await store.open();
    const attempts = tx?.attempts.toReversed() ?? [];
    expect(attempts.length).to.equal(3);
    for (const [i, attempt] of attempts.entries()) {
      const previous = attempts[i - 1];
      if (previous !== undefined) expect(attempt.maxFeeWei * 8n >= previous.maxFeeWei * 9n).to.equal(true);
      expect(attempt.maxFeeWei <= cap).to.equal(true);
    }
    await mine();
    await outbox.tick();
    expect(await minedHashes()).to.deep.equal([attempts[2]?.hash]);
    expect((await outbox.delivery("a"))?.state).to.equal("mined");
  });

  it("finds that an earlier one of several was mined", async () => {
    await setAutomine(false);
    const { outbox, clock, store } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.tick();
    server.fault = (method) => (method === SEND ? { code: -32000, message: "txpool is full" } : undefined);
    clock.pass(BUMP_MS);
    await outbox.tick();
    const [tx] = await store.open();
    await mine();
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("mined");
    expect(await minedHashes()).to.deep.equal([tx?.attempts[1]?.hash]);
  });

  it("pays more when the pool finds it too cheap", async () => {
    let refusals = 2;
    server.fault = (method) =>
      method === SEND && refusals-- > 0 ? { code: -32000, message: "transaction underpriced" } : undefined;
    const { outbox, store } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.tick();
    await outbox.tick();
    await outbox.tick();
    const tx = await store.byKey("a");
    expect(tx?.attempts).to.have.length(3);
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("mined");
  });

  it("sends again what the pool dropped", async () => {
    await setAutomine(false);
    const { outbox, clock, store } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.tick();
    const hash = (await store.open())[0]?.attempts[0]?.hash;
    await chain.ethers.provider.send("hardhat_dropTransaction", [hash]);
    await outbox.tick();
    expect(server.calls.get(SEND)).to.equal(1);
    clock.pass(RESEND_MS);
    await outbox.tick();
    await mine();
    await outbox.tick();
    expect(await minedHashes()).to.deep.equal([hash]);
  });

  it("takes a new nonce when somebody else used its own", async () => {
    await setAutomine(false);
    const { outbox, lines } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.tick();
    const foreign = { nonce: 0, to: wallet.address, gasPrice: 100n * GWEI, gasLimit: 21_000n };
    await wallet.connect(chain.ethers.provider).sendTransaction(foreign);
    await mine();
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state, "while it may still be there").to.equal("pending");
    await mine(3);
    await outbox.tick();
    await outbox.tick();
    await mine();
    await outbox.tick();
    expect(lines.some(({ level, msg }) => level === "error" && String(msg).includes("something else sends"))).to.equal(
      true,
    );
    expect((await outbox.delivery("a"))?.state).to.equal("mined");
    expect(await nonce()).to.equal(2);
  });

  it("takes out of the queue what is cancelled before it was sent", async () => {
    const { outbox } = open();
    await outbox.submit(["x/a"], call, GAS);
    await outbox.submit(["y"], call, GAS);
    await outbox.cancel("x/");
    await outbox.tick();
    await outbox.tick();
    expect(await outbox.delivery("x/a")).to.deep.equal({ state: "cancelled" });
    expect((await outbox.delivery("y"))?.state).to.equal("mined");
    expect(await nonce()).to.equal(1);
  });

  it("replaces by nothing what is cancelled after it was sent", async () => {
    await setAutomine(false);
    const { outbox } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.tick();
    await outbox.cancel("a");
    await outbox.cancel("a");
    await outbox.tick();
    await mine();
    await outbox.tick();
    expect(await outbox.delivery("a")).to.deep.equal({ state: "cancelled" });
    const [hash] = await minedHashes();
    expect(await chain.ethers.provider.getTransaction(hash ?? "")).to.include({ to: wallet.address, data: "0x" });
    expect(await nonce()).to.equal(1);
  });

  it("cannot cancel what is mined", async () => {
    const { outbox } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.tick();
    await outbox.cancel("a");
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("mined");
  });

  it("sends again, in order, what a reorganisation undid", async () => {
    const before = await chain.ethers.provider.send("evm_snapshot", []);
    const { outbox } = open();
    await outbox.submit(["a"], call, GAS);
    await outbox.submit(["b"], call, GAS);
    await outbox.tick();
    await outbox.tick();
    const hashes = await minedHashes();
    await chain.ethers.provider.send("evm_revert", [before]);
    await mine(2);
    await outbox.tick();
    expect((await outbox.delivery("a"))?.state).to.equal("pending");
    await outbox.tick();
    expect((await outbox.delivery("b"))?.state).to.equal("mined");
    expect(await minedHashes()).to.deep.equal(hashes);
  });
});
