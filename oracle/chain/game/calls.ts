/** The moves of a dispute as transactions. */
import { Interface } from "ethers";
import type { Move } from "../../dispute/move.ts";
import { PHASES, type Session } from "../../dispute/session.ts";
import type { Call } from "../../roles/ports.ts";
import type { Hex } from "../../vm/keccak.ts";
import { DISPUTE_GAME_ABI } from "../abi.ts";
import { sessionToAbi } from "./structs.ts";

const game = new Interface(DISPUTE_GAME_ABI);

export class GameCalls {
  readonly #game: string;
  readonly #challengeBond: bigint;

  /** @param challengeBond wei that opening a session takes */
  constructor(game: string, challengeBond: bigint) {
    this.#game = game;
    this.#challengeBond = challengeBond;
  }

  /** A move has its function's name, and fields with the names of its parameters. */
  move(move: Move): Call {
    const fields = move as unknown as Record<string, unknown>;
    const args = (game.getFunction(move.type)?.inputs ?? []).map(({ name }) => {
      if (fields[name] === undefined) throw new TypeError(`the move ${move.type} has no ${name}`);
      return toAbi(fields[name]);
    });
    return this.#call(move.type, args, move.type === "open" ? this.#challengeBond : 0n);
  }

  #call(method: string, args: readonly unknown[], valueWei: bigint): Call {
    return { to: this.#game, data: game.encodeFunctionData(method, [...args]) as Hex, valueWei };
  }
}

/** Phases are numbers in the ABI; the rest is as ethers takes it. */
function toAbi(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toAbi);
  return isSession(value) ? sessionToAbi(value) : value;
}

function isSession(value: unknown): value is Session {
  return typeof value === "object" && value !== null && "phase" in value && PHASES.includes(value.phase as "None");
}
