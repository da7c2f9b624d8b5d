/**
 * Defends the operator's own answers: publishes what sessions ask for, ends those that fall silent. The trace comes from
 * a new run of the program each time, nothing is kept; an answer that is not the program's cannot be defended.
 */
import type { Result } from "../dispute/session.ts";
import type { DisputeStore } from "../store/port.ts";
import { observe } from "./moment.ts";
import { Player, type PlayerDeps, type PlayerOptions } from "./player.ts";
import type { Address, AssertionId, Chain, Clock, Gauge, Metrics } from "./ports.ts";

export interface DefenceOptions extends Omit<PlayerOptions, "side" | "us"> {
  readonly operator: Address;
}

export interface DefenceDeps extends Omit<PlayerDeps, "chain"> {
  readonly store: DisputeStore;
  readonly chain: Pick<Chain, "head" | "gasPriceWei" | "estimateGas">;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export class Defence {
  readonly #options: DefenceOptions;
  readonly #deps: DefenceDeps;
  readonly #player: Player;
  readonly #disputed: Gauge;

  constructor(options: DefenceOptions, deps: DefenceDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#player = new Player({ ...options, side: "operator", us: options.operator }, deps);
    this.#disputed = deps.metrics.gauge({
      name: "answers_disputed",
      help: "Own answers with sessions that are not over",
    });
  }

  /** @throws RpcError */
  async tick(): Promise<void> {
    const { store, chain, clock } = this.#deps;
    const disputed = await store.disputed("operator", this.#options.operator);
    this.#disputed.set(disputed.length);
    this.#player.keep(new Set(disputed));
    if (disputed.length === 0) return;
    const now = await observe(chain, clock);
    for (const id of disputed) {
      const result = await this.#resultOf(id);
      if (result !== undefined) await this.#player.advance(id, result, now);
    }
  }

  /** Waits for the plans under way. */
  idle(): Promise<void> {
    return this.#player.idle();
  }

  async #resultOf(assertionId: AssertionId): Promise<Result | undefined> {
    const events = await this.#deps.store.events(assertionId);
    return events.find((event) => event.type === "Opened")?.result;
  }
}
