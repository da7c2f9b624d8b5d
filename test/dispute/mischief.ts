// Moves that no solver would make: anywhere, by anybody, half right, too late. Most are refused; none may do harm.
import type { Assertion } from "../../oracle/dispute/assertion.ts";
import { isAbove } from "../../oracle/dispute/firstFault.ts";
import type { Move } from "../../oracle/dispute/move.ts";
import { play, type Standing } from "../../oracle/dispute/next.ts";
import { FRONTIER_LEVELS } from "../../oracle/dispute/rules.ts";
import type { ChunkProof, Session } from "../../oracle/dispute/session.ts";
import { claimedRun, segmentsOf } from "../../oracle/dispute/sums.ts";
import { chunkProof, type ProvingTree } from "../../oracle/vm/chunkTree.ts";
import { type Hex, toHex } from "../../oracle/vm/keccak.ts";
import { type Run, touchedChunks } from "../../oracle/vm/reference.ts";
import { encodeWitness } from "../../oracle/vm/witness.ts";
import type { Dice } from "../coordinator/dice.ts";
import type { PaperGame } from "./paperGame.ts";
import type { Decision, Player } from "./players.ts";

const MAX_SESSIONS = 3;
/** Ideas per turn of events. */
const IDEAS = 2;
/** Seconds: beyond anybody's clock, now and then. */
const IDLENESS = 5_000;

export class Mischief implements Player {
  readonly name: string;
  readonly isHonest = false;
  readonly #assertion: Assertion;
  readonly #tree: ProvingTree;
  readonly #dice: Dice;
  readonly #ideas = new Map<string, Move | undefined>();
  #opened = 0;

  /** @param tree the operator's, all of it: an accomplice knows it */
  constructor(name: string, assertion: Assertion, tree: ProvingTree, dice: Dice) {
    this.name = name;
    this.#assertion = assertion;
    this.#tree = tree;
    this.#dice = dice;
  }

  decisions(game: PaperGame, now: number): Decision[] {
    return Array.from({ length: IDEAS }, (_, i) => `${game.version}:${i}`).flatMap((key) => {
      if (!this.#ideas.has(key)) this.#ideas.set(key, this.#idea(game));
      const move = this.#ideas.get(key);
      return move === undefined ? [] : [{ key, next: play(move), latest: now + IDLENESS }];
    });
  }

  #idea(game: PaperGame): Move | undefined {
    const { result, spec } = this.#assertion;
    const own = game.sessions.filter(({ session }) => session.owner === this.name);
    if (own.length === 0 && this.#opened < MAX_SESSIONS) {
      this.#opened++;
      return { type: "open", result, spec };
    }
    if (game.sessions.length === 0) return this.#bareProof([]);
    const standing = this.#dice.pick(own.length > 0 && this.#dice.chance(0.7) ? own : game.sessions);
    const move = this.#dice.chance(0.7) ? this.#regular(standing) : this.#irregular(standing.session);
    return move !== undefined && this.#dice.chance(0.2) ? this.#spoiled(move) : move;
  }

