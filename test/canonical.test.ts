/** Programs served through the chain: what is delivered is theirs to the bit, and what is not certain is not signed. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { getBytes, hexlify } from "ethers";
import { coordinatorAt, modelRegistryAt } from "../oracle/chain/contracts.ts";
import { kernelSpec, type ModelSpec, modelId, specToAbi } from "../oracle/chain/modelSpec.ts";
import { POLICY, packWord } from "../oracle/chain/words.ts";
import { joinTensors, pack } from "../oracle/model/tensor.ts";
import { CanonicalProgram } from "../oracle/vm/canonicalProgram.ts";
import { chunkRoot } from "../oracle/vm/chunkTree.ts";
import type { Hex } from "../oracle/vm/keccak.ts";
import { evaluateProgram } from "../oracle/vm/reference.ts";
import { type AssayProcess, configure, type LocalChain, readyOperator, startChain, type Workspace } from "./assay.ts";
import { sha256 } from "./onnxModels.ts";
import { compiled } from "./programs.ts";

const MODELS = fileURLToPath(new URL("../models/", import.meta.url));
const FEE_WEI = 10n ** 15n;
const WITHIN_TEN_MINUTES = packWord(POLICY, {
  provisional: false,
  final: false,
  callbackGas: 0,
  callbackGasPrice: 0n,
  answerPeriod: 600,
  minBond: 0n,
  atolClass: 0,
  rtolClass: 0,
});

/** An applicant for whom ONNX Runtime rounds otherwise than the program. */
const CREDIT = [pack("f32", [54_000]), pack("f32", [9_000]), pack("f32", [12_000]), pack("i64", [75, 1, 4])];
const RETURNS = [
  pack(
    "f32",
    Array.from({ length: 24 }, (_, i) => ((i * 7) % 11) / 400 - 0.012),
  ),
];

const fileOf = (name: string) => (name === "credit" || name === "strict" ? "credit.onnx" : "volatility.onnx");

interface Served {
  readonly spec: ModelSpec;
  readonly rootPreimage: Uint8Array;
  readonly tensors: readonly Uint8Array[];
  /** The flat output, as engine and reference evaluator agree on it. */
  readonly output: Uint8Array;
  readonly traceRoot: Hex;
}

