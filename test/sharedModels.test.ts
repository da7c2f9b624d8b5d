/** Real models of many kinds, asked and answered through the chain by an operator's own process. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { getBytes } from "ethers";
import { coordinatorAt, modelRegistryAt } from "../oracle/chain/contracts.ts";
import { artefactSpec, modelId as idOfModel, specToAbi } from "../oracle/chain/modelSpec.ts";
import { POLICY, packWord } from "../oracle/chain/words.ts";
import { bindDims } from "../oracle/model/onnx/bindDims.ts";
import { readSignature, type Signature } from "../oracle/model/onnx/signature.ts";
import { joinTensors, splitTensors, type TensorArray, unpack } from "../oracle/model/tensor.ts";
import { OnnxRuntime } from "../oracle/runtime/onnxRuntime.ts";
import type { Hex } from "../oracle/vm/keccak.ts";
import { configure, type LocalChain, readyOperator, startChain, type Workspace } from "./assay.ts";
import { sha256 } from "./onnxModels.ts";
import { describeShared } from "./shared.ts";

/** By what makes each different. */
const MODELS = {
  "sklearn-onnx/rf_iris": "random forest, integer label; its probabilities are no tensor",
  "partho/fraud_model": "gradient boosting, integer label and probabilities",
  "tract/xgboost_regressor_tree": "gradient boosting, a number",
  "ezkl/lightgbm": "trees as matrix products",
  "deep-prove/mlp-iris-01": "multi-layer perceptron",
  "ort-examples/mnist": "convolution",
  "connxr/mnist_quantized": "convolution in 8-bit integers",
  "marabou/cifar_base_kw": "convolution, 12 kB of input",
  "tribuo/tinybert": "transformer: three inputs of tokens, two outputs",
  "magika/fast_v2_1": "bytes as tokens, 182M multiplications",
  "omron/lstm_medium": "recurrent",
  "silero/silero_vad_op18_ifless": "audio: three inputs, one of them a scalar, two outputs",
  "ortex/tinymodel": "two inputs of different dtypes, three outputs",
  "ezkl/linear_svc": "binary64 in, bytes out",
  "ezkl/1l_topk": "integers in, integers out",
  "ezkl/boolean": "four inputs and an output of bool",
} as const;

const RTOL = 1e-3;
const ATOL = 1e-4;
const FEE_WEI = 10n ** 15n;

interface RefTensor {
  readonly dims: readonly number[];
  readonly file: string;
}

type RefSet = Readonly<Record<"inputs" | "outputs", Readonly<Record<string, RefTensor>>>>;

interface Case {
  readonly name: string;
  readonly modelId: Hex;
  readonly path: string;
  readonly signature: Signature<number>;
  /** Of each set: the packed inputs, and the outputs that ONNX Runtime gave elsewhere. */
  readonly sets: readonly { readonly inputs: readonly Uint8Array[]; readonly outputs: readonly Uint8Array[] }[];
}

describeShared("real models", (folder) => {
  const runtime = new OnnxRuntime({ processes: 1, maxModels: 1 });
  let chain: LocalChain;
  let workspace: Workspace;
  let cases: Case[];
  /** Final outputs, flat, by request. */
  let answers: Map<string, Uint8Array>;
  /** Requests by model and set. */
  const requests = new Map<string, string>();

  before(async function () {
    this.timeout(120_000);
    chain = await startChain(1);
    workspace = await readyOperator(chain);
    const owner = chain.rich.address;
    cases = Object.keys(MODELS).map((name) => readCase(folder, name, owner));
    const models = cases.map(({ name, modelId }) => `    - { id: "${modelId}", uris: ["file:${name}/model.onnx"] }`);
    configure(workspace, {
      "  models:": ["  models:", ...models].join("\n"),
      "  fileRoot:": `  fileRoot: ${folder}models`,
    });
    await workspace.start(["start"]).logged("started");
    await ask();
    answers = await finalAnswers(chain, requests.size);
  });

  after(async () => {
    await runtime.close();
    await workspace?.remove();
    await chain?.close();
  });

  /** Registers every model and asks it about every set. */
  async function ask(): Promise<void> {
    const { addresses } = chain.manifest;
    const registry = modelRegistryAt(addresses.modelRegistry, chain.rich);
    const coordinator = coordinatorAt(addresses.coordinator, chain.rich);
    for (const { name, signature, path, modelId, sets } of cases) {
      await registry.register(specToAbi(specOf(signature, readFileSync(path), chain.rich.address)), "0x", 0, "");
      for (const [i, { inputs }] of sets.entries()) {
        const value = FEE_WEI + BigInt(i);
        const sent = await coordinator.request(modelId, [...inputs], packWord(POLICY, NO_CALLBACKS), { value });
        const receipt = await sent.wait();
        const log = receipt?.logs.map((entry) => coordinator.interface.parseLog(entry)).find((entry) => entry !== null);
        requests.set(`${name} ${i}`, log?.args.requestId);
      }
    }
  }

  for (const [name, what] of Object.entries(MODELS)) {
    it(`${name}: ${what}`, async () => {
      const { modelId, path, signature, sets } = cases.find((one) => one.name === name) as Case;
      for (const [i, { inputs, outputs }] of sets.entries()) {
        const flat = answers.get(requests.get(`${name} ${i}`) ?? "");
        if (flat === undefined) return expect.fail(`set ${i} was not answered`);
        const tensors = signature.inputs.map((input, j) => ({ ...input, bytes: inputs[j] as Uint8Array }));
        const own = await runtime.run({ modelId, path, ...signature }, tensors, {
          deadlineMs: 30_000,
          memoryMb: 2_000,
        });
        expect(flat, "the bits of our own run").to.deep.equal(joinTensors(own.map(({ bytes }) => bytes)));

        const parts = splitTensors(
          flat,
          outputs.map(({ length }) => length),
        );
        for (const [j, { dtype, name: output }] of signature.outputs.entries()) {
          expectClose(unpack(dtype, parts[j] as Uint8Array), unpack(dtype, outputs[j] as Uint8Array), output);
        }
      }
    });
  }
});

