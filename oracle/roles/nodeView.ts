/** How a running node is: whether it is ready, and what it shows of itself. */
import type { JobStore } from "../store/port.ts";
import type { Alarms } from "./alarms.ts";
import type { Loop } from "./loop.ts";
import type { Address, Chain, Clock } from "./ports.ts";

export interface NodeViewOptions {
  readonly chainId: number;
  readonly coordinator: Address;
  readonly operator: Address;
  /** Blocks that the node stays behind the head on purpose. */
  readonly confirmations: number;
  readonly pollMs: number;
}

export interface NodeViewDeps {
  readonly chain: Chain;
  readonly store: JobStore;
  readonly loop: Pick<Loop, "lastSuccessMs">;
  readonly clock: Clock;
  /** Rejects if no model could be run. */
  readonly checkExecutor: () => Promise<void>;
  readonly alarms: Alarms;
}

/** Blocks that arrive while a round is under way, and then some. */
const TOLERATED_LAG_BLOCKS = 20;
const MIN_ROUND_LIMIT_MS = 60_000;

/** One condition of readiness: why it does not hold, or undefined. */
type Check = () => Promise<string | undefined>;

export class NodeView {
  readonly #options: NodeViewOptions;
  readonly #deps: NodeViewDeps;

  constructor(options: NodeViewOptions, deps: NodeViewDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** The conditions under which the node can answer the next request. */
  probes(): { readonly name: string; readonly check: Check }[] {
    return [
      { name: "rpc", check: () => this.#rpc() },
      { name: "cursor", check: () => this.#cursor() },
      { name: "rounds", check: () => Promise.resolve(this.#rounds()) },
      { name: "executor", check: () => this.#deps.checkExecutor().then(() => undefined) },
      { name: "stake", check: () => this.#stake() },
    ];
  }

  /** For /status. */
  async status(): Promise<object> {
    const { chainId, coordinator, operator } = this.#options;
    const [head, own, jobs, [last]] = await Promise.all([
      this.#deps.chain.head(),
      this.#deps.chain.operator(operator),
      this.#deps.store.counts(),
      this.#deps.store.tail(),
    ]);
    const rounds = this.#rounds();
    return {
      ready: rounds === undefined && !own.isJailed,
      chain: { id: chainId, coordinator, head: head.number },
      operator: { address: operator, ...own },
      jobs,
      block: last?.number,
      alarms: this.#deps.alarms.recent,
    };
  }

  async #rpc(): Promise<undefined> {
    await this.#deps.chain.head();
  }

  async #cursor(): Promise<string | undefined> {
    const [head, [last]] = await Promise.all([this.#deps.chain.head(), this.#deps.store.tail()]);
    if (last === undefined) return "no block was read yet";
    const lag = head.number - last.number;
    return lag > this.#options.confirmations + TOLERATED_LAG_BLOCKS ? `${lag} blocks behind` : undefined;
  }

  #rounds(): string | undefined {
    const { loop, clock } = this.#deps;
    if (loop.lastSuccessMs === undefined) return "the first round is under way";
    const sinceMs = clock.nowMs() - loop.lastSuccessMs;
    const limitMs = Math.max(MIN_ROUND_LIMIT_MS, 10 * this.#options.pollMs);
    return sinceMs > limitMs ? `no round succeeded for ${Math.round(sinceMs / 1000)} s` : undefined;
  }

  async #stake(): Promise<string | undefined> {
    const { isJailed } = await this.#deps.chain.operator(this.#options.operator);
    return isJailed ? "jailed: the stake is below the minimum" : undefined;
  }
}
