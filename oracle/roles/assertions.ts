/** From outputs to assertions on chain. */
import type { Job, JobStore } from "../store/port.ts";
import { chunkRoot } from "../vm/chunkTree.ts";
import { accept } from "./accept.ts";
import { groups, submitBatch } from "./batch.ts";
import { isolate } from "./isolate.ts";
import type { Moment } from "./moment.ts";
import type {
  Chain,
  Counter,
  Delivery,
  Histogram,
  Logger,
  Metrics,
  Outbox,
  RevertError,
  SignedAnswer,
  Signer,
  Terms,
} from "./ports.ts";
import type { RunsOptions } from "./runs.ts";
import { backOffMs, beginTx, nextTxKey, txKey } from "./txKey.ts";

export interface AssertionsDeps {
  readonly store: JobStore;
  readonly chain: Chain;
  readonly outbox: Outbox;
  readonly signer: Signer;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export type AssertionsOptions = Pick<RunsOptions, "operator" | "models" | "takesOpen" | "marginS" | "retryAfterMs"> & {
  /** Assertions per transaction. */
  readonly maxBatch: number;
};

interface Ready {
  readonly job: Job;
  readonly signed: SignedAnswer;
  /** The transaction before this one reverted. */
  readonly isAlone: boolean;
}

export class Assertions {
  readonly #options: AssertionsOptions;
  readonly #deps: AssertionsDeps;
  readonly #asserted: Counter;
  readonly #latency: Histogram;

