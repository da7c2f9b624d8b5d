/** Runs ONNX models in child processes, within time and memory limits. */
import { DTYPES, elementCount } from "../model/tensor.ts";
import { ExecutionError, type Executor, type RunLimits, type RunnableModel, type Tensor } from "../roles/ports.ts";
import { RuntimeProcess } from "./childProcess.ts";
import type { Job } from "./messages.ts";

export interface OnnxRuntimeOptions {
  /** How many models run at once, each in a process of its own with one thread. */
  readonly processes: number;
  /** Models that one process keeps loaded. */
  readonly maxSessions: number;
}

const BYTES_PER_MB = 1_000_000;

/**
 * The memory limit is on the resident memory of one process, about 100 MB of which Node and ONNX Runtime take
 * themselves. A deadline counts from the moment a process takes the job: waiting for one is not the model's fault.
 */
export class OnnxRuntime implements Executor {
  readonly #options: OnnxRuntimeOptions;
  readonly #processes = new Set<RuntimeProcess>();
  readonly #idle: RuntimeProcess[] = [];
  readonly #waiting: PromiseWithResolvers<RuntimeProcess>[] = [];
  #isClosed = false;

  constructor(options: OnnxRuntimeOptions) {
    this.#options = options;
  }

  /**
   * @inheritdoc
   * The same model and input give the same bytes on one machine, and nearly always on others. Every NaN is canonical.
   */
  async run(model: RunnableModel, inputs: readonly Tensor[], limits: RunLimits): Promise<Tensor[]> {
    checkInputs(model, inputs);
    const outputs = await this.#execute({ model, inputs: inputs.map(({ bytes }) => bytes) }, limits);
    return model.outputs.map((signature, i) => ({ ...signature, bytes: outputs[i] as Uint8Array }));
  }

  /**
   * Loads a model without running it.
   * @throws ExecutionError if it could not be run
   */
  async load(model: RunnableModel, limits: RunLimits): Promise<void> {
    await this.#execute({ model }, limits);
  }

  /**
   * Whether a process can be had: one is at work, or answers.
   * @throws ExecutionError if not
   */
  async check(limits: RunLimits): Promise<void> {
    if (this.#processes.size > this.#idle.length) return;
    await this.#execute({}, limits);
  }

  /** Of the processes that exist now, busy or idle. */
  get pids(): number[] {
    return [...this.#processes].flatMap(({ pid }) => pid ?? []);
  }

  /** Ends all processes. What runs or waits fails with "crashed". */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(closed());
    await Promise.all([...this.#processes].map((process) => process.close()));
    this.#processes.clear();
    this.#idle.length = 0;
  }

  async #execute(job: Omit<Job, "memoryLimitBytes">, limits: RunLimits): Promise<readonly Uint8Array[]> {
    const process = await this.#acquire();
    try {
      return await process.run({ ...job, memoryLimitBytes: limits.memoryMb * BYTES_PER_MB }, limits.deadlineMs);
    } finally {
      this.#release(process);
    }
  }

  async #acquire(): Promise<RuntimeProcess> {
    if (this.#isClosed) throw closed();
    const idle = this.#takeIdle();
    if (idle !== undefined) return idle;
    if (this.#processes.size < this.#options.processes) return this.#start();
    const waiter = Promise.withResolvers<RuntimeProcess>();
    this.#waiting.push(waiter);
    return await waiter.promise;
  }

  /** An idle process can have died since it was last used. */
  #takeIdle(): RuntimeProcess | undefined {
    let process = this.#idle.pop();
    while (process !== undefined && !process.isAlive) {
      this.#processes.delete(process);
      process = this.#idle.pop();
    }
    return process;
  }

  #release(process: RuntimeProcess): void {
    if (this.#isClosed) return;
    if (!process.isAlive) this.#processes.delete(process);
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) waiter.resolve(process.isAlive ? process : this.#start());
    else if (process.isAlive) this.#idle.push(process);
  }

  #start(): RuntimeProcess {
    const process = new RuntimeProcess(this.#options.maxSessions);
    this.#processes.add(process);
    return process;
  }
}

const closed = () => new ExecutionError("crashed", "the runtime is closed");

function checkInputs({ inputs }: RunnableModel, tensors: readonly Tensor[]): void {
  if (tensors.length !== inputs.length) {
    throw new ExecutionError("model", `the model has ${inputs.length} inputs, not ${tensors.length}`);
  }
  for (const [i, { name, dtype, dims }] of inputs.entries()) {
    const given = tensors[i] as Tensor;
    const length = elementCount(dims) * DTYPES[dtype].bytes;
    if (given.name !== name || given.dtype !== dtype || given.bytes.length !== length) {
      const actual = `${given.name}, ${given.dtype}, ${given.bytes.length} bytes`;
      throw new ExecutionError("model", `input ${i} is ${name}, ${dtype}, ${length} bytes, not ${actual}`);
    }
    // ONNX Runtime takes the byte as it is, and what operators make of a 2 differs between machines.
    if (dtype === "bool" && given.bytes.some((byte) => byte > 1)) {
      throw new ExecutionError("model", `input ${name} is bool and has an element that is neither 0 nor 1`);
    }
  }
}
