/**
 * Runs again what others have answered. What can be disputed for the shortest time is run first, and half of a window is
 * left for the dispute; a run that fails for a reason that may pass is tried again until the window is over.
 */
import type { DisputeStore, WatchedAssertion } from "../store/port.ts";
import type { Alarms } from "./alarms.ts";
import type { Now } from "./moment.ts";
import {
  type Address,
  ArtefactError,
  type AssertionId,
  type Counter,
  ExecutionError,
  type Gauge,
  type Logger,
  type Metrics,
  RpcError,
  type RunLimits,
  type Solver,
} from "./ports.ts";
import { type Replays, UnverifiableError } from "./replays.ts";

export interface ChecksOptions extends RunLimits {
  /** Whose answers are not checked: this node's own. */
  readonly operator: Address | undefined;
  /** Of the deployment. */
  readonly windowS: number;
  /** Runs at a time. */
  readonly concurrency: number;
  /** Tries per answer. */
  readonly maxRuns: number;
  /** Before the second try; doubled for each further one. */
  readonly retryAfterMs: number;
}

export interface ChecksDeps {
  readonly store: DisputeStore;
  readonly replays: Replays;
  readonly solver: Solver;
  readonly alarms: Alarms;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Called when a run is over: there may be something to do. */
  readonly onDone: () => void;
}

export class Checks {
  readonly #options: ChecksOptions;
  readonly #deps: ChecksDeps;
  readonly #running = new Map<AssertionId, Promise<void>>();
  /** Answers that were not run in half of their window. */
  readonly #late = new Set<AssertionId>();
  /** What a run threw that is not its own failure. */
  #broken: { readonly error: unknown } | undefined;
  readonly #checked: Counter;
  readonly #overdue: Gauge;

  constructor(options: ChecksOptions, deps: ChecksDeps) {
    this.#options = options;
    this.#deps = deps;
    const { metrics } = deps;
    this.#checked = metrics.counter({
      name: "answers_checked_total",
      help: "Answers of others by verdict",
      labels: ["verdict"],
    });
    this.#overdue = metrics.gauge({
      name: "answers_overdue",
      help: "Answers that were not run again in half of their window",
    });
  }

  /** Starts runs; does not wait for them. */
  async tick(now: Now): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken.error;
    const due = await this.#deps.store.due(["unchecked"], now.nowMs);
    const waiting = due.filter(({ assertionId }) => !this.#running.has(assertionId));
    for (const assertion of waiting) {
      if (now.nowS > assertion.disputableUntil - this.#options.windowS / 2) this.#warn(assertion);
      if (assertion.result.operator === this.#options.operator) await this.#conclude(assertion, "right", "its own");
      else if (now.nowS >= assertion.disputableUntil) await this.#giveUp(assertion, "its window is over");
      else if (this.#running.size < this.#options.concurrency) await this.#start(assertion, now);
    }
    this.#overdue.set(this.#late.size);
  }

  /** Waits for the runs under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #start(assertion: WatchedAssertion, now: Now): Promise<void> {
    const { assertionId, disputableUntil } = assertion;
    // Counted before it begins, so that an answer that takes the whole process down is not tried for ever.
    const started = { ...assertion, runs: assertion.runs + 1 };
    await this.#deps.store.judge(assertionId, { verdict: "unchecked", runs: started.runs });
    const deadlineMs = Math.min(this.#options.deadlineMs, (disputableUntil - now.nowS) * 1000);
    const run = this.#run(started, { ...this.#options, deadlineMs }, now)
      .catch((error: unknown) => {
        this.#broken = { error };
      })
      .finally(() => {
        this.#running.delete(assertionId);
        this.#deps.onDone();
      });
    this.#running.set(assertionId, run);
  }

  async #run(assertion: WatchedAssertion, limits: RunLimits, now: Now): Promise<void> {
    const { store, replays, solver, alarms } = this.#deps;
    const { assertionId, result } = assertion;
    try {
      const { model, inputs } = await replays.of(assertionId, result);
      const output = await store.outputOf(assertionId);
      // A reorganisation took it away meanwhile.
      if (output === undefined) return;
      const { wrong } = await solver.judge(model, inputs, limits, { output, traceRoot: result.traceRoot });
      if (wrong === undefined) return await this.#conclude(assertion, "right");
      const message = wrong === "output" ? "the output is not the program's" : "the trace is not the program's";
      alarms.raise({
        kind: "wrong",
        ...about(assertion),
        message: `${result.operator} asserted a wrong answer: ${message}`,
      });
      await this.#conclude(assertion, "wrong", message);
    } catch (error) {
      await this.#fail(assertion, error, now);
    }
  }

  async #fail(assertion: WatchedAssertion, error: unknown, { nowMs }: Now): Promise<void> {
    const { store, logger } = this.#deps;
    const { assertionId, runs } = assertion;
    const isRpc = error instanceof RpcError;
    const isOwn =
      error instanceof ExecutionError || error instanceof ArtefactError || error instanceof UnverifiableError;
    if (!isRpc && !isOwn) throw error;
    const isRetryable = isRpc || (!(error instanceof UnverifiableError) && error.isRetryable);
    if (!isRetryable || runs >= this.#options.maxRuns) return await this.#giveUp(assertion, error.message, error);
    logger.warn({ assertionId, run: runs, error }, "the answer could not be run");
    const notBeforeMs = nowMs + this.#options.retryAfterMs * 2 ** (runs - 1);
    // A chain that does not answer says nothing about the model.
    await store.judge(assertionId, { verdict: "unchecked", runs: isRpc ? runs - 1 : runs, notBeforeMs });
  }

  async #giveUp(assertion: WatchedAssertion, reason: string, error?: unknown): Promise<void> {
    const isDisputable = !(error instanceof UnverifiableError) || error.isDisputable;
    if (isDisputable) {
      this.#deps.alarms.raise({
        kind: "unverified",
        ...about(assertion),
        message: `an answer is not verified: ${reason}`,
      });
    }
    await this.#conclude(assertion, "unverifiable", reason);
  }

  async #conclude(
    { assertionId, result }: WatchedAssertion,
    verdict: "right" | "wrong" | "unverifiable",
    reason?: string,
  ): Promise<void> {
    await this.#deps.store.judge(assertionId, { verdict, ...(reason !== undefined && { reason }) });
    this.#late.delete(assertionId);
    this.#checked.inc({ verdict });
    this.#deps.logger.info(
      { assertionId, requestId: result.requestId, operator: result.operator, verdict, reason },
      "answer checked",
    );
  }

  #warn(assertion: WatchedAssertion): void {
    const { assertionId, disputableUntil } = assertion;
    if (this.#late.has(assertionId)) return;
    this.#late.add(assertionId);
    this.#deps.logger.warn({ assertionId, disputableUntil }, "half of the window is over, and the answer was not run");
  }
}

function about({ assertionId, result: { modelId, requestId } }: WatchedAssertion) {
  return { assertionId, modelId, requestId };
}
