import { expect } from "chai";
import type { GameEvent } from "../../dispute/event.ts";
import type { Result, Session } from "../../dispute/session.ts";
import type { PlacedGameEvent, RequestedEvent } from "../../roles/ports.ts";
import type { Hex } from "../../vm/keccak.ts";
import type { SeenAssertion, Watched } from "../port.ts";
import { Database } from "./database.ts";
import { SqliteDisputeStore } from "./disputes.ts";
import { SqliteJobStore } from "./jobs.ts";

const word = (number: number): Hex => `0x${number.toString(16).padStart(64, "0")}`;
const OWNER = "0x00000000000000000000000000000000000000A1";
const OPERATOR = "0x00000000000000000000000000000000000000B2";
const REQUEST = word(1);
const MODEL = word(2);
const INPUT_ROOT = word(3);
const NO_BLOCKS: readonly never[] = [];
const FOREVER = Number.MAX_SAFE_INTEGER;

const block = (number: number) => ({ number, hash: word(1_000 + number) });

const requested = (at: number): RequestedEvent => ({
  requestId: REQUEST,
  request: {
    requester: OWNER,
    nonce: 1n,
    modelId: MODEL,
    inputRoot: INPUT_ROOT,
    policy: 0n,
    fee: 1n,
    model: 0n,
    assignment: 0n,
  },
  input: Uint8Array.of(1, 2, 3),
  block: block(at),
});

const resultOf = (issuedAt: number): Result => ({
  modelId: MODEL,
  requestId: REQUEST,
  inputRoot: INPUT_ROOT,
  outputRoot: word(4),
  traceRoot: word(5),
  operator: OPERATOR,
  issuedAt: BigInt(issuedAt),
});

const asserted = (id: number, at: number, disputableUntil = 100): SeenAssertion => ({
  assertionId: word(id),
  result: resultOf(id),
  disputableUntil,
  input: undefined,
  output: Uint8Array.of(id),
  block: block(at),
});

const sessionOf = (id: number, serial: number): Session => ({
  assertionId: word(id),
  operator: OPERATOR,
  owner: OWNER,
  serial,
  bond: 10n ** 20n,
  chunks: 7,
  phase: "Commit",
  height: 3,
  index: 0,
  node: word(0),
  focus: word(0),
  since: 50,
  ownerClock: 60,
  operatorClock: 60,
  ownerCost: 0n,
  operatorCost: 0n,
  contender: word(0),
});

const sessionId = (serial: number) => word(500 + serial);
const opened = (id: number, serial: number): GameEvent => ({
  type: "Opened",
  assertionId: word(id),
  sessionId: sessionId(serial),
  result: resultOf(id),
  session: sessionOf(id, serial),
});
const placed = (event: GameEvent, at: number, logIndex = 0): PlacedGameEvent => ({ event, block: block(at), logIndex });

