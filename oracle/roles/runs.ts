/** From requests to outputs: decides which to answer, and runs their models, several at a time. */
import { splitTensors } from "../model/tensor.ts";
import type { Job, JobStore, StoredOutput } from "../store/port.ts";
import { accept, type Serving } from "./accept.ts";
import type { Alarms } from "./alarms.ts";
import { Answering, type ProgramServing } from "./answering.ts";
import { isolate } from "./isolate.ts";
import type { Moment } from "./moment.ts";
import {
  type Address,
  ArtefactError,
  type Artefacts,
  type CanonicalExecutor,
  type Chain,
  type Clock,
  type Counter,
  ExecutionError,
  type Executor,
  type Gauge,
  type Histogram,
  type Logger,
  type Metrics,
  type ModelId,
  type RegisteredModel,
  RpcError,
  type RunLimits,
} from "./ports.ts";
import { byteLength, runnableOf } from "./runnable.ts";

export interface ServedModel extends Serving, ProgramServing, RunLimits {
  /** Where to look for the artefact before the places announced on chain. */
  readonly uris: readonly string[];
}

export interface RunsOptions {
  readonly operator: Address;
  readonly models: ReadonlyMap<ModelId, ServedModel>;
  /** Answers requests that are assigned to nobody, or not answered in the exclusive period. */
  readonly takesOpen: boolean;
  /** Seconds before the end of the answer period after which no answer is begun. */
  readonly marginS: number;
  /** Runs at a time. */
  readonly concurrency: number;
  /** Tries per request. */
  readonly maxRuns: number;
  /** Before the second try; doubled for each further one. */
  readonly retryAfterMs: number;
}

export interface RunsDeps {
  readonly store: JobStore;
  readonly chain: Chain;
  readonly executor: Executor;
  readonly canonical: CanonicalExecutor;
  readonly alarms: Alarms;
  readonly artefacts: Artefacts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Called when a run is over: there may be something to do. */
  readonly onDone: () => void;
}

/** The chain's registry does not have the model that a request names, or not as its id says. */
class UnknownModelError extends Error {}

export class Runs {
  readonly #options: RunsOptions;
  readonly #deps: RunsDeps;
  readonly #running = new Map<string, Promise<void>>();
  readonly #models = new Map<ModelId, RegisteredModel>();
  readonly #answering: Answering;
  /** Models that are not what they are registered as, and why: what their program gives is anybody's guess. */
  readonly #refused = new Map<ModelId, string>();
  /** What a run threw that nobody waited for: not its own failure, which the store has. */
  #broken: { readonly error: unknown } | undefined;
  readonly #decided: Counter;
  readonly #failed: Counter;
  readonly #seconds: Histogram;
  readonly #active: Gauge;

