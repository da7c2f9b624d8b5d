/** Sends earnings to the funding address once they are worth a transaction. */
import { submitBatch } from "./batch.ts";
import type { Moment } from "./moment.ts";
import type { Address, Chain, Gauge, Logger, Metrics, Outbox, RevertError } from "./ports.ts";

export interface WithdrawalsOptions {
  /** The funding address: what it is owed goes to it, whoever sends the transaction. */
  readonly operator: Address;
  /** Wei below which earnings are left where they are; undefined: always. */
  readonly aboveWei: bigint | undefined;
  readonly retryAfterMs: number;
}

export interface WithdrawalsDeps {
  readonly chain: Chain;
  readonly outbox: Outbox;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const PREFIX = "withdraw/";

export class Withdrawals {
  readonly #options: WithdrawalsOptions;
  readonly #deps: WithdrawalsDeps;
  readonly #owed: Gauge;
  #notBeforeMs = 0;

  constructor(options: WithdrawalsOptions, deps: WithdrawalsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#owed = deps.metrics.gauge({ name: "operator_owed_gwei", help: "Earnings not withdrawn yet, in gwei" });
  }

  /** @throws RpcError */
  async tick({ own, head, nowMs }: Moment): Promise<void> {
    this.#owed.set(Number(own.owedWei / 1_000_000_000n));
    const { aboveWei, operator } = this.#options;
    if (aboveWei === undefined || own.owedWei <= aboveWei || nowMs < this.#notBeforeMs) return;
    const { outbox, chain } = this.#deps;
    const count = await outbox.attempts(PREFIX);
    const last = await outbox.delivery(`${PREFIX}${count - 1}`);
    if (last?.state === "pending" || (last?.state === "mined" && last.block > head.number)) return;
    const batch = {
      build: () => chain.withdrawFor(operator),
      keyOf: () => `${PREFIX}${count}`,
      callbackGas: () => 0n,
      begin: () => Promise.resolve(),
      refuse: (_: Address, error: RevertError) => {
        this.#deps.logger.warn({ operator, error: error.message }, "earnings cannot be withdrawn");
        this.#notBeforeMs = nowMs + this.#options.retryAfterMs;
        return Promise.resolve();
      },
    };
    await submitBatch([operator], batch, this.#deps);
  }
}
