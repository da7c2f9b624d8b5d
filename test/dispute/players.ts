// Who moves in a simulated dispute.
import type { Challenger } from "../../oracle/dispute/challenger.ts";
import { deadline, withCommitment } from "../../oracle/dispute/clock.ts";
import type { Defender } from "../../oracle/dispute/defender.ts";
import type { Move } from "../../oracle/dispute/move.ts";
import { type Docket, type Next, play, type Standing } from "../../oracle/dispute/next.ts";
import { type Side, TURN } from "../../oracle/dispute/rules.ts";
import type { LyingOperator } from "./lyingOperator.ts";
import { type PaperGame, ZERO } from "./paperGame.ts";

export interface Decision {
  /** Names the situation: one that stays keeps its time. */
  readonly key: string;
  readonly next: Next;
  /** The last timestamp at which it is in time. */
  readonly latest: number;
}

export interface Player {
  readonly name: string;
  /** Whether it keeps the rules: its moves must never be refused. */
  readonly isHonest: boolean;
  decisions(game: PaperGame, now: number): readonly Decision[];
}

/** When the honest ones move at the latest, where no clock of theirs runs. */
const PATIENCE = 60;

/** Opens a session, and plays it to the end. */
export class HonestChallenger implements Player {
  readonly name: string;
  readonly isHonest = true;
  readonly #solver: Challenger;
  readonly #opensUntil: number;
  #hasOpened = false;

  constructor(name: string, solver: Challenger, opensUntil: number) {
    this.name = name;
    this.#solver = solver;
    this.#opensUntil = opensUntil;
  }

  decisions(game: PaperGame, now: number): Decision[] {
    const own = game.sessions.find(({ session }) => session.owner === this.name);
    this.#hasOpened ||= own !== undefined;
    if (own !== undefined)
      return [decisionOn(own, "owner", game.docket, now, this.#solver.next(own, game.docket, now))];
    const isOver = this.#hasOpened || game.isRefuted;
    return isOver ? [] : [{ key: "open", next: play(this.#solver.open()), latest: this.#opensUntil }];
  }
}

/** Plays all sessions against its answer. */
export class HonestOperator implements Player {
  readonly name: string;
  readonly isHonest = true;
  readonly #solver: Defender;

  constructor(name: string, solver: Defender) {
    this.name = name;
    this.#solver = solver;
  }

  decisions(game: PaperGame, now: number): Decision[] {
    const { docket } = game;
    return game.sessions.map((standing) =>
      decisionOn(standing, "operator", docket, now, this.#solver.next(standing, docket, now)),
    );
  }
}

/** A kind of move, and how many of it are made before there are no more. */
export interface Silence {
  readonly move: Move["type"];
  readonly after: number;
}

/** Plays as long as it likes to, late now and then. */
export class Liar implements Player {
  readonly name: string;
  readonly isHonest = false;
  readonly #operator: LyingOperator;
  readonly #silence: Silence | undefined;
  readonly #latenessSeconds: number;

  constructor(name: string, operator: LyingOperator, silence: Silence | undefined, latenessSeconds: number) {
    this.name = name;
    this.#operator = operator;
    this.#silence = silence;
    this.#latenessSeconds = latenessSeconds;
  }

  decisions(game: PaperGame, now: number): Decision[] {
    const { docket, followed } = game;
    const made = (type: Move["type"]) =>
      [...followed].reduce((sum, [id, count]) => (id.split(".")[0] === type ? sum + count : sum), 0);
    return game.sessions.flatMap((standing) => {
      const move = this.#operator.next(standing, docket);
      const isSilent =
        move === undefined || (move.type === this.#silence?.move && made(move.type) >= this.#silence.after);
      if (isSilent || docket.case.refuted) return [];
      const decision = decisionOn(standing, "operator", docket, now, play(move));
      return [{ ...decision, latest: decision.latest + this.#latenessSeconds }];
    });
  }
}

export function decisionOn({ session }: Standing, side: Side, docket: Docket, now: number, next: Next): Decision {
  const counted = withCommitment(session, docket.case, docket.trace?.root ?? ZERO, docket.parameters.increment);
  const type = next.type === "move" ? next.move.type : "wait";
  const { serial, phase, height, index, since } = counted;
  const key = [serial, phase, height, index, since, type].join();
  const isOwnTurn = TURN[phase] === side && !docket.case.refuted;
  return { key, next, latest: (isOwnTurn ? deadline(counted) : undefined) ?? now + PATIENCE };
}
