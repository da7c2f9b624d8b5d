/**
 * The watcher: runs again what others have answered, disputes what is wrong, and plays every dispute that it opened to
 * its end. A proof that takes no session is sent at once; a session takes a bond, of which there is a budget.
 */
import type { Move } from "../dispute/move.ts";
import type { DisputeStore, Verdict, WatchedAssertion } from "../store/port.ts";
import type { Alarms } from "./alarms.ts";
import { Checks, type ChecksDeps, type ChecksOptions } from "./checks.ts";
import type { Now } from "./moment.ts";
import { observe } from "./moment.ts";
import { moveKey, Player, type PlayerDeps } from "./player.ts";
import type { Address, AssertionId, Chain, Clock, Game, Gauge, Logger, Metrics, Outbox } from "./ports.ts";

export interface WatcherOptions extends ChecksOptions {
  /** Who sends the transactions, and so owns the sessions. */
  readonly sender: Address;
  /** Wei in bonds of sessions that are not over. */
  readonly maxBondsWei: bigint;
  /** Wei per gas above which no session is opened. */
  readonly maxGasPriceWei: bigint;
}

export interface WatcherDeps extends ChecksDeps, Omit<PlayerDeps, "chain"> {
  readonly store: DisputeStore;
  readonly chain: Pick<Chain, "head" | "gasPriceWei" | "estimateGas">;
  readonly game: Game;
  readonly outbox: Outbox;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #deps: WatcherDeps;
  readonly #checks: Checks;
  readonly #player: Player;
  /** Wrong answers that an alarm says are not disputed. */
  readonly #undisputed = new Set<AssertionId>();
  readonly #bonds: Gauge;
  readonly #verdicts: Gauge;

  constructor(options: WatcherOptions, deps: WatcherDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#checks = new Checks(options, deps);
    this.#player = new Player({ ...options, side: "challenger", us: options.sender }, deps);
    this.#bonds = deps.metrics.gauge({
      name: "dispute_bonds_gwei",
      help: "Bonds in sessions that are not over, in gwei",
    });
    this.#verdicts = deps.metrics.gauge({
      name: "answers_open",
      help: "Answers of others that are not over, by verdict",
      labels: ["verdict"],
    });
  }

  /**
   * Starts runs, and makes the moves that are due. Runs go on in the background.
   * @throws RpcError
   */
  async tick(): Promise<void> {
    const { store, chain, clock } = this.#deps;
    const now = await observe(chain, clock);
    await this.#checks.tick(now);
    const wrong = await store.due(["wrong"], now.nowMs);
    const played = await store.disputed("owner", this.#options.sender);
    const assertions = new Map(wrong.map((assertion) => [assertion.assertionId, assertion]));
    for (const id of played) {
      const assertion = assertions.get(id) ?? (await store.assertion(id));
      if (assertion !== undefined) assertions.set(id, assertion);
    }
    this.#player.keep(new Set(assertions.keys()));
    let bondsWei = (await store.bondsOut(this.#options.sender)) + (await this.#bondsUnderWay(wrong));
    for (const [id, assertion] of assertions) {
      const permit = (move: Move) => {
        if (move.type !== "open") return true;
        if (!this.#mayOpen(assertion, bondsWei, now)) return false;
        bondsWei += this.#deps.game.parameters.challengeBond;
        return true;
      };
      await this.#player.advance(id, assertion.result, now, permit);
    }
    this.#bonds.set(Number(bondsWei / 1_000_000_000n));
    await this.#count();
  }

  /** Waits for the runs under way. */
  async idle(): Promise<void> {
    await Promise.all([this.#checks.idle(), this.#player.idle()]);
  }

  #mayOpen(assertion: WatchedAssertion, bondsWei: bigint, { nowS, gasPriceWei }: Now): boolean {
    const { maxBondsWei, maxGasPriceWei } = this.#options;
    const { challengeBond } = this.#deps.game.parameters;
    const isOver = nowS >= assertion.disputableUntil;
    const obstacles = [
      isOver && "its window is over",
      bondsWei + challengeBond > maxBondsWei && `its bond of ${challengeBond} wei is beyond the budget`,
      gasPriceWei > maxGasPriceWei && `gas costs ${gasPriceWei} wei`,
    ];
    const obstacle = obstacles.find((reason) => reason !== false);
    if (obstacle === undefined) {
      this.#undisputed.delete(assertion.assertionId);
      return true;
    }
    this.#alarm(assertion, obstacle);
    return false;
  }

  #alarm({ assertionId, result: { modelId, requestId } }: WatchedAssertion, obstacle: string): void {
    if (this.#undisputed.has(assertionId)) return;
    this.#undisputed.add(assertionId);
    const message = `a wrong answer is not disputed: ${obstacle}`;
    this.#deps.alarms.raise({ kind: "budget", modelId, requestId, assertionId, message });
  }

  /** Of sessions whose opening is sent, or mined in a block that was not read yet. */
  async #bondsUnderWay(wrong: readonly WatchedAssertion[]): Promise<bigint> {
    const { outbox, store, game } = this.#deps;
    const lastBlock = await store.lastBlock();
    let wei = 0n;
    for (const { assertionId } of wrong) {
      const prefix = moveKey(assertionId, { type: "open" });
      const attempts = await outbox.attempts(prefix);
      const last = attempts === 0 ? undefined : await outbox.delivery(`${prefix}${attempts - 1}`);
      const isUnseen = last?.state === "mined" && (lastBlock === undefined || last.block > lastBlock);
      if (last?.state === "pending" || isUnseen) wei += game.parameters.challengeBond;
    }
    return wei;
  }

  async #count(): Promise<void> {
    const counts: Partial<Record<Verdict, number>> = await this.#deps.store.verdicts();
    for (const verdict of ["unchecked", "right", "wrong", "unverifiable"] as const) {
      this.#verdicts.set(counts[verdict] ?? 0, { verdict });
    }
  }
}
