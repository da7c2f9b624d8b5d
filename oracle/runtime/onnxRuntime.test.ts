import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { heavyModel, identityModel, int4Model, oneFloat } from "../../test/onnxModels.ts";
import { bindDims } from "../model/onnx/bindDims.ts";
import { readSignature } from "../model/onnx/signature.ts";
import { type Dtype, pack, unpack } from "../model/tensor.ts";
import { ExecutionError, type ExecutionFailure, type RunLimits, type RunnableModel } from "../roles/ports.ts";
import { OnnxRuntime } from "./onnxRuntime.ts";
import type { PoolOptions } from "./processPool.ts";

const OPTIONS: PoolOptions = { processes: 1, maxModels: 2 };
const LIMITS: RunLimits = { deadlineMs: 30_000, memoryMb: 1_000 };
const VOLATILITY = new URL("../../models/volatility.onnx", import.meta.url).pathname;

describe("OnnxRuntime", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-runtime-"));
  });
  const runtimes: OnnxRuntime[] = [];
  let files = 0;

  /** A model as a node would run it, its signature read from the file. */
  function runnable(onnx: Uint8Array, outputs?: string[]): RunnableModel {
    const path = join(folder, `${files++}.onnx`);
    writeFileSync(path, onnx);
    return { modelId: "0x00", path, ...bindDims(readSignature(onnx, outputs), {}) };
  }

  /** Runs a model on packed inputs and gives packed outputs. */
  async function run(runtime: OnnxRuntime, model: RunnableModel, inputs: Uint8Array[], limits = LIMITS) {
    const tensors = model.inputs.map((input, i) => ({ ...input, bytes: inputs[i] as Uint8Array }));
    const outputs = await runtime.run(model, tensors, limits);
    expect(outputs.map(({ bytes, ...signature }) => signature)).to.deep.equal(model.outputs);
    return outputs.map(({ bytes }) => bytes);
  }

  function start(options: Partial<PoolOptions> = {}): OnnxRuntime {
    const runtime = new OnnxRuntime({ ...OPTIONS, ...options });
    runtimes.push(runtime);
    return runtime;
  }

  afterEach(() => Promise.all(runtimes.splice(0).map((runtime) => runtime.close())));
  after(() => rmSync(folder, { recursive: true }));

  it("runs a model, the same way each time", async () => {
    const runtime = start();
    const model = runnable(readFileSync(VOLATILITY));
    const returns = pack(
      "f32",
      Array.from({ length: 24 }, (_, i) => (i % 5) / 100 - 0.02),
    );
    const [first] = await run(runtime, model, [returns]);
    expect(unpack("f32", first as Uint8Array)[0]).to.be.within(0.001, 0.1);
    expect((await run(runtime, model, [returns]))[0]).to.deep.equal(first);
    expect((await run(start(), model, [returns]))[0]).to.deep.equal(first);
    expect(runtime.pids).to.have.length(1);
  });

  const samples: [Dtype, readonly (number | bigint)[]][] = [
    ["f32", [-0, 2 ** -149, Infinity, 0.1]],
    ["f64", [-0, 2 ** -1074, -Infinity, 0.1]],
    ["i8", [-128, 127, 0, -1]],
    ["u8", [0, 255, 1, 128]],
    ["i16", [-32768, 32767, 0, -1]],
    ["u16", [0, 65535, 1, 256]],
    ["i32", [-(2 ** 31), 2 ** 31 - 1, 0, -1]],
    ["u32", [0, 2 ** 32 - 1, 1, 256]],
    ["i64", [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n]],
    ["bool", [0, 1, 1, 0]],
  ];
  it("carries every dtype bit by bit, scalars included", async () => {
    const runtime = start();
    for (const [dtype, elements] of samples) {
      const packed = pack(dtype, elements);
      expect(await run(runtime, runnable(identityModel(dtype, [2, 2])), [packed]), dtype).to.deep.equal([packed]);
      const scalar = pack(dtype, elements.slice(0, 1));
      expect(await run(runtime, runnable(identityModel(dtype, [])), [scalar]), dtype).to.deep.equal([scalar]);
    }
  });

  it("gives every NaN the canonical bits", async () => {
    const runtime = start();
    const f32 = Uint8Array.of(0x01, 0x00, 0xa0, 0xff);
    expect(await run(runtime, runnable(identityModel("f32", [1])), [f32])).to.deep.equal([pack("f32", [NaN])]);
    const f64 = Uint8Array.of(1, 0, 0, 0, 0, 0, 0xf4, 0xff);
    expect(await run(runtime, runnable(identityModel("f64", [1])), [f64])).to.deep.equal([pack("f64", [NaN])]);
  });

  it("refuses inputs that do not fit the signature", async () => {
    const runtime = start();
    const model = runnable(identityModel("f32", [2]));
    await rejects(runtime.run(model, [], LIMITS), "model", "the model has 1 inputs, not 0");
    await rejects(run(runtime, model, [oneFloat]), "model", "input 0 is x, f32, 8 bytes, not x, f32, 4 bytes");
    const bool = runnable(identityModel("bool", [2]));
    await rejects(run(runtime, bool, [Uint8Array.of(1, 2)]), "model", /input x is bool and has an element/);
    expect(runtime.pids, "no process was needed").to.deep.equal([]);
  });

  it("refuses a file that is missing or no model", async () => {
    const runtime = start();
    const model = runnable(identityModel("f32", [1]));
    const missing = { ...model, path: join(folder, "nowhere.onnx") };
    await rejects(runtime.load(missing, LIMITS), "crashed", /^cannot read the model: ENOENT/);
    const garbage = Buffer.from("this is not a model");
    writeFileSync(join(folder, "garbage.onnx"), garbage);
    const path = join(folder, "garbage.onnx");
    await rejects(runtime.load({ ...model, path }, LIMITS), "model", /not an ONNX model/);
    await runtime.load(model, LIMITS);
    expect(runtime.pids, "the process outlived all of it").to.have.length(1);
  });

  it("refuses a signature that the file does not have", async () => {
    const runtime = start();
    const model = runnable(identityModel("f32", [2]));
    const x = { name: "x", dtype: "f32", dims: [2] } as const;
    await rejects(runtime.load({ ...model, inputs: [] }, LIMITS), "model", "the model's inputs are x, not none");
    await rejects(
      runtime.load({ ...model, inputs: [{ ...x, dtype: "i32" }] }, LIMITS),
      "model",
      /x is f32 \[2\], not i32 \[2\]/,
    );
    await rejects(
      runtime.load({ ...model, inputs: [{ ...x, dims: [3] }] }, LIMITS),
      "model",
      /x is f32 \[2\], not f32 \[3\]/,
    );
    await rejects(runtime.load({ ...model, outputs: [{ ...x, name: "z" }] }, LIMITS), "model", /no output is named z/);
  });

  it("never shows ONNX Runtime a dtype it would die of", async () => {
    const runtime = start();
    const model = runnable(int4Model(), ["z"]);
    const int4 = { ...model, outputs: [{ name: "y", dtype: "i8", dims: [2] }] } as const;
    await rejects(runtime.load(int4, LIMITS), "model", "y is a tensor(int4), which is not supported");
    expect(runtime.pids).to.have.length(1);
  });

  it("refuses an output that is not as registered, but takes the same elements in other dimensions", async () => {
    const runtime = start();
    const model = runnable(identityModel("f32", [2]));
    const path = join(folder, "open.onnx");
    writeFileSync(path, identityModel("f32", [2], ["n"]));
    const withOutput = (dims: number[]) => ({ ...model, path, outputs: [{ name: "y", dtype: "f32", dims }] as const });
    const x = pack("f32", [1, 2]);
    expect(await run(runtime, withOutput([2]), [x])).to.deep.equal([x]);
    await rejects(run(runtime, withOutput([5]), [x]), "model", "output y is float32 [2], not float32 [5]");
    writeFileSync(path, identityModel("f32", [2], ["n", "m"]));
    expect(await run(start(), withOutput([1, 2]), [x])).to.deep.equal([x]);
  });

  it("kills a run at its deadline, and runs the next", async () => {
    const runtime = start();
    const heavy = runnable(heavyModel(2_000, 500));
    await rejects(run(runtime, heavy, [oneFloat], { ...LIMITS, deadlineMs: 1_500 }), "timeout", "killed after 1500 ms");
    const [pid] = runtime.pids;
    expect(await run(runtime, runnable(identityModel("f32", [1])), [oneFloat])).to.deep.equal([oneFloat]);
    expect(runtime.pids).to.have.length(1).and.not.include(pid);
  });

  it("kills a run at its memory limit, and runs the next", async () => {
    const runtime = start();
    const big = runnable(heavyModel(20_000, 1));
    await rejects(
      run(runtime, big, [oneFloat], { ...LIMITS, memoryMb: 300 }),
      "outOfMemory",
      "killed above 300000000 bytes of memory",
    );
    expect(await run(runtime, runnable(identityModel("f32", [1])), [oneFloat])).to.deep.equal([oneFloat]);
  });

  it("says when a process dies in the middle of a run, and runs the next", async () => {
    const runtime = start();
    const failed = rejects(run(runtime, runnable(heavyModel(2_000, 500)), [oneFloat]), "crashed", /ended by SIGKILL/);
    await sleep(500);
    process.kill(runtime.pids[0] as number, "SIGKILL");
    await failed;
    expect(await run(runtime, runnable(identityModel("f32", [1])), [oneFloat])).to.deep.equal([oneFloat]);
  });

  it("replaces a process that died between two runs", async () => {
    const runtime = start();
    const model = runnable(identityModel("f32", [1]));
    await run(runtime, model, [oneFloat]);
    const [pid] = runtime.pids as [number];
    process.kill(pid, "SIGKILL");
    await ended(pid);
    await sleep(50);
    expect(await run(runtime, model, [oneFloat])).to.deep.equal([oneFloat]);
  });

  it("can be checked without a model, at work or not", async () => {
    const runtime = start();
    await runtime.check(LIMITS);
    const running = rejects(
      run(runtime, runnable(heavyModel(2_000, 500)), [oneFloat]),
      "crashed",
      "the runtime was closed",
    );
    await sleep(200);
    await runtime.check(LIMITS);
    await runtime.close();
    await running;
    await rejects(runtime.check(LIMITS), "crashed", "the runtime is closed");
  });

  it("lets jobs wait for a process, and starts no more than it may", async () => {
    const runtime = start({ processes: 2 });
    const model = runnable(identityModel("f32", [1]));
    const jobs = Array.from({ length: 10 }, (_, i) => run(runtime, model, [pack("f32", [i])]));
    const outputs = await Promise.all(jobs);
    expect(outputs).to.deep.equal(Array.from({ length: 10 }, (_, i) => [pack("f32", [i])]));
    expect(runtime.pids).to.have.length(2);
  });

  it("keeps no more models loaded than it may, and reloads", async () => {
    const runtime = start({ maxModels: 1 });
    const models = [runnable(identityModel("f32", [1])), runnable(identityModel("f32", [1, 1]))];
    for (const model of [...models, ...models]) {
      expect(await run(runtime, model, [oneFloat])).to.deep.equal([oneFloat]);
    }
  });

  it("fails what runs and what waits when it is closed", async () => {
    const runtime = start();
    const model = runnable(heavyModel(2_000, 500));
    const running = rejects(run(runtime, model, [oneFloat]), "crashed", "the runtime was closed");
    const waiting = rejects(run(runtime, model, [oneFloat]), "crashed", "the runtime is closed");
    await sleep(300);
    const [pid] = runtime.pids as [number];
    await runtime.close();
    await Promise.all([running, waiting]);
    expect(isRunning(pid)).to.equal(false);
    await rejects(run(runtime, model, [oneFloat]), "crashed", "the runtime is closed");
  });

  it("leaves no process behind when its own process is killed in the middle of a run", async () => {
    const model = runnable(heavyModel(2_000, 500));
    const script = `
      import { OnnxRuntime } from "${new URL("./onnxRuntime.ts", import.meta.url)}";
      const runtime = new OnnxRuntime(${JSON.stringify(OPTIONS)});
      const input = { name: "x", dtype: "f32", dims: [1], bytes: Uint8Array.of(0, 0, 128, 63) };
      runtime.run(${JSON.stringify(model)}, [input], ${JSON.stringify(LIMITS)});
      setTimeout(() => console.log(runtime.pids[0]), 500);`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [pid] = await once(parent.stdout, "data");
    parent.kill("SIGKILL");
    await ended(Number(pid));
  });
});

async function rejects(promise: Promise<unknown>, failure: ExecutionFailure, message: string | RegExp): Promise<void> {
  const error = await promise.then(
    () => expect.fail(`succeeded instead of failing with ${failure}`),
    (reason: unknown) => reason as ExecutionError,
  );
  expect(error).to.be.instanceOf(ExecutionError);
  expect(error.failure, error.message).to.equal(failure);
  if (typeof message === "string") expect(error.message).to.equal(message);
  else expect(error.message).to.match(message);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Resolves when there is no such process any more; the test's own limit ends the wait. */
async function ended(pid: number): Promise<void> {
  while (isRunning(pid)) await sleep(20);
}
