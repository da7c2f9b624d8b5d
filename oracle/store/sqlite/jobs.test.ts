import { expect } from "chai";
import type { Request, RequestedEvent } from "../../roles/ports.ts";
import type { Hex } from "../../vm/keccak.ts";
import type { Job } from "../port.ts";
import { Database } from "./database.ts";
import { SqliteJobStore } from "./jobs.ts";

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const request: Request = {
  requester: "0x00000000000000000000000000000000000000Aa",
  nonce: 2n ** 64n - 1n,
  modelId: word(1),
  inputRoot: word(2),
  policy: 2n ** 255n + 1n,
  fee: 2n ** 96n - 1n,
  model: 3n,
  assignment: 4n,
};
const event = (id: number, block: number, changes: Partial<RequestedEvent> = {}): RequestedEvent => ({
  requestId: word(id),
  request,
  input: Uint8Array.of(id, 1, 2),
  block: { number: block, hash: word(block) },
  ...changes,
});
const first = { bytes: Uint8Array.of(1), traceRoot: word(9) };
const ref = (number: number) => ({ number, hash: word(number) });
const FOREVER = Number.MAX_SAFE_INTEGER;

describe("SqliteJobStore", () => {
  let store: SqliteJobStore;
  beforeEach(() => {
    store = new SqliteJobStore(new Database(":memory:"));
  });

  async function job(id: number): Promise<Job> {
    const found = await store.job(word(id));
    if (found === undefined) throw new Error(`no job ${id}`);
    return found;
  }
  const ids = (jobs: readonly Job[]) => jobs.map(({ requestId }) => Number(requestId));

  it("gives a job back as it came", async () => {
    await store.advance([ref(7)], [event(1, 7)]);
    expect(await job(1)).to.deep.equal({
      requestId: word(1),
      state: "seen",
      reason: undefined,
      request,
      block: ref(7),
      round: 0,
      runs: 0,
      notBeforeMs: 0,
      signed: undefined,
    });
    expect(await store.input(word(1))).to.deep.equal(Uint8Array.of(1, 1, 2));
    expect(await store.job(word(2))).to.equal(undefined);
  });

  it("remembers the last 128 blocks, the newest first", async () => {
    expect(await store.tail()).to.deep.equal([]);
    for (let n = 1; n <= 130; n++) await store.advance([ref(n)], []);
    const tail = await store.tail();
    expect([tail.length, tail[0], tail.at(-1)]).to.deep.equal([128, ref(130), ref(3)]);
  });

  it("lists what is due, the oldest first", async () => {
    await store.advance([ref(1), ref(2)], [event(2, 2), event(1, 1), event(3, 2)]);
    await store.change(await job(3), { state: "seen", notBeforeMs: 100 });
    expect(ids(await store.due(["seen"], 99))).to.deep.equal([1, 2]);
    expect(ids(await store.due(["seen"], 100))).to.deep.equal([1, 2, 3]);
    expect(ids(await store.due(["computing", "done"], FOREVER))).to.deep.equal([]);
    expect(await store.counts()).to.deep.equal({ seen: 3 });
  });

  it("changes a job that is as the caller thinks, and no other", async () => {
    await store.advance([ref(1)], [event(1, 1)]);
    const before = await job(1);
    const signed = { issuedAt: 5, signature: word(9) };
    expect(await store.change(before, { state: "asserting", round: 1, signed })).to.equal(true);
    expect(await job(1)).to.deep.include({ state: "asserting", round: 1, signed });
    expect(await store.change(before, { state: "skipped" }), "another state").to.equal(false);
    expect(await store.change({ ...before, state: "asserting" }, { state: "done" }), "another round").to.equal(false);
    expect(await store.change(await job(1), { state: "failed", reason: "why" })).to.equal(true);
    expect(await job(1)).to.deep.include({ state: "failed", reason: "why", signed });
  });

  it("keeps the first output for a model and an input", async () => {
    await store.advance([ref(1)], [event(1, 1), event(2, 1)]);
    expect(await store.output(request.modelId, request.inputRoot)).to.equal(undefined);
    await store.compute(await job(1), first);
    await store.compute(await job(2), { bytes: Uint8Array.of(2), traceRoot: word(8) });
    expect(await store.output(request.modelId, request.inputRoot)).to.deep.equal(first);
    expect((await job(2)).state).to.equal("computed");
  });

  it("keeps an output even if its job has changed meanwhile", async () => {
    await store.advance([ref(1)], [event(1, 1)]);
    const before = await job(1);
    await store.change(before, { state: "dropped" });
    expect(await store.compute(before, first)).to.equal(false);
    expect((await job(1)).state).to.equal("dropped");
    expect(await store.output(request.modelId, request.inputRoot)).to.deep.equal(first);
  });

  describe("after a reorganisation", () => {
    beforeEach(async () => {
      await store.advance([ref(1), ref(2)], [event(1, 1), event(2, 2)]);
      await store.compute(await job(2), first);
    });

    it("has orphans and the blocks before it", async () => {
      await store.rewind(1);
      expect(await store.tail()).to.deep.equal([ref(1)]);
      expect(ids(await store.due(["seen", "computed"], FOREVER))).to.deep.equal([1]);
      expect(ids(await store.orphans(["computed"]))).to.deep.equal([2]);
      expect(await store.counts()).to.deep.equal({ seen: 1 });
    });

    it("goes on with a request that is back in the same block", async () => {
      await store.rewind(1);
      await store.advance([ref(2)], [event(2, 2)]);
      expect(await job(2)).to.deep.include({ state: "computed", round: 1 });
      expect(await store.orphans(["computed"])).to.have.length(0);
    });

    it("begins anew with one that is back in another block, or was dropped", async () => {
      await store.rewind(1);
      const request2 = { ...request, assignment: 99n };
      await store.advance([], [event(2, 2, { request: request2, block: { number: 2, hash: word(22) } })]);
      expect(await job(2)).to.deep.include({ state: "seen", request: request2, block: { number: 2, hash: word(22) } });
      await store.rewind(1);
      await store.change(await job(2), { state: "dropped" });
      expect(await store.counts()).to.deep.equal({ seen: 1, dropped: 1 });
      await store.advance([], [event(2, 2, { block: { number: 2, hash: word(22) } })]);
      expect((await job(2)).state).to.equal("seen");
    });

    it("loses a request again that came back in a later block", async () => {
      await store.rewind(1);
      await store.advance([ref(2), ref(3), ref(4)], [event(2, 4)]);
      expect((await job(2)).block).to.deep.equal(ref(4));
      await store.rewind(3);
      expect(ids(await store.orphans(["seen"]))).to.deep.equal([2]);
      await store.advance([ref(4)], []);
      expect(ids(await store.due(["seen"], FOREVER))).to.deep.equal([1]);
    });

    it("refuses a change by somebody who has not noticed it", async () => {
      const before = await job(2);
      await store.rewind(1);
      await store.advance([ref(2)], [event(2, 2)]);
      expect(await store.change(before, { state: "asserting" })).to.equal(false);
    });
  });
});
