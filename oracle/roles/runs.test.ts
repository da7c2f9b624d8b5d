import { expect } from "chai";
import { testDeps } from "../../test/oracle/deps.ts";
import { Database } from "../store/sqlite/database.ts";
import { SqliteJobStore } from "../store/sqlite/jobs.ts";
import type { Hex } from "../vm/keccak.ts";
import { Alarms } from "./alarms.ts";
import { NO_TRACE } from "./answering.ts";
import type { Moment } from "./moment.ts";
import {
  ArtefactError,
  type CanonicalExecutor,
  type Chain,
  ExecutionError,
  type ProgramSpec,
  type RegisteredModel,
  type Request,
  RpcError,
  type Tensor,
  type Terms,
} from "./ports.ts";
import { Runs, type RunsOptions, type ServedModel } from "./runs.ts";

const US = "0x01";
const NOW_S = 1005;
const word = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const MODEL = word(100);

const terms: Terms = {
  wantsProvisional: false,
  wantsFinal: false,
  callbackGas: 0n,
  callbackCost: 0n,
  answerPeriod: 100,
  minBondWei: 0n,
  royaltyBps: 0,
  inputBytes: 4,
  outputBytes: 8,
  assignedTo: US,
  requestedAt: 1000,
  exclusiveUntil: 1010,
  penaltyBps: 0,
};
const registered: RegisteredModel = {
  modelId: MODEL,
  owner: US,
  semantics: 0,
  program: undefined,
  inputs: [{ name: "x", dtype: "f32", dims: [1] }],
  outputs: [{ name: "y", dtype: "f32", dims: [1, 2] }],
  artefactHash: word(200),
  spec: new Uint8Array(),
  uris: ["https://example.org/model.onnx"],
};
const moment: Moment = {
  head: { number: 10, hash: word(10), timestamp: NOW_S },
  nowMs: NOW_S * 1000,
  nowS: NOW_S,
  own: { stakeWei: 100n, lockedWei: 0n, owedWei: 0n, isLive: true, isJailed: false },
  gasPriceWei: 1n,
};
const output: Tensor = { name: "y", dtype: "f32", dims: [1, 2], bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };

const SERVED: ServedModel = {
  minProfitWei: 0n,
  maxCallbackGas: 0n,
  deadlineMs: 500,
  memoryMb: 1,
  uris: [],
  sentinel: { atol: 0, rtol: 0 },
  answers: "canonical",
  checkEvery: 1,
};
const NO_CANONICAL: CanonicalExecutor = {
  run: () => Promise.reject(new Error("not reached")),
  load: () => Promise.reject(new Error("not reached")),
};
const disputable: RegisteredModel = {
  ...registered,
  semantics: 1,
  program: {
    roots: {
      kernelRoot: word(1),
      kernelCount: 1,
      traceChunks: 1n,
      outputChunks: 1n,
      weightsRoot: word(2),
      weightsChunks: 1n,
    },
    compilerVersion: "1",
    compilerOptions: '{"bind":{},"dims":{}}',
    tolerance: { atol: 0, rtol: 0 },
  },
};

