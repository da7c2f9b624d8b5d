/** What a person has to look at: answers that were refused because something is wrong with the node or the model. */
import type { Clock, Counter, Logger, Metrics, ModelId, RequestId } from "./ports.ts";

export interface Alarm {
  /** program: the artefact is not the registered program; sentinel: two implementations disagree. */
  readonly kind: "program" | "sentinel";
  readonly modelId: ModelId;
  readonly requestId: RequestId;
  readonly message: string;
  /** Unix milliseconds. */
  readonly atMs: number;
}

const KEPT = 20;

export class Alarms {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #raised: Counter;
  readonly #recent: Alarm[] = [];

  constructor({ clock, logger, metrics }: { clock: Clock; logger: Logger; metrics: Metrics }) {
    this.#clock = clock;
    this.#logger = logger;
    this.#raised = metrics.counter({
      name: "alarms_total",
      help: "Answers that were not signed because something is wrong",
      labels: ["kind"],
    });
  }

  raise(alarm: Omit<Alarm, "atMs">): void {
    this.#raised.inc({ kind: alarm.kind });
    this.#logger.error({ ...alarm }, "alarm: the answer is not signed");
    this.#recent.unshift({ ...alarm, atMs: this.#clock.nowMs() });
    this.#recent.length = Math.min(this.#recent.length, KEPT);
  }

  /** The newest first. */
  get recent(): readonly Alarm[] {
    return this.#recent;
  }
}
