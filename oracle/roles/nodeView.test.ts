import { expect } from "chai";
import { testDeps } from "../../test/oracle/deps.ts";
import type { JobStore } from "../store/port.ts";
import { Alarms } from "./alarms.ts";
import { NodeView } from "./nodeView.ts";
import type { Block, Chain, OperatorView } from "./ports.ts";

const HASH = `0x${"00".repeat(32)}` as const;

/** A node at block `read` of a chain at block `head`, whose last complete round was `sinceMs` ago. */
function view({ head = 100, read = 100, sinceMs = 0, isJailed = false, executor = "fine" } = {}) {
  const own: OperatorView = { stakeWei: 5n, lockedWei: 1n, owedWei: 2n, isLive: true, isJailed };
  const block: Block = { number: head, hash: HASH, timestamp: 0 };
  const chain = { head: () => Promise.resolve(block), operator: () => Promise.resolve(own) };
  const store = {
    tail: () => Promise.resolve(read < 0 ? [] : [{ number: read, hash: HASH }]),
    counts: () => Promise.resolve({ done: 3 }),
  };
  const checkExecutor = () => (executor === "fine" ? Promise.resolve() : Promise.reject(new Error(executor)));
  return new NodeView(
    { chainId: 7, coordinator: "0xC", operator: "0xO", confirmations: 2, pollMs: 1_000 },
    {
      chain: chain as unknown as Chain,
      store: store as unknown as JobStore,
      loop: { lastSuccessMs: sinceMs < 0 ? undefined : 1_000_000 - sinceMs },
      clock: { nowMs: () => 1_000_000 },
      checkExecutor,
      alarms: new Alarms(testDeps()),
    },
  );
}

/** What each probe objects to. */
async function objections(node: NodeView): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, check } of node.probes()) {
    const reason = await check().catch((error: Error) => error.message);
    if (reason !== undefined) found[name] = reason;
  }
  return found;
}

describe("NodeView", () => {
  it("has no objections to a node that keeps up", async () => {
    expect(await objections(view())).to.deep.equal({});
    expect(await objections(view({ read: 78, sinceMs: 60_000 }))).to.deep.equal({});
  });

  it("objects to a node that cannot answer the next request", async () => {
    expect(await objections(view({ read: 77 }))).to.deep.equal({ cursor: "23 blocks behind" });
    expect(await objections(view({ read: -1 }))).to.deep.equal({ cursor: "no block was read yet" });
    expect(await objections(view({ sinceMs: 61_000 }))).to.deep.equal({ rounds: "no round succeeded for 61 s" });
    expect(await objections(view({ sinceMs: -1 }))).to.deep.equal({ rounds: "the first round is under way" });
    expect(await objections(view({ executor: "no process" }))).to.deep.equal({ executor: "no process" });
    expect(await objections(view({ isJailed: true }))).to.deep.equal({
      stake: "jailed: the stake is below the minimum",
    });
  });

  it("shows how it stands", async () => {
    const own = { stakeWei: 5n, lockedWei: 1n, owedWei: 2n, isLive: true, isJailed: false };
    expect(await view({ read: 99 }).status()).to.deep.equal({
      ready: true,
      chain: { id: 7, coordinator: "0xC", head: 100 },
      operator: { address: "0xO", ...own },
      jobs: { done: 3 },
      block: 99,
      alarms: [],
    });
    expect(await view({ isJailed: true }).status()).to.include({ ready: false });
    expect(await view({ sinceMs: -1 }).status()).to.include({ ready: false });
  });
});
