/** Runs ONNX models in child processes, within time and memory limits. */
import type { Executor, RunLimits, RunnableModel, Tensor } from "../roles/ports.ts";
import { checkInputs } from "./checkInputs.ts";
import { type PoolOptions, ProcessPool } from "./processPool.ts";

/** Node and ONNX Runtime take about 100 MB of a process's memory limit themselves. */
export class OnnxRuntime implements Executor {
  readonly #pool: ProcessPool;

  constructor(options: PoolOptions) {
    this.#pool = new ProcessPool(new URL("./onnxChild.ts", import.meta.url), options);
  }

  /**
   * @inheritdoc
   * The same model and input give the same bytes on one machine, and nearly always on others. Every NaN is canonical.
   */
  async run(model: RunnableModel, inputs: readonly Tensor[], limits: RunLimits): Promise<Tensor[]> {
    checkInputs(model, inputs);
    const { outputs } = await this.#pool.execute({ model, inputs: inputs.map(({ bytes }) => bytes) }, limits);
    return model.outputs.map((signature, i) => ({ ...signature, bytes: outputs[i] as Uint8Array }));
  }

  /**
   * Loads a model without running it.
   * @throws ExecutionError if it could not be run
   */
  async load(model: RunnableModel, limits: RunLimits): Promise<void> {
    await this.#pool.execute({ model }, limits);
  }

  /**
   * Whether a process can be had: one is at work, or answers.
   * @throws ExecutionError if not
   */
  async check(limits: RunLimits): Promise<void> {
    if (!this.#pool.isBusy) await this.#pool.execute({}, limits);
  }

  /** Of the processes that exist now, busy or idle. */
  get pids(): number[] {
    return this.#pool.pids;
  }

  /** Ends all processes. What runs or waits fails with "crashed". */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
