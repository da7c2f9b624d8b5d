/** From assertions to payouts: waits for the window, finalises, settles, delivers what was missed. */
import type { Job, JobStore } from "../store/port.ts";
import { chunkRoot } from "../vm/chunkTree.ts";
import { groups, submitBatch } from "./batch.ts";
import { close } from "./close.ts";
import { isolate } from "./isolate.ts";
import type { Moment } from "./moment.ts";
import type { Address, Call, Chain, Counter, Finalisation, Logger, Metrics, Outbox, RevertError } from "./ports.ts";
import { backOffMs, beginTx, nextTxKey, type SendingState, txKey } from "./txKey.ts";

export interface ClosingsOptions {
  readonly operator: Address;
  /** Finalisations per transaction. */
  readonly maxBatch: number;
  /** Transactions spent per request on callbacks that were paid for and did not go through. */
  readonly redeliveries: number;
  /** Before a transaction that would revert is tried again. */
  readonly retryAfterMs: number;
}

export interface ClosingsDeps {
  readonly store: JobStore;
  readonly chain: Chain;
  readonly outbox: Outbox;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A job and all that its closing transaction says. */
interface Due {
  readonly job: Job;
  readonly finalisation: Finalisation;
  /** The transaction before this one reverted. */
  readonly isAlone: boolean;
}

export class Closings {
  readonly #options: ClosingsOptions;
  readonly #deps: ClosingsDeps;
  readonly #closed: Counter;