const NO_CALLBACKS = {
  provisional: false,
  final: false,
  callbackGas: 0,
  callbackGasPrice: 0n,
  answerPeriod: 600,
  minBond: 0n,
  atolClass: 0,
  rtolClass: 0,
};

function specOf({ inputs, outputs }: Signature<number>, onnx: Uint8Array, owner: string) {
  const salt: Hex = `0x${"00".repeat(32)}`;
  return artefactSpec({ inputs, outputs, artefactHash: `0x${sha256(onnx)}`, owner, salt, compilerVersion: "" });
}

/** The outputs asked for are those of the reference, and open dimensions have the sizes that they have there. */
function readCase(folder: string, name: string, owner: string): Case {
  const base = `${folder}models/${name}`;
  const path = `${base}/model.onnx`;
  const onnx = readFileSync(path);
  const { sets } = JSON.parse(readFileSync(`${base}/ref/ref.json`, "utf8")) as { sets: [RefSet, ...RefSet[]] };
  const [{ inputs, outputs }] = sets;
  const open = readSignature(onnx, Object.keys(outputs));
  const sizes = [...open.inputs, ...open.outputs].flatMap((tensor) =>
    tensor.dims.map((dim, axis) => [dim, Number((inputs[tensor.name] ?? outputs[tensor.name])?.dims[axis])] as const),
  );
  const signature = bindDims(open, Object.fromEntries(sizes.filter(([dim]) => typeof dim === "string")));
  const read = (tensor: RefTensor | undefined) => Uint8Array.from(readFileSync(`${base}/ref/${tensor?.file}`));
  return {
    name,
    path,
    signature,
    modelId: idOfModel(specOf(signature, onnx, owner)),
    sets: sets.map((set) => ({
      inputs: signature.inputs.map((input) => read(set.inputs[input.name])),
      outputs: signature.outputs.map((output) => read(set.outputs[output.name])),
    })),
  };
}

/** Waits until so many requests are final. */
async function finalAnswers({ manifest, rich }: LocalChain, count: number): Promise<Map<string, Uint8Array>> {
  const coordinator = coordinatorAt(manifest.addresses.coordinator, rich);
  for (;;) {
    const finalised = await coordinator.queryFilter(coordinator.filters.Finalised(), manifest.block.number);
    if (finalised.length >= count) break;
    await sleep(200);
  }
  const asserted = await coordinator.queryFilter(coordinator.filters.Asserted(), manifest.block.number);
  return new Map(asserted.map(({ args }) => [args.requestId, getBytes(args.output)]));
}

function expectClose(actual: TensorArray, expected: TensorArray, name: string): void {
  expect(actual.length, name).to.equal(expected.length);
  for (const [i, value] of expected.entries()) {
    const [a, e] = [Number(actual[i]), Number(value)];
    const isClose = Object.is(a, e) || Math.abs(a - e) <= ATOL + RTOL * Math.abs(e);
    expect(isClose, `${name}[${i}] is ${a}, and ${e} in the reference`).to.equal(true);
  }
}