describe("programs through the chain", function () {
  this.timeout(180_000);
  let chain: LocalChain;
  let workspace: Workspace;
  let node: AssayProcess;
  const models = new Map<string, Served>();
  const requests = new Map<string, Hex>();

  function served(file: string, tensors: readonly Uint8Array[], changes: Partial<ModelSpec> = {}): Served {
    const onnx = readFileSync(`${MODELS}${file}.onnx`);
    const { program, spec, rootPreimage } = compiled(onnx);
    const { inputs, outputs } = program;
    const artefactHash: Hex = `0x${sha256(onnx)}`;
    const artefact = {
      inputs,
      outputs,
      artefactHash,
      owner: chain.rich.address,
      salt: `0x${"00".repeat(32)}`,
    } as const;
    const flat = joinTensors(tensors);
    const { output, trace } = new CanonicalProgram(program).run(flat);
    expect(hexlify(trace), "the engine's trace").to.equal(
      hexlify(evaluateProgram(program.kernels, program.weights, flat)),
    );
    return {
      spec: { ...kernelSpec(artefact, spec), ...changes },
      rootPreimage,
      tensors,
      output,
      traceRoot: chunkRoot(trace),
    };
  }

  before(async () => {
    chain = await startChain(1);
    workspace = await readyOperator(chain);
    models.set("volatility", served("volatility", RETURNS));
    models.set("credit", served("credit", CREDIT));
    // The same models again, under other names.
    models.set("strict", served("credit", CREDIT, { salt: `0x${"01".repeat(32)}` }));
    models.set("wrong", served("volatility", RETURNS, { weightsRoot: `0x${"02".repeat(32)}` }));
    const entries = [...models].map(([name, { spec }]) => {
      const sentinel = name === "strict" ? ", sentinel: { atol: 0, rtol: 0 }" : "";
      return `    - { id: "${modelId(spec)}", uris: ["file:${fileOf(name)}"]${sentinel} }`;
    });
    configure(workspace, {
      "  models:": ["  models:", ...entries].join("\n"),
      "  fileRoot:": `  fileRoot: ${MODELS}`,
    });
    node = workspace.start(["start"]);
    const started = node.logged("started");
    const { addresses } = chain.manifest;
    const registry = modelRegistryAt(addresses.modelRegistry, chain.rich);
    const coordinator = coordinatorAt(addresses.coordinator, chain.rich);
    for (const [name, { spec, rootPreimage, tensors }] of models) {
      await registry.register(specToAbi(spec), rootPreimage, 0, "");
      const value = FEE_WEI;
      const sent = await coordinator.request(modelId(spec), [...tensors], WITHIN_TEN_MINUTES, { value });
      const receipt = await sent.wait();
      const log = receipt?.logs.map((entry) => coordinator.interface.parseLog(entry)).find((entry) => entry !== null);
      requests.set(name, log?.args.requestId);
    }
    await started;
  });

  after(async () => {
    await workspace?.remove();
    await chain?.close();
  });

  async function asserted(name: string) {
    const coordinator = coordinatorAt(chain.manifest.addresses.coordinator, chain.rich);
    for (;;) {
      const [event] = await coordinator.queryFilter(coordinator.filters.Asserted(requests.get(name)));
      if (event !== undefined) return event.args;
      if (node.child.exitCode !== null) throw new Error(`the node ended:\n${node.stdout}${node.stderr}`);
      await sleep(100);
    }
  }

  /** Resolves with the alarm for a model. */
  async function alarm(name: string): Promise<Record<string, unknown>> {
    for (;;) {
      const lines = node.stdout.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
      const alarms = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === "error");
      const found = alarms.find(({ requestId }) => requestId === requests.get(name));
      if (found !== undefined) return found;
      if (node.child.exitCode !== null) throw new Error(`the node ended:\n${node.stdout}${node.stderr}`);
      await sleep(100);
    }
  }

  for (const name of ["volatility", "credit"]) {
    it(`${name}: the delivered bits are the program's, and the signed trace too`, async () => {
      const { output, traceRoot } = models.get(name) as Served;
      const args = await asserted(name);
      expect(hexlify(getBytes(args.output))).to.equal(hexlify(output));
      expect(args.answer.traceRoot).to.equal(traceRoot);
      expect(args.outputRoot).to.equal(chunkRoot(output));
    });
  }

  it("refuses what ONNX Runtime does not confirm within the model's tolerance", async () => {
    const { kind, message } = await alarm("strict");
    expect(kind).to.equal("sentinel");
    expect(message).to.match(
      /^ONNX Runtime and the canonical program disagree on default_probability\[0\] by more than atol 0, rtol 0$/,
    );
  });

  it("refuses a model whose registered roots are not those of its artefact", async () => {
    const { kind, message } = await alarm("wrong");
    expect(kind).to.equal("program");
    expect(message).to.match(
      /^the artefact does not compile to the registered program: weightsRoot is 0x\w{64}, not 0x(02){32}$/,
    );
  });

  it("shows its alarms", async () => {
    const { url } = await node.logged("started");
    const get = async (path: string) => await (await fetch(`${url}/${path}`)).text();
    const { alarms } = JSON.parse(await get("status")) as { alarms: { kind: string }[] };
    expect(alarms.map(({ kind }) => kind).sort()).to.deep.equal(["program", "sentinel"]);
    expect(await get("metrics"))
      .to.match(/^assay_alarms_total\{kind="sentinel"\} 1$/m)
      .and.match(/^assay_alarms_total\{kind="program"\} 1$/m);
    const text = await workspace.mustCall("status");
    expect(text).to.match(/^ALARM +sentinel, .* model 0x\w{64}: ONNX Runtime and/m);
    const { wrong } = Object.fromEntries(models);
    expect(text).to.include(`${modelId((wrong as Served).spec)}, canonical, disputable program`);
    for (const name of ["strict", "wrong"]) {
      const coordinator = coordinatorAt(chain.manifest.addresses.coordinator, chain.rich);
      expect(await coordinator.queryFilter(coordinator.filters.Asserted(requests.get(name))), name).to.deep.equal([]);
    }
  });
});