  constructor(options: ClosingsOptions, deps: ClosingsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#closed = deps.metrics.counter({
      name: "requests_closed_total",
      help: "Answered requests that are over",
      labels: ["state"],
    });
  }

  /** @throws RpcError */
  async tick(moment: Moment): Promise<void> {
    const { store, outbox, chain } = this.#deps;
    const finalisable: Due[] = [];
    for (const job of await store.due(["asserted", "finalising", "delivering"], moment.nowMs)) {
      if (await this.#isUnderWay(job, moment)) continue;
      const mayDeliver = (await outbox.attempts(`${job.requestId}/delivering/`)) < this.#options.redeliveries;
      const due = await isolate(job, moment, this.#deps, () => this.#advance(job, moment, mayDeliver));
      if (due !== undefined) finalisable.push(due);
    }
    const build = (items: readonly Due[]) => chain.finalise(items.map(({ finalisation }) => finalisation));
    for (const items of groups(finalisable, this.#options.maxBatch)) {
      await this.#send(items, "finalising", build, ({ job }, error) => this.#retryLater(job, moment, error));
    }
  }

  /** Whether the job's transaction is not over, or reverted only now. */
  async #isUnderWay(job: Job, moment: Moment): Promise<boolean> {
    if (job.state !== "finalising" && job.state !== "delivering") return false;
    const { store, outbox, logger } = this.#deps;
    const delivery = await outbox.delivery(txKey(job, job.state));
    if (delivery?.state === "reverted") {
      logger.warn({ requestId: job.requestId, delivery }, "the closing reverted");
      const waitMs = await backOffMs(outbox, job, job.state, this.#options.retryAfterMs);
      await store.change(job, { state: "asserted", notBeforeMs: moment.nowMs + waitMs });
      return true;
    }
    // An endpoint that is behind the receipt's would say that nothing has happened.
    return delivery?.state === "pending" || (delivery?.state === "mined" && delivery.block > moment.head.number);
  }

  /** Does what is left to do but for a finalisation, which is returned to be sent along with others. */
  async #advance(job: Job, moment: Moment, mayDeliver: boolean): Promise<Due | undefined> {
    const { store, chain, logger } = this.#deps;
    const { requestId, request } = job;
    const terms = chain.terms(request);
    const view = await chain.request(requestId, this.#options.operator);
    const closing = close(terms, view, moment.nowS, mayDeliver);
    switch (closing.kind) {
      case "finalise":
        return this.#due(job, terms.wantsFinal);
      case "settle":
        await this.#settle(await this.#due(job, false), moment);
        break;
      case "deliver":
        await this.#deliver(await this.#due(job, true), moment);
        break;
      case "wait":
        await store.change(job, { state: "asserted", notBeforeMs: closing.untilS * 1000 });
        break;
      case "assertAgain":
        logger.warn({ requestId }, "a reorganisation took the assertion away");
        await store.change(job, { state: "computed" });
        break;
      case "done":
        await this.#end(job, "done");
        break;
      case "failed":
        await this.#end(job, "failed", closing.reason);
        break;
    }
    return undefined;
  }

  async #due(job: Job, withOutput: boolean): Promise<Due> {
    const { requestId, request, signed } = job;
    const before = await this.#deps.outbox.delivery(txKey(job, "finalising"));
    const output = await this.#deps.store.output(request.modelId, request.inputRoot);
    if (output === undefined || signed === undefined) throw new Error(`the store lacks the answer to ${requestId}`);
    const { bytes, traceRoot } = output;
    const answer = { operator: this.#options.operator, issuedAt: signed.issuedAt, traceRoot };
    const outputRoot = chunkRoot(bytes);
    const finalisation = { request, answer, outputRoot, output: withOutput ? bytes : new Uint8Array(0) };
    return { job, finalisation, isAlone: before?.state === "reverted" };
  }

  async #settle(due: Due, moment: Moment): Promise<void> {
    const { requestId, block } = due.job;
    const finalRoot = await this.#deps.chain.finalRoot(requestId, block.number);
    if (finalRoot === undefined) return;
    const { request, answer, outputRoot } = due.finalisation;
    const build = () => this.#deps.chain.settle(request, answer, outputRoot, finalRoot);
    await this.#send([due], "finalising", build, ({ job }, error) => this.#retryLater(job, moment, error));
  }

  async #deliver(due: Due, moment: Moment): Promise<void> {
    const { request, answer, output } = due.finalisation;
    const build = () => this.#deps.chain.deliver(request, answer, output);
    await this.#send([due], "delivering", build, async ({ job }, error) => {
      this.#deps.logger.warn({ requestId: job.requestId, error: error.message }, "the callback cannot be delivered");
      await this.#advance(job, moment, false);
    });
  }

  #send(
    items: readonly Due[],
    state: SendingState,
    build: (items: readonly Due[]) => Call,
    refuse: (item: Due, error: RevertError) => Promise<void>,
  ): Promise<void> {
    const begin = async (some: readonly Due[]) => {
      for (const { job } of some) await beginTx(this.#deps.store, job, state);
    };
    const keyOf = ({ job }: Due) => nextTxKey(job, state);
    // Exactly those that call back carry the output.
    const callbackGas = ({ job, finalisation }: Due) =>
      finalisation.output.length === 0 ? 0n : this.#deps.chain.terms(job.request).callbackGas;
    return submitBatch(items, { build, keyOf, callbackGas, begin, refuse }, this.#deps);
  }

  async #retryLater(job: Job, moment: Moment, error: RevertError): Promise<void> {
    if (error.errorName === "UnknownAssertion") {
      return this.#end(job, "failed", "the assertion on chain is not the one that this store signed");
    }
    this.#deps.logger.warn({ requestId: job.requestId, error: error.message }, "the closing would revert");
    const notBeforeMs = moment.nowMs + this.#options.retryAfterMs;
    await this.#deps.store.change(job, { state: "asserted", notBeforeMs });
  }

  async #end(job: Job, state: "done" | "failed", reason?: string): Promise<void> {
    const { store, logger } = this.#deps;
    await store.change(job, { state, ...(reason === undefined ? {} : { reason }) });
    this.#closed.inc({ state });
    logger.info({ requestId: job.requestId, state, reason }, "request closed");
  }
}
