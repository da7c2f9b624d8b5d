// Moves in simulated time: everybody moves when it wants to, the honest ones while their clocks run.
import type { Move } from "../../oracle/dispute/move.ts";
import type { Dice } from "../coordinator/dice.ts";
import type { PaperGame } from "./paperGame.ts";
import { Refused } from "./paperVerdict.ts";
import type { Decision, Player } from "./players.ts";

/** A move that was made, or refused for a reason. */
export interface Entry {
  readonly by: string;
  readonly move: Move;
  readonly at: number;
  readonly refused?: string;
}

const MAX_STEPS = 10_000;

/** Plays until nobody has anything to do. Throws a Refused if it is an honest player's move that is refused. */
export function simulate(game: PaperGame, players: readonly Player[], dice: Dice, start: number): Entry[] {
  const entries: Entry[] = [];
  const dues = new Map<string, number>();
  let now = start;
  for (let step = 0; step < MAX_STEPS; step++) {
    const pending = players.flatMap((player) =>
      player
        .decisions(game, now)
        .map((decision) => ({ player, decision, due: dueOf(dues, player, decision, dice, now) })),
    );
    const first = Math.min(...pending.map(({ due }) => due));
    if (first === Number.POSITIVE_INFINITY) return entries;
    const { player, decision } = dice.pick(pending.filter(({ due }) => due === first));
    now = Math.max(now, first);
    if (decision.next.type === "wait") continue;
    const entry = tryMove(game, player, decision.next.move, now);
    // What was refused is not tried again.
    if (entry.refused === undefined) dues.delete(nameOf(player, decision));
    else dues.set(nameOf(player, decision), Number.POSITIVE_INFINITY);
    entries.push(entry);
  }
  throw new Error(`no end after ${entries.length} moves, the last one ${entries.at(-1)?.move.type}`);
}

function dueOf(dues: Map<string, number>, player: Player, decision: Decision, dice: Dice, now: number): number {
  const { next, latest } = decision;
  if (next.type === "wait") return next.until ?? Number.POSITIVE_INFINITY;
  const name = nameOf(player, decision);
  const due = dues.get(name) ?? someTime(dice, now, latest);
  dues.set(name, due);
  return due;
}

const nameOf = ({ name }: Player, { key }: Decision) => `${name}:${key}`;

/** Somewhere in the time that is left: at once, at the last second, or between. */
function someTime(dice: Dice, now: number, latest: number): number {
  const kind = dice.below(4);
  if (kind === 0 || latest <= now) return now;
  return kind === 1 ? latest : now + dice.below(latest - now + 1);
}

function tryMove(game: PaperGame, { name, isHonest }: Player, move: Move, now: number): Entry {
  const entry = { by: name, move, at: now };
  try {
    game.apply(move, name, now);
    return entry;
  } catch (error) {
    if (isHonest || !(error instanceof Refused)) throw error;
    return { ...entry, refused: error.reason };
  }
}
