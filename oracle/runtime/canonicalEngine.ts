/** Compiles artefacts and runs their programs in child processes, within time and memory limits. */
import type {
  CanonicalExecutor,
  CanonicalOutput,
  Judgement,
  Plan,
  Position,
  RunLimits,
  RunnableModel,
  Solver,
  Tensor,
} from "../roles/ports.ts";
import type { Hex } from "../vm/keccak.ts";
import { checkInputs } from "./checkInputs.ts";
import type { Question, Result } from "./messages.ts";
import { type PoolOptions, ProcessPool } from "./processPool.ts";

/** Node, the compiler and the engine take about 250 MB of a process's memory limit themselves. */
export class CanonicalEngine implements CanonicalExecutor, Solver {
  readonly #pool: ProcessPool;

  constructor(options: PoolOptions) {
    this.#pool = new ProcessPool(new URL("./canonicalChild.ts", import.meta.url), options);
  }

  /** @inheritdoc */
  async run(model: RunnableModel, inputs: readonly Tensor[], limits: RunLimits): Promise<CanonicalOutput> {
    checkInputs(model, inputs);
    const job = { model, inputs: inputs.map(({ bytes }) => bytes) };
    const { outputs, traceRoot = "0x" } = await this.#pool.execute(job, limits);
    return {
      outputs: model.outputs.map((signature, i) => ({ ...signature, bytes: outputs[i] as Uint8Array })),
      traceRoot,
    };
  }

  /** @inheritdoc */
  async judge(
    model: RunnableModel,
    inputs: readonly Tensor[],
    limits: RunLimits,
    answer: { readonly output: Uint8Array; readonly traceRoot: Hex },
  ): Promise<Judgement> {
    const { judgement } = await this.#ask(model, inputs, limits, { kind: "judge", ...answer });
    return judgement as Judgement;
  }

  /** @inheritdoc */
  async play(model: RunnableModel, inputs: readonly Tensor[], limits: RunLimits, position: Position): Promise<Plan> {
    const { plan } = await this.#ask(model, inputs, limits, { kind: "play", position });
    return plan as Plan;
  }

  async #ask(model: RunnableModel, inputs: readonly Tensor[], limits: RunLimits, question: Question): Promise<Result> {
    checkInputs(model, inputs);
    return await this.#pool.execute({ model, inputs: inputs.map(({ bytes }) => bytes), question }, limits);
  }

  /** @inheritdoc */
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

  /** Ends all processes. What runs or waits fails with "crashed". */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