  constructor(options: RunsOptions, deps: RunsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#answering = new Answering(deps);
    const { metrics } = deps;
    this.#decided = metrics.counter({
      name: "requests_decided_total",
      help: "Requests by decision",
      labels: ["decision"],
    });
    this.#failed = metrics.counter({
      name: "runs_failed_total",
      help: "Runs that gave no answer",
      labels: ["failure"],
    });
    this.#seconds = metrics.histogram({
      name: "run_seconds",
      help: "Time from the start of a run to its output",
      buckets: [0.01, 0.1, 0.3, 1, 3, 10, 30, 100],
    });
    this.#active = metrics.gauge({ name: "runs_active", help: "Models running" });
  }

  /**
   * Decides about new requests and starts runs; does not wait for them.
   * @throws RpcError
   */
  async tick(moment: Moment): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken.error;
    const { store, chain } = this.#deps;
    const reserved = await store.due(["computing", "computed", "asserting"], Number.POSITIVE_INFINITY);
    const bondOf = ({ request }: Job) => chain.bondWei(chain.terms(request));
    const reservedWei = reserved.reduce((sum, job) => sum + bondOf(job), 0n);
    let freeWei = moment.own.stakeWei - moment.own.lockedWei - reservedWei;

    // A run that is marked in the store and not in memory was cut short by the end of the process.
    const due = await store.due(["computing", "seen"], moment.nowMs);
    for (const job of due.filter(({ requestId }) => !this.#running.has(requestId))) {
      if (this.#running.size >= this.#options.concurrency) return;
      const own = job.state === "computing" ? bondOf(job) : 0n;
      const decide = () => this.#decide(job, moment, freeWei + own);
      if (await isolate(job, moment, this.#deps, decide)) freeWei -= bondOf(job) - own;
    }
  }

  /** Waits for the runs under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Starts a run, or says why not. */
  async #decide(job: Job, moment: Moment, freeWei: bigint): Promise<boolean> {
    const { store, chain, logger } = this.#deps;
    const { operator, takesOpen, marginS, maxRuns } = this.#options;
    const serving = this.#options.models.get(job.request.modelId);
    if (serving === undefined) return this.#end(job, "skipped", "the model is not served any more");
    const refusal = this.#refused.get(job.request.modelId);
    if (refusal !== undefined) return this.#end(job, "skipped", refusal);
    if (job.runs >= maxRuns) return this.#end(job, "failed", `no output after ${job.runs} runs`);
    const terms = chain.terms(job.request);
    const view = await chain.request(job.requestId, operator);
    if (view.own !== undefined && job.signed !== undefined) {
      // Dropped by one reorganisation and brought back by another, with the answer that was sent before.
      await store.change(job, { state: "computed" });
      return false;
    }
    const bondWei = chain.bondWei(terms);
    const { own, gasPriceWei, nowS } = moment;
    const headS = moment.head.timestamp;
    const situation = { operator, own, freeWei, bondWei, gasPriceWei, nowS, headS, marginS, takesOpen };
    const acceptance = accept(terms, job.request.fee, view, serving, situation);
    switch (acceptance.kind) {
      case "skip":
        return this.#end(job, "skipped", acceptance.reason);
      case "expire":
        return this.#end(job, "expired", acceptance.reason);
      case "wait":
        logger.debug({ requestId: job.requestId, reason: acceptance.reason }, "request waits");
        await store.change(job, { state: "seen", notBeforeMs: acceptance.untilS * 1000 });
        return false;
      case "answer": {
        const endsAt = view.startedAt + terms.answerPeriod - marginS;
        return this.#start(job, serving, Math.min(serving.deadlineMs, (endsAt - headS) * 1000));
      }
    }
  }

  async #end(job: Job, state: "skipped" | "failed" | "expired", reason: string): Promise<false> {
    if (await this.#deps.store.change(job, { state, reason })) {
      this.#decided.inc({ decision: state });
      this.#deps.logger.info({ requestId: job.requestId, state, reason }, "request ended");
    }
    return false;
  }

  async #start(job: Job, serving: ServedModel, deadlineMs: number): Promise<boolean> {
    // Counted before it begins, so that a request that takes the whole process down is not tried for ever.
    const runs = job.runs + 1;
    if (!(await this.#deps.store.change(job, { state: "computing", runs }))) return false;
    this.#decided.inc({ decision: "answer" });
    const started: Job = { ...job, state: "computing", runs };
    const run = this.#run(started, serving, deadlineMs)
      .catch((error: unknown) => {
        this.#broken = { error };
      })
      .finally(() => {
        this.#running.delete(job.requestId);
        this.#active.set(this.#running.size);
        this.#deps.onDone();
      });
    this.#running.set(job.requestId, run);
    this.#active.set(this.#running.size);
    return true;
  }

  async #run(job: Job, serving: ServedModel, deadlineMs: number): Promise<void> {
    const { store, clock, logger } = this.#deps;
    const { requestId, request } = job;
    const startedMs = clock.nowMs();
    try {
      const known = await store.output(request.modelId, request.inputRoot);
      const output = known ?? (await this.#execute(job, serving, deadlineMs));
      if (!(await store.compute(job, output))) return;
      const seconds = (clock.nowMs() - startedMs) / 1000;
      this.#seconds.observe(seconds);
      logger.info({ requestId, modelId: request.modelId, seconds, repeated: known !== undefined }, "output computed");
    } catch (error) {
      await this.#fail(job, error);
    }
  }

  async #execute({ requestId, request }: Job, serving: ServedModel, deadlineMs: number): Promise<StoredOutput> {
    const { store, artefacts } = this.#deps;
    const model = await this.#model(request.modelId);
    const path = await artefacts.obtain(model.artefactHash, { configured: serving.uris, registered: model.uris });
    const flat = await store.input(requestId);
    const parts = splitTensors(flat, model.inputs.map(byteLength));
    const inputs = model.inputs.map((signature, i) => ({ ...signature, bytes: parts[i] ?? new Uint8Array(0) }));
    const limits = { deadlineMs, memoryMb: serving.memoryMb };
    return await this.#answering.answer(runnableOf(model, path), inputs, limits, serving);
  }

  /** The model's description never changes; where its artefact is can, and is read again after a restart. */
  async #model(modelId: ModelId): Promise<RegisteredModel> {
    const known = this.#models.get(modelId);
    if (known !== undefined) return known;
    const model = await this.#deps.chain.model(modelId);
    if (model === undefined) throw new UnknownModelError(`no model ${modelId} is registered`);
    this.#models.set(modelId, model);
    return model;
  }

  #alarm({ requestId, request: { modelId } }: Job, kind: "program" | "sentinel", message: string): void {
    this.#deps.alarms.raise({ kind, modelId, requestId, message });
    if (kind === "program") this.#refused.set(modelId, message);
  }

  async #fail(job: Job, error: unknown): Promise<void> {
    const { store, clock, logger } = this.#deps;
    const failure = error instanceof ExecutionError ? error.failure : error instanceof Error ? error.name : "unknown";
    this.#failed.inc({ failure });
    logger.warn({ requestId: job.requestId, run: job.runs, failure, error }, "run failed");
    if (failure === "program" || failure === "sentinel") this.#alarm(job, failure, (error as Error).message);
    if (isRetryable(error)) {
      const notBeforeMs = clock.nowMs() + this.#options.retryAfterMs * 2 ** (job.runs - 1);
      // A chain that does not answer says nothing about the model.
      const runs = error instanceof RpcError ? job.runs - 1 : job.runs;
      await store.change(job, { state: "seen", notBeforeMs, runs });
    } else {
      await this.#end(job, "failed", error instanceof Error ? error.message : String(error));
    }
  }
}

function isRetryable(error: unknown): boolean {
  if (error instanceof ExecutionError || error instanceof ArtefactError) return error.isRetryable;
  return error instanceof RpcError;
}
