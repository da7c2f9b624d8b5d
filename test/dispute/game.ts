// A dispute from beginning to end: `game(board).lie(flipBit(3, 5)).withhold("reveal").play()`.
import type { Assertion } from "../../oracle/dispute/assertion.ts";
import { Challenger } from "../../oracle/dispute/challenger.ts";
import { Defender } from "../../oracle/dispute/defender.ts";
import type { Move } from "../../oracle/dispute/move.ts";
import type { DisputeParameters, Result } from "../../oracle/dispute/session.ts";
import type { Tolerance } from "../../oracle/model/tolerance.ts";
import { chunkRoot } from "../../oracle/vm/chunkTree.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import { Dice } from "../coordinator/dice.ts";
import type { Board } from "./board.ts";
import type { Lie } from "./lies.ts";
import { type Distortion, LyingOperator, rightSums } from "./lyingOperator.ts";
import { Mischief } from "./mischief.ts";
import { OperatorTrace } from "./operatorTrace.ts";
import { PaperGame, type Stage, ZERO } from "./paperGame.ts";
import type { Terms } from "./paperVerdict.ts";
import { HonestChallenger, HonestOperator, Liar, type Player, type Silence } from "./players.ts";
import { type Entry, simulate } from "./simulation.ts";

const PARAMETERS: DisputeParameters = {
  clock: 3_600,
  increment: 600,
  payoutDelay: 7_200,
  receiptUse: 0,
  challengeBond: 1n,
  priceCap: 0n,
  tip: 0n,
};
const START = 1_000_000;
const WINDOW = 10_000;

/** Where and when a game is played. */
export interface Setting extends Stage {
  readonly start: number;
}

interface Answer {
  /** Flat. */
  readonly output: Uint8Array;
  readonly trace: OperatorTrace;
  /** Zero: the operator signs none. */
  readonly traceRoot: Hex;
}

export interface Outcome {
  readonly setting: Setting;
  readonly terms: Terms;
  readonly game: PaperGame;
  readonly entries: readonly Entry[];
  /** The kinds of the moves that were made, in order. */
  readonly moves: readonly Move["type"][];
}

export function game(board: Board): GameBuilder {
  return new GameBuilder(board);
}

export class GameBuilder {
  readonly #board: Board;
  readonly #lies: Lie[] = [];
  readonly #challengers: string[] = [];
  readonly #mischievous: string[] = [];
  #isEager = false;
  #tolerance: Tolerance = { atol: 0, rtol: 0 };
  #distortion: Distortion = rightSums;
  #silence: Silence | undefined;
  #latenessSeconds = 0;
  #seed = 1n;
  #answer: Answer | undefined;

  constructor(board: Board) {
    this.#board = board;
  }

  /** The operator's answer is wrong; without any lie it is honest. */
  lie(...lies: Lie[]): this {
    this.#lies.push(...lies);
    return this;
  }

  /** The trace root is in the Result. */
  eager(isEager = true): this {
    this.#isEager = isEager;
    return this;
  }

  tolerance(atol: number, rtol = 0): this {
    this.#tolerance = { atol, rtol };
    return this;
  }

  /** What the lying operator says its sums are. */
  sums(distortion: Distortion): this {
    this.#distortion = distortion;
    return this;
  }

  /** The lying operator falls silent: it makes no more of these moves after so many. */
  withhold(move: Silence["move"], after = 0): this {
    this.#silence = { move, after };
    return this;
  }

  /** The lying operator moves as much too late, now and then. */
  late(seconds: number): this {
    this.#latenessSeconds = seconds;
    return this;
  }

  challengers(...names: string[]): this {
    this.#challengers.push(...names);
    return this;
  }

  /** Accomplices of the operator, or of nobody. */
  mischief(...names: string[]): this {
    this.#mischievous.push(...names);
    return this;
  }

  seed(seed: number): this {
    this.#seed = BigInt(seed);
    return this;
  }

  /** What the operator asserts. */
  answer(): Answer {
    this.#answer ??= this.#makeAnswer();
    return this.#answer;
  }

  #makeAnswer(): Answer {
    const draft = this.#board.draft();
    for (const lie of this.#lies) lie(draft);
    const trace = new OperatorTrace(draft.trace, draft.garbage);
    return { output: draft.output, trace, traceRoot: this.#isEager ? trace.root : ZERO };
  }

  /** @param setting somewhere else than on paper alone */
  play(setting: Setting = this.#onPaper()): Outcome {
    const { output, trace } = this.answer();
    const { result } = setting;
    const terms = this.#board.terms(this.#tolerance, result.outputRoot);
    const paper = new PaperGame(setting, terms);
    const dice = new Dice(this.#seed);
    const players = [
      this.#operator(result, trace),
      ...this.#challengers.map((name) => this.#challenger(name, setting, output)),
      ...this.#mischievous.map((name) => new Mischief(name, this.#assertion(setting, output), trace, dice)),
    ];
    const entries = simulate(paper, players, dice, setting.start);
    const moves = entries.filter(({ refused }) => refused === undefined).map(({ move }) => move.type);
    return { setting, terms, game: paper, entries, moves };
  }

  #onPaper(): Setting {
    const { output, traceRoot } = this.answer();
    const result: Result = {
      modelId: ZERO,
      requestId: ZERO,
      inputRoot: this.#board.execution.trees.input.root,
      outputRoot: chunkRoot(output),
      traceRoot,
      operator: "operator",
      issuedAt: 0n,
    };
    return {
      result,
      assertionId: ZERO,
      parameters: PARAMETERS,
      windowEnd: START + WINDOW,
      spec: new Uint8Array(0),
      start: START,
    };
  }

  #operator(result: Result, trace: OperatorTrace): Player {
    const { execution } = this.#board;
    if (this.#lies.length === 0) return new HonestOperator(result.operator, new Defender(result, execution));
    const operator = new LyingOperator(result, execution, trace, this.#distortion);
    return new Liar(result.operator, operator, this.#silence, this.#latenessSeconds);
  }

  #challenger(name: string, setting: Setting, output: Uint8Array): Player {
    return new HonestChallenger(name, new Challenger(this.#assertion(setting, output)), setting.windowEnd - 1);
  }

  #assertion({ result, spec }: Setting, output: Uint8Array): Assertion {
    return { result, spec, output, tolerance: this.#tolerance, execution: this.#board.execution };
  }
}
