import { expect } from "chai";
import fc from "fast-check";
import { LogCursor } from "../../oracle/chain/cursor.ts";
import { RpcProvider } from "../../oracle/chain/provider.ts";
import { Intake } from "../../oracle/roles/intake.ts";
import { RpcError } from "../../oracle/roles/ports.ts";
import type { JobState } from "../../oracle/store/port.ts";
import { Database } from "../../oracle/store/sqlite/database.ts";
import { SqliteJobStore } from "../../oracle/store/sqlite/jobs.ts";
import { runs, seed } from "../budget.ts";
import { ask, deployed, type Registered, register, type World } from "../fixture.ts";
import { type RpcServer, serveRpc } from "../rpcServer.ts";
import { testDeps } from "./deps.ts";

const ALL_STATES: JobState[] = ["seen", "done"];

describe("LogCursor", () => {
  let world: World;
  let model: Registered;
  let server: RpcServer;
  let opened: RpcProvider[];

  beforeEach(async () => {
    world = await deployed();
    model = await register(world);
    server = await serveRpc(world.ethers.provider);
    opened = [];
  });
  afterEach(async () => {
    for (const provider of opened) provider.destroy();
    await server.close();
  });

  /** A cursor with the store that remembers for it. */
  function open({ confirmations = 0, maxRange = 1000, models = [model.modelId] } = {}) {
    const deps = testDeps();
    const { chainId, addresses, block } = world.manifest;
    const provider = new RpcProvider({ urls: [server.url], chainId, timeoutMs: 2_000, coolDownMs: 1 }, deps);
    opened.push(provider);
    const store = new SqliteJobStore(new Database(":memory:"));
    const { coordinator, arbiter: game } = addresses;
    const options = { chainId, coordinator, game, firstBlock: block.number, confirmations, maxRange };
    const feed = new LogCursor(options, { provider, ...deps });
    const intake = new Intake(new Set(models), { feed, store, ...deps });
    /** The requests that the store knows and believes in. */
    const known = async () => (await store.due(ALL_STATES, Number.MAX_SAFE_INTEGER)).map(({ requestId }) => requestId);
    return { feed, store, intake, known, ...deps };
  }

  const mine = (blocks: number) => world.networkHelpers.mine(blocks);
  const snapshot = () => world.ethers.provider.send("evm_snapshot", []);
  const revert = (to: string) => world.ethers.provider.send("evm_revert", [to]);
  const input = (first: number) => [Uint8Array.from({ length: 128 }, (_, i) => (i === 0 ? first : i))];
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("reads every request once, whole", async () => {
    const { intake, known, store } = open();
    const first = await ask(world, model);
    await intake.tick();
    const second = await ask(world, model);
    await intake.tick();
    await intake.tick();
    expect(await known()).to.deep.equal([first.requestId, second.requestId]);
    const job = await store.job(first.requestId);
    expect(job?.request).to.deep.equal({ ...first.request });
    expect(await store.input(first.requestId)).to.deep.equal(first.input);
  });

  it("keeps nothing of models that are not served", async () => {
    const { intake, known } = open({ models: [] });
    await ask(world, model);
    await intake.tick();
    expect(await known()).to.deep.equal([]);
  });

  it("waits for the confirmations", async () => {
    const { intake, known } = open({ confirmations: 2 });
    await ask(world, model);
    await mine(1);
    await intake.tick();
    expect(await known()).to.have.length(0);
    await mine(1);
    await intake.tick();
    expect(await known()).to.have.length(1);
  });

  it("reads far blocks in ranges, halved as the endpoint wants, and near ones by hash", async () => {
    const asked = [];
    for (let i = 0; i < 4; i++) {
      asked.push((await ask(world, model)).requestId);
      await mine(60);
    }
    const spans: number[] = [];
    server.fault = (method, [filter]) => {
      if (method !== "eth_getLogs") return undefined;
      const { fromBlock, toBlock } = filter as { fromBlock?: string; toBlock?: string };
      if (fromBlock === undefined) return undefined;
      const span = Number(toBlock) - Number(fromBlock) + 1;
      spans.push(span);
      return span > 20 ? { code: -32005, message: "query returned more than 10000 results" } : undefined;
    };
    const { intake, known } = open();
    await intake.tick();
    expect(await known()).to.deep.equal(asked);
    const [first = 0, second = 0] = spans;
    expect(first).to.be.greaterThan(100);
    expect(second).to.equal(Math.ceil(first / 2));
    expect(spans.filter((span) => span <= 20).reduce((sum, span) => sum + span, 0)).to.equal(first);
  });

  it("gives up on a single block that the endpoint does not give", async () => {
    await mine(200);
    server.fault = (method, [filter]) =>
      method === "eth_getLogs" && "fromBlock" in (filter as object) ? { code: -32005, message: "no" } : undefined;
    expect(await failure(open().intake.tick())).to.be.instanceOf(RpcError);
  });

  it("goes on where it was when the endpoint failed half way", async () => {
    const asked = [(await ask(world, model)).requestId];
    const { intake, known } = open();
    await intake.tick();
    asked.push((await ask(world, model)).requestId);
    server.fault = (method) => (method === "eth_getLogs" ? "refuse" : undefined);
    expect(await failure(intake.tick())).to.be.instanceOf(RpcError);
    server.fault = () => undefined;
    await intake.tick();
    expect(await known()).to.deep.equal(asked);
  });

  it("drops what a reorganisation took away and finds what it brought", async () => {
    const { intake, known, store, lines } = open();
    const kept = await ask(world, model, { tensors: input(1) });
    const before = await snapshot();
    await ask(world, model, { tensors: input(2) });
    await ask(world, model, { tensors: input(3) });
    await intake.tick();
    expect(await known()).to.have.length(3);
    await revert(before);
    const other = await ask(world, model, { tensors: input(4) });
    await intake.tick();
    expect(await known()).to.deep.equal([kept.requestId, other.requestId]);
    expect(await store.orphans(ALL_STATES)).to.have.length(2);
    expect(lines.filter(({ msg }) => msg === "reorganisation")).to.have.length(1);
  });

  it("starts a request again that comes back in another block, with the terms it has there", async () => {
    const { intake, store } = open();
    const before = await snapshot();
    const asked = await ask(world, model);
    await intake.tick();
    const job = await store.job(asked.requestId);
    if (job === undefined) throw new Error("the request was not seen");
    await store.change(job, { state: "done" });
    await revert(before);
    await world.networkHelpers.time.setNextBlockTimestamp((await world.networkHelpers.time.latest()) + 500);
    const again = await ask(world, model);
    expect(again.requestId).to.equal(asked.requestId);
    await intake.tick();
    expect(await store.job(asked.requestId)).to.deep.include({ state: "seen", request: again.request });
    expect(again.request.assignment).not.to.equal(asked.request.assignment);
  });

  it("notices a shorter chain that differs, and waits for an endpoint that is only behind", async () => {
    const { intake, known } = open();
    await ask(world, model);
    const before = await snapshot();
    const lost = await ask(world, model);
    await mine(3);
    await intake.tick();
    await revert(before);
    await intake.tick();
    expect(await known(), "behind").to.include(lost.requestId);
    await mine(1);
    await intake.tick();
    expect(await known(), "another chain").not.to.include(lost.requestId);
  });

  it("reads everything again after a reorganisation deeper than what it remembers", async () => {
    const before = await snapshot();
    const { intake, known } = open();
    await ask(world, model);
    await mine(150);
    await intake.tick();
    await revert(before);
    const other = await ask(world, model, { tensors: input(9) });
    await mine(200);
    await intake.tick();
    expect(await known()).to.deep.equal([other.requestId]);
  });

  for (const [what, method, lie] of [
    ["a block of another number", "eth_getBlockByNumber", { number: "0x1" }],
    ["logs of another block", "eth_getLogs", { blockHash: `0x${"12".repeat(32)}` }],
    ["logs of a block of another number", "eth_getLogs", { blockNumber: "0x1" }],
    ["logs of another contract", "eth_getLogs", { address: `0x${"34".repeat(20)}` }],
  ] as const) {
    it(`takes nothing of an endpoint that gives ${what}, and goes on when it does not`, async () => {
      const asked = await ask(world, model);
      const { intake, known } = open();
      server.alter = (called, result) => {
        if (called !== method) return result;
        return Array.isArray(result) ? result.map((log) => ({ ...log, ...lie })) : { ...(result as object), ...lie };
      };
      expect(await failure(intake.tick())).to.be.instanceOf(RpcError);
      expect(await known()).to.deep.equal([]);
      server.alter = (_method, result) => result;
      await intake.tick();
      expect(await known()).to.deep.equal([asked.requestId]);
    });
  }

  it("passes over logs that no coordinator emits, and goes on", async () => {
    const asked = await ask(world, model);
    const { intake, known, lines } = open();
    server.alter = (method, result) => {
      if (method !== "eth_getLogs") return result;
      const [log] = result as { data: string }[];
      if (log === undefined) return result;
      const flipped = log.data.slice(0, -1) + (log.data.endsWith("0") ? "1" : "0");
      return [{ ...log, data: flipped }, { ...log, data: "0x1234" }, log];
    };
    await intake.tick();
    expect(await known()).to.deep.equal([asked.requestId]);
    expect(lines.filter(({ msg }) => msg === "garbage log")).to.have.length(2);
  });

  async function play(steps: readonly { do: string; n: number }[], intake: Intake): Promise<void> {
    const snapshots: string[] = [];
    const actions: Record<string, (n: number) => Promise<unknown>> = {
      ask: (n) => ask(world, model, { tensors: input(n) }),
      mine,
      read: () => intake.tick(),
      snapshot: async () => snapshots.push(await snapshot()),
      revert: async (n) => {
        const [to] = snapshots.splice(snapshots.length - 1 - n);
        if (to !== undefined) await revert(to);
      },
    };
    for (const { do: what, n } of steps) await actions[what]?.(n);
  }

  it(`knows at the end what the chain says, whatever happened in between (seed ${seed})`, async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant("ask" as const), n: fc.nat(3) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("mine" as const), n: fc.integer({ min: 1, max: 40 }) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant("read" as const), n: fc.nat(0) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("snapshot" as const), n: fc.nat(0) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("revert" as const), n: fc.nat(3) }) },
    );
    const property = fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const start = await snapshot();
      const { intake, known } = open({ maxRange: 10 });
      await play(steps, intake);
      await mine(1); // a revert alone leaves a chain that could be an endpoint behind
      await intake.tick();
      const events = await world.coordinator.queryFilter(world.coordinator.filters.Requested());
      const ids = await known();
      await revert(start);
      expect(ids.toSorted()).to.deep.equal(events.map(({ args }) => args.requestId).toSorted());
    });
    await fc.assert(property, { seed, numRuns: runs(25, 1000), endOnFailure: false });
  });
});