  constructor(options: AssertionsOptions, deps: AssertionsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#asserted = deps.metrics.counter({ name: "requests_asserted_total", help: "Requests answered on chain" });
    this.#latency = deps.metrics.histogram({
      name: "answer_latency_seconds",
      help: "Time from a request's block to its answer's being mined",
      buckets: [1, 3, 10, 30, 100, 300, 1000, 3600],
    });
  }

  /** @throws RpcError */
  async tick(moment: Moment): Promise<void> {
    await this.#follow(moment);
    const { store, chain } = this.#deps;
    const bondOf = ({ request }: Job) => chain.bondWei(chain.terms(request));
    const sent = await store.due(["asserting"], Number.POSITIVE_INFINITY);
    const sentWei = sent.reduce((sum, job) => sum + bondOf(job), 0n);
    let freeWei = moment.own.stakeWei - moment.own.lockedWei - sentWei;
    const ready: Ready[] = [];
    for (const job of await store.due(["computed"], moment.nowMs)) {
      const one = await isolate(job, moment, this.#deps, () => this.#prepare(job, moment, freeWei));
      if (one === undefined) continue;
      freeWei -= bondOf(job);
      ready.push(one);
    }
    const batch = {
      build: (items: readonly Ready[]) => this.#deps.chain.assertResults(items.map(({ signed }) => signed)),
      keyOf: ({ job }: Ready) => nextTxKey(job, "asserting"),
      callbackGas: ({ job }: Ready) => {
        const { wantsProvisional, callbackGas } = chain.terms(job.request);
        return wantsProvisional ? callbackGas : 0n;
      },
      begin: (items: readonly Ready[]) => this.#begin(items),
      refuse: ({ job }: Ready, error: RevertError) => this.#wait(job, moment, error),
    };
    for (const items of groups(ready, this.#options.maxBatch)) await submitBatch(items, batch, this.#deps);
  }

  /** What became of the transactions sent. */
  async #follow(moment: Moment): Promise<void> {
    for (const job of await this.#deps.store.due(["asserting"], moment.nowMs)) {
      await isolate(job, moment, this.#deps, () => this.#followOne(job, moment));
    }
  }

  async #followOne(job: Job, moment: Moment): Promise<void> {
    const delivery = await this.#deps.outbox.delivery(txKey(job, "asserting"));
    if (delivery?.state !== "pending") await this.#conclude(job, delivery, moment);
    // A batch passes over an answer that comes too late, and is worth its gas for the others.
    else if (delivery.keys.length === 1) await this.#cancelIfTooLate(job);
  }

  async #cancelIfTooLate(job: Job): Promise<void> {
    const view = await this.#deps.chain.request(job.requestId, this.#options.operator);
    const isUseless = view.own === undefined && view.status !== "requested" && view.status !== "none";
    if (isUseless) await this.#deps.outbox.cancel(txKey(job, "asserting"));
  }

  async #conclude(job: Job, delivery: Delivery | undefined, moment: Moment): Promise<void> {
    const { store, chain, outbox, logger } = this.#deps;
    // An endpoint that is behind the receipt's would say that there is no assertion.
    if (delivery?.state === "mined" && delivery.block > moment.head.number) return;
    const { own, status } = await chain.request(job.requestId, this.#options.operator);
    // Whoever finalises also clears: what was mined and is final without us was done by somebody else.
    const isFinal = status === "final" && delivery?.state === "mined";
    if (own === undefined && !isFinal) {
      // Never queued, reverted, passed over in a batch, or undone by a reorganisation: the next try finds out.
      logger.warn({ requestId: job.requestId, delivery }, "not asserted");
      const { retryAfterMs } = this.#options;
      const isReverted = delivery?.state === "reverted";
      const waitMs = isReverted ? await backOffMs(outbox, job, "asserting", retryAfterMs) : 0;
      await store.change(job, { state: "computed", notBeforeMs: waitMs === 0 ? 0 : moment.nowMs + waitMs });
      return;
    }
    await store.change(job, { state: "asserted", notBeforeMs: 0 });
    this.#asserted.inc();
    this.#latency.observe(moment.nowS - chain.terms(job.request).requestedAt);
    logger.info({ requestId: job.requestId, finalisableAt: own?.finalisableAt }, "asserted");
  }

  /** Signs the answer, unless the chain says by now that there is no point in it. */
  async #prepare(job: Job, moment: Moment, freeWei: bigint): Promise<Ready | undefined> {
    const { store, chain, outbox } = this.#deps;
    const { operator, takesOpen, marginS } = this.#options;
    const { requestId, request } = job;
    const terms = chain.terms(request);
    const view = await chain.request(requestId, operator);
    // Anyone may relay a signed answer, and a reorganisation may bring back what was given up. What this store did not
    // sign, another node of this operator asserted: it is not ours to close, and `accept` skips it.
    if (view.own !== undefined && job.signed !== undefined) {
      await this.#conclude(job, undefined, moment);
      return undefined;
    }
    const serving = this.#options.models.get(request.modelId);
    if (serving === undefined) {
      await this.#end(job, "skipped", "the model is not served any more");
      return undefined;
    }
    const { own, gasPriceWei, nowS } = moment;
    const bondWei = chain.bondWei(terms);
    const headS = moment.head.timestamp;
    const situation = { operator, own, freeWei, bondWei, gasPriceWei, nowS, headS, marginS, takesOpen };
    const acceptance = accept(terms, request.fee, view, serving, situation);
    switch (acceptance.kind) {
      case "skip":
        await this.#end(job, "skipped", acceptance.reason);
        return undefined;
      case "expire":
        await this.#end(job, "expired", acceptance.reason);
        return undefined;
      case "wait":
        // Another's answer stands for a whole window: this one's bond is not kept free for so long.
        await store.change(job, {
          state: view.status === "asserted" ? "seen" : "computed",
          notBeforeMs: acceptance.untilS * 1000,
        });
        return undefined;
      case "answer": {
        const before = await outbox.delivery(txKey(job, "asserting"));
        return { job, signed: await this.#sign(job, terms, moment), isAlone: before?.state === "reverted" };
      }
    }
  }

  /** The answer signed before, as long as it can be used: a request gets one Result, however often it is sent. */
  async #sign({ requestId, request, signed }: Job, terms: Terms, moment: Moment): Promise<SignedAnswer> {
    const output = await this.#deps.store.output(request.modelId, request.inputRoot);
    if (output === undefined) throw new Error(`the store has no output for ${requestId}`);
    const { bytes, traceRoot } = output;
    const { operator } = this.#options;
    // The chain's own time: it refuses a result from before the request, and one from its future.
    const now = moment.head.timestamp;
    if (signed !== undefined && signed.issuedAt >= terms.requestedAt && signed.issuedAt <= now) {
      const answer = { operator, issuedAt: signed.issuedAt, traceRoot };
      return { request, answer, output: bytes, signature: signed.signature };
    }
    const answer = { operator, issuedAt: now, traceRoot };
    const signature = await this.#deps.signer.sign(request, requestId, answer, chunkRoot(bytes));
    return { request, answer, output: bytes, signature };
  }

  async #begin(items: readonly Ready[]): Promise<void> {
    for (const { job, signed } of items) {
      const { answer, signature } = signed;
      await beginTx(this.#deps.store, job, "asserting", { signed: { issuedAt: answer.issuedAt, signature } });
    }
  }

  async #wait(job: Job, moment: Moment, error: RevertError): Promise<void> {
    this.#deps.logger.warn({ requestId: job.requestId, error: error.message }, "the assertion would revert");
    await this.#deps.store.change(job, { state: "computed", notBeforeMs: moment.nowMs + this.#options.retryAfterMs });
  }

  async #end(job: Job, state: "skipped" | "expired", reason: string): Promise<void> {
    await this.#deps.store.change(job, { state, reason });
    this.#deps.logger.info({ requestId: job.requestId, state, reason }, "request ended");
  }
}
