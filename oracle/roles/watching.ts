/** Which events are kept for checking answers and playing disputes, and whether answers are what they say. */
import type { Result } from "../dispute/session.ts";
import type { DisputeStore, SeenAssertion, Watched } from "../store/port.ts";
import type { Address, AssertedEvent, ChainEvents, Counter, Game, Logger, Metrics, ModelId } from "./ports.ts";

export interface WatchingOptions {
  /** Whether this model's answers are checked. */
  readonly watches: (modelId: ModelId) => boolean;
  /** Whose posted receipts are kept besides: its own, to defend them. */
  readonly operator: Address | undefined;
}

export interface WatchingDeps {
  readonly store: DisputeStore;
  readonly game: Pick<Game, "assertionId">;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export class Watching {
  readonly #options: WatchingOptions;
  readonly #deps: WatchingDeps;
  readonly #garbage: Counter;

  constructor(options: WatchingOptions, deps: WatchingDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#garbage = deps.metrics.counter({
      name: "watcher_garbage_events_total",
      help: "Answers that have not the id they state",
    });
  }

  /** What of a step's events is kept. */
  async select({ requests, assertions, endings, game }: ChainEvents): Promise<Watched> {
    const { watches, operator } = this.#options;
    const watched = requests.filter(({ request }) => watches(request.modelId));
    const asked = new Map(watched.map(({ requestId, request }) => [requestId, request]));
    const seen: SeenAssertion[] = [];
    for (const event of assertions) {
      const request = asked.get(event.requestId) ?? (await this.#deps.store.request(event.requestId));
      if (request === undefined || !watches(request.modelId)) continue;
      const assertion = this.#assertionOf(event, request);
      if (assertion !== undefined) seen.push(assertion);
    }
    for (const { event, block } of game) {
      if (event.type !== "ReceiptPosted") continue;
      const { assertionId, result, disputableUntil, input, output } = event;
      if (!watches(result.modelId) && result.operator !== operator) continue;
      // An output has at least one byte: without, neither was published.
      const given = output.length === 0 ? undefined : input;
      seen.push({ assertionId, result, disputableUntil, input: given, output, block });
    }
    return { requests: watched, assertions: seen, endings, game };
  }

  /** undefined: the endpoint states an answer that is none to its request. */
  #assertionOf(event: AssertedEvent, request: Pick<Result, "modelId" | "inputRoot">): SeenAssertion | undefined {
    const { requestId, assertionId, answer, outputRoot, output, finalisableAt, block } = event;
    const { operator, issuedAt, traceRoot } = answer;
    const { modelId, inputRoot } = request;
    const result = { modelId, requestId, inputRoot, outputRoot, traceRoot, operator, issuedAt: BigInt(issuedAt) };
    const actual = this.#deps.game.assertionId(result);
    if (actual === assertionId) {
      return { assertionId, result, disputableUntil: finalisableAt, input: undefined, output, block };
    }
    this.#garbage.inc();
    this.#deps.logger.error({ requestId, assertionId, actual, block: block.number }, "garbage answer");
    return undefined;
  }
}
