/** What a person has to look at: something is wrong with the node, a model, or somebody's answer. */
import type { AssertionId, Clock, Counter, Logger, Metrics, ModelId, RequestId } from "./ports.ts";

export interface Alarm {
  /**
   * program: the artefact is not the registered program; sentinel: two implementations disagree; neither answer is signed.
   * wrong: an answer is wrong; unverified: an answer cannot be run again; budget: a wrong answer is not disputed.
   */
  readonly kind: "program" | "sentinel" | "wrong" | "unverified" | "budget";
  readonly modelId: ModelId;
  /** Zero: a receipt. */
  readonly requestId: RequestId;
  /** Of somebody else's answer. */
  readonly assertionId?: AssertionId;
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
      help: "What a person has to look at",
      labels: ["kind"],
    });
  }

  raise(alarm: Omit<Alarm, "atMs">): void {
    this.#raised.inc({ kind: alarm.kind });
    this.#logger.error({ ...alarm }, "alarm");
    this.#recent.unshift({ ...alarm, atMs: this.#clock.nowMs() });
    this.#recent.length = Math.min(this.#recent.length, KEPT);
  }

  /** The newest first. */
  get recent(): readonly Alarm[] {
    return this.#recent;
  }
}