describe("Runs", () => {
  /** Requests with ids 1, 2, ... and an executor that does what `run` does. */
  async function open(
    run: (input: Uint8Array) => Promise<Tensor[]>,
    {
      inputs = [Uint8Array.of(1, 0, 0, 0)],
      isRegistered = true,
      obtain = () => Promise.resolve("/model.onnx"),
      model = registered,
      canonical = NO_CANONICAL,
      options = {},
    }: {
      inputs?: Uint8Array[];
      isRegistered?: boolean;
      obtain?: () => Promise<string>;
      model?: RegisteredModel;
      canonical?: CanonicalExecutor;
      options?: Partial<RunsOptions>;
    } = {},
  ) {
    const deps = testDeps();
    deps.clock.pass(moment.nowMs - deps.clock.nowMs());
    const db = new Database(":memory:");
    const store = new SqliteJobStore(db);
    const block = { number: 1, hash: word(1) };
    const requests = inputs.map((input, i) => {
      const request: Request = {
        requester: US,
        nonce: BigInt(i),
        modelId: MODEL,
        inputRoot: word(input[0] ?? 0),
        policy: 0n,
        fee: 1_000_000n,
        model: 0n,
        assignment: 0n,
      };
      return { requestId: word(i + 1), request, input, block };
    });
    await store.advance([block], requests);
    const view = {
      status: "requested" as const,
      startedAt: 1000,
      liveAssertions: 0,
      provisionalDelivered: false,
      finalDelivered: false,
      isReopened: false,
      takeover: undefined,
      own: undefined,
    };
    const chain = {
      terms: () => terms,
      bondWei: () => 40n,
      request: () => Promise.resolve(view),
      model: () => Promise.resolve(isRegistered ? model : undefined),
    } as unknown as Chain;
    const alarms = new Alarms(deps);
    let done = 0;
    const runs = new Runs(
      {
        operator: US,
        models: new Map([[MODEL, SERVED]]),
        takesOpen: true,
        marginS: 10,
        concurrency: 2,
        maxRuns: 3,
        retryAfterMs: 1000,
        ...options,
      },
      {
        store,
        chain,
        artefacts: { obtain },
        executor: { run: (_model, tensors) => run(tensors[0]?.bytes ?? new Uint8Array(0)) },
        canonical,
        alarms,
        onDone: () => {
          done++;
        },
        ...deps,
      },
    );
    const job = async (id = 1) => {
      const found = await store.job(word(id));
      if (found === undefined) throw new Error(`no job ${id}`);
      return found;
    };
    const tick = async (at: Partial<Moment> = {}) => {
      await runs.tick({ ...moment, ...at });
      await runs.idle();
    };
    return { runs, db, store, job, tick, alarms, done: () => done, ...deps };
  }

  it("runs a model on the request's tensors and keeps its output", async () => {
    const { tick, job, store, done } = await open((input) => {
      expect(input).to.deep.equal(Uint8Array.of(1, 0, 0, 0));
      return Promise.resolve([output]);
    });
    await tick();
    expect(await job()).to.include({ state: "computed", runs: 1 });
    expect(await store.output(MODEL, word(1))).to.deep.equal({ bytes: output.bytes, traceRoot: NO_TRACE });
    expect(done()).to.equal(1);
  });

  it("runs no model twice on one input", async () => {
    let ran = 0;
    const input = Uint8Array.of(1, 0, 0, 0);
    const { tick, job } = await open(
      () => {
        ran++;
        return Promise.resolve([output]);
      },
      { inputs: [input, input], options: { concurrency: 1 } },
    );
    await tick();
    await tick();
    expect([(await job(1)).state, (await job(2)).state]).to.deep.equal(["computed", "computed"]);
    expect(ran).to.equal(1);
  });

  it("runs as many at a time as it may, and reserves the stake of each", async () => {
    const inputs = [1, 2, 3].map((n) => Uint8Array.of(n, 0, 0, 0));
    const run = Promise.withResolvers<Tensor[]>();
    const { runs, job, store } = await open(() => run.promise, { inputs, options: { concurrency: 3 } });
    // 100 wei free, 40 wei each: the third has to wait.
    await runs.tick(moment);
    expect(await store.counts()).to.deep.equal({ computing: 2, seen: 1 });
    await runs.tick({ ...moment, nowMs: moment.nowMs + 10_000 });
    expect(await store.counts()).to.deep.equal({ computing: 2, seen: 1 });
    run.resolve([output]);
    await runs.idle();
    await runs.tick({ ...moment, nowMs: moment.nowMs + 20_000, own: { ...moment.own, stakeWei: 120n } });
    await runs.idle();
    expect((await job(3)).state).to.equal("computed");
  });

  it("begins again with a run that a crash cut short", async () => {
    const { tick, job, store } = await open(() => Promise.resolve([output]));
    await store.change(await job(), { state: "computing", runs: 1 });
    await tick();
    expect(await job()).to.include({ state: "computed", runs: 2 });
  });

  it("does not begin for ever with a run that takes the process down", async () => {
    const { tick, job, store } = await open(() => Promise.reject(new Error("not reached")));
    await store.change(await job(), { state: "computing", runs: 3 });
    await tick();
    expect(await job()).to.include({ state: "failed", reason: "no output after 3 runs" });
  });

  it("tries again what may work then, later each time, and gives up", async () => {
    const { tick, job } = await open(() => Promise.reject(new ExecutionError("timeout", "too long")));
    const waits: number[] = [];
    let nowMs = moment.nowMs;
    for (let i = 0; i < 3; i++) {
      await tick({ nowMs });
      const { notBeforeMs } = await job();
      waits.push(notBeforeMs - moment.nowMs);
      nowMs = notBeforeMs;
    }
    expect(waits).to.deep.equal([1000, 2000, 4000]);
    await tick({ nowMs });
    expect(await job()).to.include({ state: "failed", reason: "no output after 3 runs" });
  });

  it("tries again as long as the chain or the artefact cannot be had", async () => {
    const artefact = await open(() => Promise.resolve([output]), {
      obtain: () => Promise.reject(new ArtefactError("no source", true)),
    });
    await artefact.tick();
    expect(await artefact.job()).to.include({ state: "seen", runs: 1 });
    const rpc = await open(() => Promise.reject(new RpcError("no endpoint answers")));
    await rpc.tick();
    expect(await rpc.job(), "that is not the model's fault").to.include({ state: "seen", runs: 0 });
  });

  it("lets the node end when the store fails under a run", async () => {
    const { runs, db } = await open(() => {
      db.close();
      return Promise.resolve([output]);
    });
    await runs.tick(moment);
    await runs.idle();
    const error = await runs.tick(moment).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error).and.include({ message: "database is not open" });
  });

  const hopeless: Record<string, [Parameters<typeof open>, string]> = {
    "a model that refuses the input": [
      [() => Promise.reject(new ExecutionError("model", "index out of range"))],
      "index out of range",
    ],
    "an artefact with another hash": [
      [
        () => Promise.resolve([output]),
        { obtain: () => Promise.reject(new ArtefactError("another file at every source", false)) },
      ],
      "another file at every source",
    ],
    "a model that is not registered": [
      [() => Promise.resolve([output]), { isRegistered: false }],
      `no model ${MODEL} is registered`,
    ],
    "an input of another length": [
      [() => Promise.resolve([output]), { inputs: [Uint8Array.of(1, 2)] }],
      "expected 4 bytes, got 2",
    ],
    "another output": [[() => Promise.resolve([{ ...output, name: "z" }])], "it gave z f32[1,2] instead of y f32[1,2]"],
    "an output of another shape": [
      [() => Promise.resolve([{ ...output, dims: [2, 1] }])],
      "it gave y f32[2,1] instead of y f32[1,2]",
    ],
    "an output that is too short": [
      [() => Promise.resolve([{ ...output, bytes: output.bytes.subarray(1) }])],
      "it gave y f32[1,2] instead of y f32[1,2]",
    ],
    "one output too many": [
      [() => Promise.resolve([output, output])],
      "it gave y f32[1,2], y f32[1,2] instead of y f32[1,2]",
    ],
  };
  for (const [name, [args, reason]] of Object.entries(hopeless)) {
    it(`fails at once: ${name}`, async () => {
      const { tick, job } = await open(...args);
      await tick();
      expect(await job()).to.include({ state: "failed", reason });
    });
  }

  describe("of a model with a program", () => {
    const giving = (traceRoot: Hex, outputs = [output]): CanonicalExecutor => ({
      run: () => Promise.resolve({ outputs, traceRoot }),
      load: () => Promise.resolve(),
    });

    it("keep the canonical output and the root of its trace", async () => {
      const canonical = giving(word(77));
      const { tick, store, alarms } = await open(() => Promise.resolve([output]), { model: disputable, canonical });
      await tick();
      expect(await store.output(MODEL, word(1))).to.deep.equal({ bytes: output.bytes, traceRoot: word(77) });
      expect(alarms.recent).to.deep.equal([]);
    });

    it("give no answer that ONNX Runtime does not confirm, and raise an alarm", async () => {
      const other = { ...output, bytes: output.bytes.with(7, 9) };
      const canonical = giving(word(77), [other]);
      const { tick, job, store, alarms, lines } = await open(() => Promise.resolve([output]), {
        model: disputable,
        canonical,
        inputs: [Uint8Array.of(1, 0, 0, 0), Uint8Array.of(2, 0, 0, 0)],
        options: { concurrency: 1 },
      });
      await tick();
      expect(await job()).to.include({ state: "failed", runs: 1 });
      expect(await store.output(MODEL, word(1))).to.equal(undefined);
      expect(alarms.recent).to.have.length(1);
      expect(alarms.recent[0]).to.include({ kind: "sentinel", modelId: MODEL, requestId: word(1) });
      const alarm = lines.find(({ level }) => level === "error");
      expect(alarm?.message).to.match(/^ONNX Runtime and the canonical program disagree on y\[1\] by more than atol 0/);
      // Another input may be answered.
      await tick();
      expect(await job(2)).to.include({ state: "failed", runs: 1 });
    });

    const wrong: Record<string, [RegisteredModel, CanonicalExecutor, RegExp]> = {
      "that the artefact does not compile to": [
        disputable,
        { ...NO_CANONICAL, run: () => Promise.reject(new ExecutionError("program", "kernelRoot is 0x1, not 0x2")) },
        /kernelRoot is 0x1, not 0x2/,
      ],
      "of semantics that are not known": [
        { ...disputable, semantics: 2 },
        giving(word(77)),
        /semantics 2 are not known/,
      ],
      "whose options are not in order": [
        { ...disputable, program: { ...(disputable.program as ProgramSpec), compilerOptions: "{}" } },
        giving(word(77)),
        /the compiler options are malformed/,
      ],
    };
    for (const [what, [model, canonical, reason]] of Object.entries(wrong)) {
      it(`refuse a program ${what}, and every later request for it`, async () => {
        let ran = 0;
        const run = () => {
          ran++;
          return Promise.resolve([output]);
        };
        const inputs = [Uint8Array.of(1, 0, 0, 0), Uint8Array.of(2, 0, 0, 0)];
        const { tick, job, alarms } = await open(run, { model, canonical, inputs, options: { concurrency: 1 } });
        await tick();
        const before = ran;
        await tick();
        expect((await job(1)).state).to.equal("failed");
        expect((await job(2)).state).to.equal("skipped");
        expect((await job(2)).reason).to.match(reason);
        expect(alarms.recent.map(({ kind }) => kind)).to.deep.equal(["program"]);
        expect(ran, "nothing runs for the second").to.equal(before);
      });
    }
  });
});