describe("dispute store", () => {
  let db: Database;
  let jobs: SqliteJobStore;
  let store: SqliteDisputeStore;

  beforeEach(() => {
    db = new Database(":memory:");
    jobs = new SqliteJobStore(db);
    store = new SqliteDisputeStore(db);
  });
  afterEach(() => db.close());

  /** Reads block `number` with these events. */
  const read = (number: number, events: Partial<Watched>) =>
    jobs.advance([block(number)], NO_BLOCKS, { requests: [], assertions: [], endings: [], game: [], ...events });
  const ids = async (verdict: "unchecked" | "wrong" = "unchecked", nowMs = FOREVER) =>
    (await store.due([verdict], nowMs)).map(({ assertionId }) => assertionId);

  it("gives what can be disputed for the shortest time first, with what it takes to run it", async () => {
    await read(1, { requests: [requested(1)], assertions: [asserted(11, 1, 200), asserted(12, 1, 100)] });
    expect(await ids()).to.deep.equal([word(12), word(11)]);
    expect(await store.request(REQUEST)).to.deep.equal({ modelId: MODEL, inputRoot: INPUT_ROOT });
    expect(await store.inputOf(word(12), REQUEST)).to.deep.equal(Uint8Array.of(1, 2, 3));
    expect(await store.outputOf(word(12))).to.deep.equal(Uint8Array.of(12));
    expect(await store.assertion(word(12))).to.deep.equal({
      assertionId: word(12),
      result: resultOf(12),
      disputableUntil: 100,
      verdict: "unchecked",
      reason: undefined,
      runs: 0,
    });
  });

  it("has the input of a receipt, and of a request that is a job", async () => {
    await read(1, { assertions: [{ ...asserted(11, 1), input: Uint8Array.of(9) }] });
    expect(await store.inputOf(word(11), word(0))).to.deep.equal(Uint8Array.of(9));
    await jobs.advance([block(2)], [requested(2)]);
    expect(await store.inputOf(word(12), REQUEST)).to.deep.equal(Uint8Array.of(1, 2, 3));
    expect(await store.inputOf(word(12), word(77))).to.equal(undefined);
  });

  it("remembers verdicts and what is not due yet", async () => {
    await read(1, { requests: [requested(1)], assertions: [asserted(11, 1), asserted(12, 1)] });
    await store.judge(word(11), { verdict: "wrong", reason: "so" });
    await store.judge(word(12), { verdict: "unchecked", runs: 3, notBeforeMs: 5_000 });
    expect(await ids("wrong")).to.deep.equal([word(11)]);
    expect(await ids("unchecked", 4_999)).to.deep.equal([]);
    expect(await ids("unchecked", 5_000)).to.deep.equal([word(12)]);
    expect(await store.assertion(word(12))).to.include({ verdict: "unchecked", runs: 3 });
    expect(await store.verdicts()).to.deep.equal({ wrong: 1, unchecked: 1 });
  });

  it("counts the bonds of sessions that are not over, and gives back what a reorganisation took", async () => {
    await read(1, { requests: [requested(1)], assertions: [asserted(11, 1)] });
    await read(2, { game: [placed(opened(11, 0), 2), placed(opened(11, 1), 2, 1)] });
    expect(await store.bondsOut(OWNER)).to.equal(2n * 10n ** 20n);
    expect(await store.disputed("owner", OWNER)).to.deep.equal([word(11)]);
    expect(await store.disputed("operator", OPERATOR)).to.deep.equal([word(11)]);
    expect(await store.disputed("owner", OPERATOR)).to.deep.equal([]);
    const lost: GameEvent = {
      type: "SessionLost",
      assertionId: word(11),
      sessionId: sessionId(0),
      refund: 1n,
      burned: 2n,
    };
    await read(3, { game: [placed(lost, 3)] });
    expect(await store.bondsOut(OWNER)).to.equal(10n ** 20n);
    expect(await store.events(word(11))).to.deep.equal([opened(11, 0), opened(11, 1), lost]);
    await jobs.rewind(2);
    expect(await store.bondsOut(OWNER)).to.equal(2n * 10n ** 20n);
    await jobs.rewind(1);
    expect(await store.bondsOut(OWNER)).to.equal(0n);
    expect(await store.events(word(11))).to.deep.equal([]);
    expect(await ids()).to.deep.equal([word(11)]);
    await jobs.rewind(0);
    expect(await ids()).to.deep.equal([]);
    expect(await store.request(REQUEST)).to.equal(undefined);
  });

  it("has nothing to do for what ended, and has it again when the end is taken back", async () => {
    await read(1, { requests: [requested(1)], assertions: [asserted(11, 1), asserted(12, 1)] });
    const ending = { ending: "final", requestId: REQUEST, assertionId: word(11), block: block(2) } as const;
    const refuted: GameEvent = {
      type: "Refuted",
      assertionId: word(12),
      operator: OPERATOR,
      prover: OWNER,
      ground: "Timeout",
      chunk: "all",
      refund: 5n,
    };
    await read(2, { endings: [ending], game: [placed(refuted, 2)] });
    expect(await ids()).to.deep.equal([]);
    await jobs.rewind(1);
    expect(await ids()).to.deep.equal([word(11), word(12)]);
  });

  it("forgets what ended long ago, but not while a session of it is open", async () => {
    await read(1, { requests: [requested(1)], assertions: [asserted(11, 1), asserted(12, 1)] });
    const end = (id: number) =>
      ({ ending: "final", requestId: REQUEST, assertionId: word(id), block: block(2) }) as const;
    await read(2, { endings: [end(11), end(12)], game: [placed(opened(12, 0), 2)] });
    await read(200, {});
    expect(await store.assertion(word(11))).to.equal(undefined);
    expect(await store.assertion(word(12))).to.not.equal(undefined);
  });

  it("reads everything again for another scope", async () => {
    await store.setScope("all");
    await read(1, { requests: [requested(1)], assertions: [asserted(11, 1)] });
    await store.setScope("all");
    expect(await store.lastBlock()).to.equal(1);
    await store.setScope("some");
    expect(await store.lastBlock()).to.equal(undefined);
    expect(await ids()).to.deep.equal([]);
  });

  it("takes events that it knows without harm", async () => {
    await read(1, { requests: [requested(1)], assertions: [asserted(11, 1)], game: [placed(opened(11, 0), 1)] });
    await store.judge(word(11), { verdict: "right" });
    await read(2, { requests: [requested(1)], assertions: [asserted(11, 1)], game: [placed(opened(11, 0), 1)] });
    expect(await store.events(word(11))).to.have.length(1);
    expect(await store.assertion(word(11))).to.include({ verdict: "right" });
  });
});
