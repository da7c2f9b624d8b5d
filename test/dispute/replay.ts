// A game that was played on paper, move by move on the chain: what one takes the other takes, and both are in the same
// state then.
import { expect } from "chai";
import { type Interface, isError, type TransactionReceipt } from "ethers";
import type { Move } from "../../oracle/dispute/move.ts";
import { PHASES, type Session } from "../../oracle/dispute/session.ts";
import { type Arena, sessionOf } from "./arena.ts";
import type { Outcome } from "./game.ts";
import { PaperGame } from "./paperGame.ts";
import { Refused } from "./paperVerdict.ts";
import type { Entry } from "./simulation.ts";

/** EIP-7825. */
const GAS_LIMIT = 2 ** 24;
const MOVED = ["Opened", "Picked", "Revealed", "FocusPicked", "SumsRevealed", "Joined"];

/** wei, which paper does not count */
interface Costs {
  readonly ownerCost: bigint;
  readonly operatorCost: bigint;
}

export class Replay {
  /** The moves that were taken, in order. */
  readonly taken: Move["type"][] = [];
  readonly #arena: Arena;
  readonly #outcome: Outcome;
  readonly #paper: PaperGame;
  readonly #costs = new Map<number, Costs>();

  constructor(arena: Arena, outcome: Outcome) {
    this.#arena = arena;
    this.#outcome = outcome;
    this.#paper = new PaperGame(outcome.setting, outcome.terms);
  }

  async run(): Promise<void> {
    for (const entry of this.#outcome.entries) {
      const what = `${entry.by}: ${entry.move.type} at ${entry.at}`;
      const refusal = this.#onPaper(entry);
      const { receipt, reason } = await this.#onChain(entry);
      const verdicts = `on paper ${refusal ?? "taken"}, on the chain ${reason ?? "taken"}`;
      expect(receipt === undefined, `${what}, ${verdicts}`).to.equal(refusal !== undefined);
      if (receipt !== undefined) await this.#compare(entry.move, receipt, what);
    }
  }

  #onPaper({ move, by, at }: Entry): string | undefined {
    try {
      this.#paper.apply(move, by, at);
      return undefined;
    } catch (error) {
      if (error instanceof Refused) return error.reason;
      throw error;
    }
  }

  async #onChain({ move, by, at }: Entry): Promise<{ receipt?: TransactionReceipt; reason?: string }> {
    const { game, connection, time } = this.#arena;
    // By its interface, whose parameters have the names that the solver's moves have.
    const target = await game.getAddress();
    const { interface: known } = await connection.ethers.getContractAt("IDisputeGame", target);
    const moves: Interface = known;
    const signer = await connection.ethers.getSigner(by);
    const fragment = moves.getFunction(move.type);
    if (fragment === null) throw new Error(`the game has no ${move.type}`);
    const fields: Readonly<Record<string, unknown>> = { ...move };
    const args = fragment.inputs.map(({ name }) => this.#encoded(fields[name]));
    const value = move.type === "open" ? this.#outcome.setting.parameters.challengeBond : 0n;
    await time.setNextBlockTimestamp(at);
    try {
      const data = moves.encodeFunctionData(fragment, args);
      const sent = await signer.sendTransaction({ to: target, data, value, gasLimit: GAS_LIMIT });
      const receipt = await sent.wait();
      if (receipt === null) throw new Error("a transaction without a receipt");
      return { receipt };
    } catch (error) {
      // Spoiled arguments may be of no encoding at all.
      const isUnencodable = isError(error, "INVALID_ARGUMENT") || isError(error, "UNEXPECTED_ARGUMENT");
      if (isUnencodable || String(error).includes("revert")) return { reason: String(error) };
      throw error;
    }
  }

  async #compare(move: Move, receipt: TransactionReceipt, what: string): Promise<void> {
    const { game } = this.#arena;
    this.taken.push(move.type);
    for (const log of receipt.logs) {
      const event = game.interface.parseLog(log);
      if (event === null || !MOVED.includes(event.name)) continue;
      const onChain = plain(sessionOf(event.args.session));
      const { ownerCost, operatorCost, serial } = onChain;
      this.#costs.set(serial, { ownerCost, operatorCost });
      const session = this.#paper.standing(serial)?.session;
      expect(onChain, what).to.deep.equal({ ...session, ownerCost, operatorCost });
    }
    const { assertionId } = this.#outcome.setting;
    const { opened, live, committedAt, refuted } = await game.caseOf(assertionId);
    const ghost = this.#paper.docket.case;
    expect([opened, live, committedAt, refuted], what).to.deep.equal([
      BigInt(ghost.opened),
      BigInt(ghost.live),
      BigInt(ghost.committedAt),
      ghost.refuted,
    ]);
    for (let serial = 0; serial < ghost.opened; serial++) {
      const state = await game.sessionStateOf(await game.sessionIdOf(assertionId, serial));
      expect(BigInt(state) !== 0n, `${what}, session ${serial}`).to.equal(this.#paper.standing(serial) !== undefined);
    }
  }

  /** As the ABI takes it. */
  #encoded(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#encoded(item));
    if (!isSession(value)) return value;
    const { ownerCost, operatorCost } = this.#costs.get(value.serial) ?? { ownerCost: 0n, operatorCost: 0n };
    return {
      ...value,
      phase: PHASES.indexOf(value.phase),
      ownerCost: value.ownerCost + ownerCost,
      operatorCost: value.operatorCost + operatorCost,
    };
  }
}

function isSession(value: unknown): value is Session {
  return typeof value === "object" && value !== null && "phase" in value;
}

/** A session of the ABI, as the solver has it. */
function plain(session: ReturnType<typeof sessionOf>): Session {
  const numbers = ["serial", "chunks", "height", "index", "since", "ownerClock", "operatorClock"] as const;
  const counted = Object.fromEntries(numbers.map((name) => [name, Number(session[name])]));
  const phase = PHASES[Number(session.phase)];
  return { ...session, ...counted, phase } as unknown as Session;
}
