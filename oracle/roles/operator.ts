/**
 * The operator: answers requests for the models it serves and collects what it earned. What a job needs next is read off
 * the chain each time, never remembered: whatever happened meanwhile, a crash or a reorganisation, the next tick goes on
 * from what is true.
 */
import type { JobState } from "../store/port.ts";
import { Assertions, type AssertionsOptions } from "./assertions.ts";
import { Closings, type ClosingsOptions } from "./closings.ts";
import { observeOperator } from "./moment.ts";
import type { Gauge, Outbox, Signer } from "./ports.ts";
import { Runs, type RunsDeps, type RunsOptions } from "./runs.ts";
import { Withdrawals, type WithdrawalsOptions } from "./withdrawals.ts";

export type OperatorOptions = RunsOptions &
  AssertionsOptions &
  ClosingsOptions & {
    /** Wei above which earnings are withdrawn; undefined: never. */
    readonly withdrawAboveWei: WithdrawalsOptions["aboveWei"];
  };

export type OperatorDeps = RunsDeps & { readonly outbox: Outbox; readonly signer: Signer };

const OPEN: readonly JobState[] = [
  "seen",
  "computing",
  "computed",
  "asserting",
  "asserted",
  "finalising",
  "delivering",
];

export class Operator {
  readonly #options: OperatorOptions;
  readonly #deps: OperatorDeps;
  readonly #runs: Runs;
  readonly #assertions: Assertions;
  readonly #closings: Closings;
  readonly #withdrawals: Withdrawals;
  readonly #jobs: Gauge;
  readonly #stake: Gauge;
  readonly #counted = new Set<string>();

  constructor(options: OperatorOptions, deps: OperatorDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#runs = new Runs(options, deps);
    this.#assertions = new Assertions(options, deps);
    this.#closings = new Closings(options, deps);
    this.#withdrawals = new Withdrawals({ ...options, aboveWei: options.withdrawAboveWei }, deps);
    this.#jobs = deps.metrics.gauge({ name: "jobs", help: "Requests by state", labels: ["state"] });
    this.#stake = deps.metrics.gauge({ name: "operator_stake_gwei", help: "Stake, in gwei", labels: ["kind"] });
  }

  /**
   * Brings every job as far as it can go now. Runs go on in the background.
   * @throws RpcError
   */
  async tick(): Promise<void> {
    const moment = await observeOperator(this.#deps.chain, this.#deps.clock, this.#options.operator);
    await this.#dropOrphans();
    await this.#assertions.tick(moment);
    await this.#closings.tick(moment);
    await this.#runs.tick(moment);
    await this.#withdrawals.tick(moment);
    this.#stake.set(Number(moment.own.stakeWei / 1_000_000_000n), { kind: "total" });
    this.#stake.set(Number(moment.own.lockedWei / 1_000_000_000n), { kind: "locked" });
    await this.#count();
  }

  /** Waits for the runs under way. */
  idle(): Promise<void> {
    return this.#runs.idle();
  }

  /**
   * A request that a reorganisation took away can only come back in the block of the same number, since its id contains
   * that number; a transaction for it would revert. So it is cancelled, which costs less than reverting.
   */
  async #dropOrphans(): Promise<void> {
    const { store, outbox, logger } = this.#deps;
    for (const job of await store.orphans(OPEN)) {
      await outbox.cancel(`${job.requestId}/`);
      await store.change(job, { state: "dropped", reason: "a reorganisation took the request away" });
      logger.warn({ requestId: job.requestId }, "request dropped");
    }
  }

  async #count(): Promise<void> {
    const counts: Partial<Record<JobState, number>> = await this.#deps.store.counts();
    for (const state of Object.keys(counts)) this.#counted.add(state);
    for (const state of this.#counted) this.#jobs.set(counts[state as JobState] ?? 0, { state });
  }
}
