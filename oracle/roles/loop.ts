/** Runs the node's steps again and again, and survives what will pass. */
import { StoreError } from "../store/port.ts";
import { type Clock, type Counter, type Gauge, type Logger, type Metrics, RpcError } from "./ports.ts";

export interface Step {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface LoopOptions {
  readonly intervalMs: number;
  readonly steps: readonly Step[];
}

export interface LoopDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export class Loop {
  readonly #options: LoopOptions;
  readonly #deps: LoopDeps;
  readonly #failed: Counter;
  readonly #succeeded: Gauge;
  readonly #lastSuccessMs = new Map<string, number>();
  #wake: () => void = () => undefined;
  #isRung = false;

  constructor(options: LoopOptions, deps: LoopDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#failed = deps.metrics.counter({ name: "steps_failed_total", help: "Steps that failed", labels: ["step"] });
    this.#succeeded = deps.metrics.gauge({
      name: "step_last_success_timestamp_seconds",
      help: "When a step succeeded last",
      labels: ["step"],
    });
  }

  /**
   * Runs the steps in order until `signal` says so, the step at hand included. A step that fails does not keep the
   * others from running.
   * @throws StoreError
   */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.ring(), { once: true });
    while (!signal.aborted) {
      this.#isRung = false;
      for (const step of this.#options.steps) {
        if (!signal.aborted) await this.#try(step);
      }
      if (!signal.aborted && !this.#isRung) await this.#pause();
    }
  }

  /** Ends the pause: there is something to do. */
  ring(): void {
    this.#isRung = true;
    this.#wake();
  }

  /** Unix milliseconds at which every step had succeeded; undefined: not yet. */
  get lastSuccessMs(): number | undefined {
    const times = this.#options.steps.map(({ name }) => this.#lastSuccessMs.get(name));
    return times.every((time) => time !== undefined) ? Math.min(...times) : undefined;
  }

  async #try({ name, run }: Step): Promise<void> {
    const { clock, logger } = this.#deps;
    try {
      await run();
      this.#lastSuccessMs.set(name, clock.nowMs());
      this.#succeeded.set(Math.floor(clock.nowMs() / 1000), { step: name });
    } catch (error) {
      if (error instanceof StoreError) throw error;
      this.#failed.inc({ step: name });
      if (error instanceof RpcError) logger.warn({ step: name, reason: error.message }, "step failed: no chain");
      else logger.error({ step: name, error }, "step failed");
    }
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#options.intervalMs);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}