  /** What the rules allow the owner here, somewhere; or nothing: the clock runs out. */
  #regular(standing: Standing): Move | undefined {
    const { session } = standing;
    switch (session.phase) {
      case "Commit":
      case "Pick":
        return this.#dice.weighted<() => Move | undefined>([
          [6, () => this.#pick(session)],
          [3, () => this.#pickElement(session)],
          [1, () => undefined],
        ])();
      case "Chunk":
        return this.#pickElement(session);
      case "Segment":
        return this.#segment(standing);
      default:
        return undefined;
    }
  }

  #irregular(session: Session): Move {
    const { result } = this.#assertion;
    return this.#dice.pick<() => Move>([
      () => ({ type: "timeout", session, result }),
      () => ({ type: "claim", session }),
      () => ({ type: "reveal", session, data: this.#tree.chunk(this.#chunkBelow(session)) }),
      () => this.#bareProof([session]),
      () => this.#bareProof([]),
      () => ({
        type: "commit",
        result,
        traceRoot: toHex(this.#tree.node(0, 0)),
        nodes: [],
        signature: new Uint8Array(0),
      }),
    ])();
  }

  #pick(session: Session): Move {
    const height = this.#dice.below(session.height - Math.min(FRONTIER_LEVELS, session.height) + 1);
    const index = Math.floor(this.#chunkBelow(session) / 2 ** height);
    const node = toHex(this.#tree.node(height, index));
    return { type: "pick", session, height, index, node, path: this.#path(height, index, session.height) };
  }

  /** Of a kernel with long reductions, if there is one here. */
  #pickElement(session: Session): Move {
    const { result, spec, execution } = this.#assertion;
    const long = execution.program.kernels.flatMap((_, i) => {
      const kernel = this.#kernelNumber(i);
      const isLong = kernel.valid !== undefined && kernel.valid.steps > kernel.valid.stepsPerProof;
      return isLong && isAbove(session, { height: 0, index: kernel.firstChunk }) ? [kernel.firstChunk] : [];
    });
    const chunk = long.length > 0 ? this.#dice.pick(long) : this.#chunkBelow(session);
    const kernel = execution.kernelOf(chunk);
    const traced = this.#proof(chunk, session.height);
    const element = this.#dice.below(kernel.valid?.elements ?? 1);
    return { type: "pickElement", session, result, spec, kernel: execution.proofOf(kernel), traced, element };
  }

  #segment({ session, focus, sums }: Standing): Move | undefined {
    if (focus === undefined || sums === undefined) return undefined;
    const { result, spec, execution } = this.#assertion;
    const segment = this.#dice.below(segmentsOf(focus).length);
    if (this.#dice.chance(0.5)) return { type: "pickSegment", session, focus, sums, segment };
    const kernel = execution.kernelOf(focus.firstChunk);
    if (kernel.valid === undefined) return undefined;
    const run = claimedRun({ valid: kernel.valid, spaces: execution.spacesOf(kernel), focus }, sums, segment);
    const witness = this.#witness(focus.firstChunk, run);
    return { type: "proveSegment", session, result, spec, focus, sums, segment, ...kernel.leaf, witness };
  }

  #bareProof(sessions: readonly Session[]): Move {
    const { result, spec, execution, output } = this.#assertion;
    const { traceChunks, outputChunks } = execution.program;
    const chunk = this.#dice.below(traceChunks);
    const kernel = execution.kernelOf(chunk);
    const common = { result, spec, sessions };
    const ofKernel = { ...common, kernel: execution.proofOf(kernel), traced: this.#proof(chunk) };
    return this.#dice.pick<() => Move>([
      () => ({ type: "proveTail", ...ofKernel }),
      () => {
        const { valid } = kernel;
        const element = this.#dice.below(valid?.elements ?? 1);
        const run = { element, from: 0, to: valid?.steps ?? 0, accumulator: valid?.kernel.init ?? 0n };
        const isShort = valid !== undefined && valid.steps <= valid.stepsPerProof;
        const witness = isShort ? this.#witness(chunk, run) : Uint8Array.of(0, 0, 0);
        return { type: "proveElement", ...ofKernel, element, witness };
      },
      () => {
        const height = this.#dice.below(this.#tree.depth + 1);
        const index = this.#dice.below(2 ** (this.#tree.depth - height));
        const node = toHex(this.#tree.node(height, index));
        return { type: "provePadding", ...common, height, index, node, path: this.#path(height, index) };
      },
      () => {
        const index = this.#dice.below(outputChunks);
        const { chunk: bytes, siblings } = chunkProof(output, index);
        const traced = this.#proof(traceChunks - outputChunks + index);
        const asserted = { index, chunk: bytes, path: siblings };
        return { type: "proveOutput", ...common, asserted, traced, element: this.#dice.below(64) };
      },
    ])();
  }

  /** With one thing changed. */
  #spoiled(move: Move): Move {
    const spoil = (value: unknown): unknown => {
      if (typeof value === "number") return value + (this.#dice.chance(0.5) ? 1 : -1);
      if (typeof value === "bigint") return value + 1n;
      if (typeof value === "string") return value.replace(/[0-9a-f]$/, (digit) => (digit === "0" ? "1" : "0"));
      if (value instanceof Uint8Array)
        return this.#dice.chance(0.5) ? value.subarray(1) : value.map((byte) => byte ^ 1);
      if (Array.isArray(value)) return this.#dice.chance(0.5) ? value.slice(1) : value.toReversed();
      return Object.assign({}, value, spoilOne(value as object));
    };
    const spoilOne = (fields: object) => {
      const entries = Object.entries(fields).filter(([name]) => name !== "type");
      if (entries.length === 0) return {};
      const [name, value] = this.#dice.pick(entries);
      return { [name]: spoil(value) };
    };
    return Object.assign({}, move, spoilOne(move));
  }

  #witness(chunk: number, run: Run): Uint8Array {
    const { execution } = this.#assertion;
    const kernel = execution.kernelOf(chunk);
    if (kernel.valid === undefined) return Uint8Array.of(0, 0, 0);
    const touched = touchedChunks(kernel.valid, execution.spacesOf(kernel), run);
    return encodeWitness({ ...execution.trees, trace: this.#tree }, touched);
  }

  #kernelNumber(k: number) {
    const { execution } = this.#assertion;
    const before = execution.program.kernels.slice(0, k).reduce((sum, { chunks }) => sum + Number(chunks), 0);
    return execution.kernelOf(before);
  }

  /** A chunk of the trace that the session is above. */
  #chunkBelow({ height, index }: Session): number {
    const first = index * 2 ** height;
    return first + this.#dice.below(Math.min(2 ** height, this.#assertion.execution.program.traceChunks - first));
  }

  #proof(index: number, top = this.#tree.depth): ChunkProof {
    return { index, chunk: this.#tree.chunk(index), path: this.#path(0, index, top) };
  }

  #path(height: number, index: number, top = this.#tree.depth): Hex[] {
    return Array.from({ length: top - height }, (_, i) =>
      toHex(this.#tree.node(height + i, Math.floor(index / 2 ** i) ^ 1)),
    );
  }
}
