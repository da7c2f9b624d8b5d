/**
 * Plays the disputes over an assertion for one side. What is known is read off the chain each time and never remembered:
 * a plan follows from the events so far, and every transaction is named after the state of the game that it is for. So a
 * crash repeats the question and not the move, and a reorganisation asks anew.
 */
import type { Move } from "../dispute/move.ts";
import type { Result, Session } from "../dispute/session.ts";
import type { DisputeStore } from "../store/port.ts";
import { submitBatch } from "./batch.ts";
import type { Now } from "./moment.ts";
import {
  type Address,
  ArtefactError,
  type AssertionId,
  type Chain,
  type Counter,
  type Delivery,
  ExecutionError,
  type Game,
  type Logger,
  type Metrics,
  type Outbox,
  type Plan,
  type Position,
  type RevertError,
  RpcError,
  type RunLimits,
  type Solver,
} from "./ports.ts";
import { type Replays, UnverifiableError } from "./replays.ts";

export interface PlayerOptions extends RunLimits {
  readonly side: Position["side"];
  /** Whose sessions these are: the sender of a challenger's transactions, or the operator. */
  readonly us: Address;
  /** Before what failed is tried again; doubled for each further time. */
  readonly retryAfterMs: number;
}

export interface PlayerDeps {
  readonly store: DisputeStore;
  readonly chain: Pick<Chain, "estimateGas">;
  readonly game: Game;
  readonly replays: Replays;
  readonly solver: Solver;
  readonly outbox: Outbox;
  readonly moves: Counter;
  readonly logger: Logger;
  /** Called when there may be something to do. */
  readonly onDone: () => void;
}

/** Decides whether a move is made now. */
export type Permit = (move: Move) => boolean | Promise<boolean>;

interface Made {
  /** What the plan was made from. */
  readonly tag: string;
  /** undefined: it failed. */
  readonly plan: Plan | undefined;
  /** Unix milliseconds of the chain from which on it is made again. */
  readonly untilMs: number;
}

/** Doublings of the time after which a move that reverted is made again. */
const MAX_DOUBLINGS = 6;

export function movesMetric(metrics: Metrics): Counter {
  return metrics.counter({ name: "dispute_moves_total", help: "Moves made in disputes", labels: ["side", "move"] });
}

export class Player {
  readonly #options: PlayerOptions;
  readonly #deps: PlayerDeps;
  readonly #plans = new Map<AssertionId, Made>();
  readonly #thinking = new Map<AssertionId, Promise<void>>();
  readonly #failures = new Map<AssertionId, number>();
  /** Moves that would have reverted, and when they are tried again. */
  readonly #notBeforeMs = new Map<string, number>();
  /** What thinking threw that is not its own failure. */
  #broken: { readonly error: unknown } | undefined;

