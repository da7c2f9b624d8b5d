/** The models that a child process has loaded; the one not used for longest is dropped first. */
import { readFile } from "node:fs/promises";
import { InferenceSession } from "onnxruntime-node";
import { type Dim, readSignature, type TensorSignature } from "../model/onnx/signature.ts";
import { ExecutionError, type RunnableModel } from "../roles/ports.ts";

type Shape = TensorSignature<number>;

/**
 * As reproducible as ONNX Runtime can be made: its output bits change with the number of threads, with the graph
 * optimisations and, for u8 x s8 products, with the CPU unless the quantised kernels are told to be exact. Two
 * operators must agree to the bit, so speed comes second.
 */
const REPRODUCIBLE: InferenceSession.SessionOptions = {
  executionProviders: ["cpu"],
  executionMode: "sequential",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: "disabled",
  extra: { session: { x64quantprecision: "1" } },
  // Warnings about a model's style would fill the buffer that keeps the reason of a crash.
  logSeverityLevel: 3,
};

export class Sessions {
  readonly #limit: number;
  readonly #sessions = new Map<string, InferenceSession>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * The session of a model, made on its first use. Artefact paths are taken to name their content.
   * @throws ExecutionError ("crashed") if the file cannot be read, ("model") if ONNX Runtime does not take it or it has
   * not these inputs and outputs
   */
  async get(model: RunnableModel): Promise<InferenceSession> {
    const key = JSON.stringify([model.path, model.inputs, model.outputs, boundNames(model)]);
    const session = this.#sessions.get(key) ?? (await load(model));
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    await this.#evict();
    return session;
  }

  async #evict(): Promise<void> {
    for (const [key, session] of this.#sessions) {
      if (this.#sessions.size <= this.#limit) return;
      this.#sessions.delete(key);
      await session.release();
    }
  }
}

const boundNames = ({ bound = [] }: RunnableModel) => bound.map(({ name }) => name);

async function load(model: RunnableModel): Promise<InferenceSession> {
  const onnx = await readFile(model.path).catch((cause: Error) => {
    throw new ExecutionError("crashed", `cannot read the model: ${cause.message}`, { cause });
  });
  return await create(onnx, model).catch((cause: Error) => {
    throw new ExecutionError("model", cause.message, { cause });
  });
}

/** From bytes and not from the path: a model that keeps weights in other files would not be covered by its hash. */
async function create(onnx: Uint8Array, model: RunnableModel): Promise<InferenceSession> {
  checkSignature(onnx, model);
  return await InferenceSession.create(onnx, REPRODUCIBLE);
}

/**
 * Before ONNX Runtime sees the model: asking it for an int4 output aborts the process, float16 inputs always fail, and
 * maps and sequences cannot be read.
 */
function checkSignature(onnx: Uint8Array, model: RunnableModel): void {
  const signature = readSignature(
    onnx,
    model.outputs.map(({ name }) => name),
  );
  const bound = boundNames(model);
  const open = signature.inputs.filter(({ name }) => !bound.includes(name));
  checkTensors("input", open, model.inputs);
  checkTensors("output", signature.outputs, model.outputs);
}

function checkTensors(kind: string, actual: readonly TensorSignature[], registered: readonly Shape[]): void {
  const names = (tensors: readonly { name: string }[]) => tensors.map(({ name }) => name).join(", ") || "none";
  if (names(actual) !== names(registered)) {
    throw new Error(`the model's ${kind}s are ${names(actual)}, not ${names(registered)}`);
  }
  for (const [i, tensor] of registered.entries()) {
    const own = actual[i] as TensorSignature;
    if (!fits(own, tensor)) throw new Error(`${kind} ${tensor.name} is ${show(own)}, not ${show(tensor)}`);
  }
}

function fits(own: TensorSignature, { dtype, dims }: Shape): boolean {
  const sameDim = (dim: Dim, i: number) => typeof dim === "string" || dim === dims[i];
  return own.dtype === dtype && own.dims.length === dims.length && own.dims.every(sameDim);
}

const show = ({ dtype, dims }: TensorSignature) => `${dtype} [${dims.join(", ")}]`;
