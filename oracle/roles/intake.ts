/** From the chain's events to jobs, and to what is watched, in the store. */
import type { JobStore } from "../store/port.ts";
import type { Counter, Feed, Logger, Metrics, ModelId } from "./ports.ts";
import type { Watching } from "./watching.ts";

export interface IntakeDeps {
  readonly feed: Feed;
  readonly store: JobStore;
  /** undefined: there are no disputes on this deployment. */
  readonly watching?: Watching | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export class Intake {
  readonly #models: ReadonlySet<ModelId>;
  readonly #feed: Feed;
  readonly #store: JobStore;
  readonly #watching: Watching | undefined;
  readonly #logger: Logger;
  readonly #seen: Counter;

  /** @param models the models served: nobody else's requests are kept */
  constructor(models: ReadonlySet<ModelId>, { feed, store, watching, logger, metrics }: IntakeDeps) {
    this.#models = models;
    this.#feed = feed;
    this.#store = store;
    this.#watching = watching;
    this.#logger = logger;
    this.#seen = metrics.counter({ name: "requests_seen_total", help: "Requests on chain", labels: ["served"] });
  }

  /**
   * Reads on to the head of the chain.
   * @throws RpcError
   */
  async tick(): Promise<void> {
    for (;;) {
      const step = await this.#feed.next(await this.#store.tail());
      if (step.kind === "idle") return;
      if (step.kind === "rewind") {
        await this.#store.rewind(step.to);
        continue;
      }
      const served = step.requests.filter(({ request }) => this.#models.has(request.modelId));
      await this.#store.advance(step.blocks, served, await this.#watching?.select(step));
      this.#seen.inc({ served: "no" }, step.requests.length - served.length);
      this.#seen.inc({ served: "yes" }, served.length);
      for (const { requestId, request, block } of served) {
        this.#logger.info({ requestId, modelId: request.modelId, block: block.number }, "request seen");
      }
    }
  }
}