  constructor(options: PlayerOptions, deps: PlayerDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /**
   * Brings the disputes over an assertion as far as they can go now. Planning goes on in the background.
   * @param permit is asked before each move is sent for the first time
   * @throws RpcError
   */
  async advance(assertionId: AssertionId, result: Result, now: Now, permit: Permit = () => true): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken.error;
    if (this.#thinking.has(assertionId)) return;
    const position = await this.#position(assertionId, result, now);
    // The place of an event changes with the block that has it, and its session's times with that.
    const tag = JSON.stringify([position.events.length, position.case, position.events.at(-1)], plain);
    const made = this.#plans.get(assertionId);
    if (made?.tag !== tag || now.nowMs >= made.untilMs) return this.#think(assertionId, position, tag, now);
    for (const move of made.plan?.moves ?? []) await this.#make(assertionId, move, now, permit);
  }

  /** Forgets what is over. */
  keep(assertionIds: ReadonlySet<AssertionId>): void {
    for (const id of this.#plans.keys()) if (!assertionIds.has(id)) this.#plans.delete(id);
  }

  /** Waits for the plans under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#thinking.values());
  }

  async #position(assertionId: AssertionId, result: Result, { nowS }: Now): Promise<Omit<Position, "spec">> {
    const { game, store } = this.#deps;
    const { side, us } = this.#options;
    const [own, events, output = new Uint8Array()] = await Promise.all([
      game.caseOf(assertionId),
      store.events(assertionId),
      store.outputOf(assertionId),
    ]);
    const refutation = own.refuted ? await game.refutationOf(assertionId) : undefined;
    return { side, us, result, output, parameters: game.parameters, case: own, refutation, events, now: nowS };
  }

  #think(assertionId: AssertionId, position: Omit<Position, "spec">, tag: string, now: Now): void {
    const thinking = this.#plan(assertionId, position)
      .then((plan) => {
        this.#failures.delete(assertionId);
        const untilMs = plan.until === undefined ? Number.POSITIVE_INFINITY : plan.until * 1000;
        this.#plans.set(assertionId, { tag, plan, untilMs });
      })
      .catch((error: unknown) => this.#fail(assertionId, error, tag, now))
      .catch((error: unknown) => {
        this.#broken = { error };
      })
      .finally(() => {
        this.#thinking.delete(assertionId);
        this.#deps.onDone();
      });
    this.#thinking.set(assertionId, thinking);
  }

  async #plan(assertionId: AssertionId, position: Omit<Position, "spec">): Promise<Plan> {
    const { model, inputs, spec } = await this.#deps.replays.of(assertionId, position.result);
    return await this.#deps.solver.play(model, inputs, this.#options, { ...position, spec });
  }

  /** A clock may be running: whatever failed, it is tried again. */
  #fail(assertionId: AssertionId, error: unknown, tag: string, { nowMs }: Now): void {
    const isKnown =
      error instanceof RpcError ||
      error instanceof ExecutionError ||
      error instanceof ArtefactError ||
      error instanceof UnverifiableError;
    if (!isKnown) throw error;
    const failures = this.#failures.get(assertionId) ?? 0;
    this.#failures.set(assertionId, failures + 1);
    this.#deps.logger.error({ assertionId, side: this.#options.side, error }, "the dispute cannot be planned");
    this.#plans.set(assertionId, { tag, plan: undefined, untilMs: nowMs + this.#waitMs(failures) });
  }

  #waitMs(times: number): number {
    return this.#options.retryAfterMs * 2 ** Math.min(times, MAX_DOUBLINGS);
  }

  async #make(assertionId: AssertionId, move: Move, { nowMs }: Now, permit: Permit): Promise<void> {
    const { store, outbox, chain, game, logger, moves } = this.#deps;
    const { side } = this.#options;
    const prefix = moveKey(assertionId, move);
    const attempts = await outbox.attempts(prefix);
    const last = attempts === 0 ? undefined : await outbox.delivery(`${prefix}${attempts - 1}`);
    if (last !== undefined && !mayRepeat(last, await store.lastBlock())) return;
    if (nowMs < (this.#notBeforeMs.get(prefix) ?? 0) || !(await permit(move))) return;
    // Reverting costs gas: should it come to that again, there is a pause.
    this.#notBeforeMs.set(prefix, nowMs + this.#waitMs(attempts));
    const batch = {
      build: () => game.call(move),
      keyOf: () => `${prefix}${attempts}`,
      callbackGas: () => 0n,
      begin: () => {
        moves.inc({ side, move: move.type });
        logger.info({ assertionId, side, move: move.type, session: sessionOf(move)?.serial }, "move");
        return Promise.resolve();
      },
      refuse: (_: Move, error: RevertError) => {
        logger.warn({ assertionId, side, move: move.type, error: error.message }, "the move would revert");
        this.#notBeforeMs.set(prefix, nowMs + this.#waitMs(0));
        return Promise.resolve();
      },
    };
    await submitBatch([move], batch, { chain, outbox });
  }
}

/** Begins the keys of a move's transactions: each state of a game takes one of each kind. */
export function moveKey(assertionId: AssertionId, move: Pick<Move, "type"> | Move): string {
  return `dispute/${assertionId}/${move.type}/${placeOf(sessionOf(move))}/`;
}

function placeOf(session: Session | undefined): string {
  if (session === undefined) return "bare";
  const { serial, phase, height, index, focus, since } = session;
  return [serial, phase, height, index, focus.slice(2, 10), since].join(".");
}

function sessionOf(move: Pick<Move, "type"> | Move): Session | undefined {
  if ("session" in move) return move.session;
  return "sessions" in move ? move.sessions[0] : undefined;
}

/** What a mined move led to is known once its block was read: it may be over by then, and due again. */
function mayRepeat(delivery: Delivery, lastBlock: number | undefined): boolean {
  if (delivery.state === "pending") return false;
  return delivery.state !== "mined" || (lastBlock !== undefined && delivery.block <= lastBlock);
}

const plain = (_key: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
