// A whole dispute on the chain about one element: the operator's trace is right but for a bit of it, and the operator plays
// along to the end.
import { concatBytes } from "@noble/hashes/utils";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { ZeroHash } from "ethers";
import { GameCalls } from "../../../oracle/chain/game/calls.ts";
import { GAME_TOPICS, readGameEvent } from "../../../oracle/chain/game/events.ts";
import { caseFromAbi } from "../../../oracle/chain/game/structs.ts";
import { Challenger } from "../../../oracle/dispute/challenger.ts";
import { withCommitment } from "../../../oracle/dispute/clock.ts";
import type { GameEvent } from "../../../oracle/dispute/event.ts";
import type { Move } from "../../../oracle/dispute/move.ts";
import type { Docket, Standing } from "../../../oracle/dispute/next.ts";
import { standingsOf, traceOf } from "../../../oracle/dispute/record.ts";
import { FRONTIER_LEVELS, TURN } from "../../../oracle/dispute/rules.ts";
import type { DisputeParameters } from "../../../oracle/dispute/session.ts";
import { sumsOf } from "../../../oracle/dispute/sums.ts";
import { CHUNK_BYTES, DTYPES } from "../../../oracle/model/tensor.ts";
import type { Hex } from "../../../oracle/vm/keccak.ts";
import { toHex } from "../../../oracle/vm/keccak.ts";
import type { Arena, Asserted, Operator } from "../../../test/dispute/arena.ts";
import { type Distortion, falseFrom, rightSums } from "../../../test/dispute/lyingOperator.ts";
import { FlippedTree } from "./flippedTree.ts";
import { Ledger, type Sent } from "./ledger.ts";
import type { Candidate } from "./search.ts";
import type { Subject } from "./subject.ts";

/** Nothing is estimated: a transaction pays for what it uses. */
const GAS_LIMIT = 2n ** 24n;
/** What a request carries. */
const MAX_INPUT_BYTES = 65_536;
const NO_SIGNATURE = new Uint8Array(0);

export interface Cast {
  readonly arena: Arena;
  readonly operator: Operator;
  readonly challenger: HardhatEthersSigner;
}

/** Where the lie shows: in the first segment of a reduction, or in the last one with the end of the element. */
export const LIES: Readonly<Record<"first" | "last", Distortion>> = { first: falseFrom(0), last: rightSums };

/** The operator's trace with a bit of the element flipped, and the output that goes with it. */
export function lieAbout({ execution, trace, output }: Subject, { kernel, element }: Candidate) {
  const { program } = execution;
  const leaves = program.kernels.slice(0, kernel);
  const first = leaves.reduce((sum, { chunks }) => sum + Number(chunks), 0);
  const { valid } = execution.kernelOf(first);
  if (valid === undefined) throw new Error(`kernel ${kernel} is malformed`);
  const offset = element * DTYPES[valid.kernel.dtype].bytes;
  const index = first + Math.floor(offset / CHUNK_BYTES);
  const chunk = trace.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
  chunk[offset % CHUNK_BYTES] = (chunk[offset % CHUNK_BYTES] ?? 0) ^ 1;
  const asserted = output.slice();
  const inOutput = index - (program.traceChunks - program.outputChunks);
  if (inOutput >= 0) asserted.set(chunk.subarray(0, output.length - inOutput * CHUNK_BYTES), inOutput * CHUNK_BYTES);
  return { tree: new FlippedTree(execution.trees.trace, index, chunk), index, output: asserted };
}

export class Dispute {
  readonly ledger: Ledger;
  readonly #cast: Cast;
  readonly #subject: Subject;
  readonly #parameters: DisputeParameters;
  readonly #calls: GameCalls;
  readonly #events: GameEvent[] = [];

  static async prepare(cast: Cast, subject: Subject): Promise<Dispute> {
    const { clock, increment, payoutDelay, receiptUse, challengeBond, priceCap, tip } =
      await cast.arena.game.disputeParameters();
    const times = { clock: Number(clock), increment: Number(increment), payoutDelay: Number(payoutDelay) };
    const parameters = { ...times, receiptUse: Number(receiptUse), challengeBond, priceCap, tip };
    const calls = new GameCalls(await cast.arena.game.getAddress(), parameters.challengeBond);
    return new Dispute(cast, subject, parameters, calls);
  }

  private constructor(cast: Cast, subject: Subject, parameters: DisputeParameters, calls: GameCalls) {
    this.#cast = cast;
    this.#subject = subject;
    this.#parameters = parameters;
    this.#calls = calls;
    this.ledger = new Ledger(cast.arena.connection.ethers.provider);
  }

  /** From the opening to the last payment. */
  async play(candidate: Candidate, distort: Distortion): Promise<void> {
    const { tree, output } = lieAbout(this.#subject, candidate);
    const asserted = await this.assert(output, ZeroHash as Hex);
    const { execution, spec } = this.#subject;
    const { result } = asserted;
    const challenger = new Challenger({ result, spec, output, tolerance: { atol: 0, rtol: 0 }, execution });
    await this.#open(asserted, challenger.open());
    for (;;) {
      const [standing] = standingsOf(this.#events).values();
      if (standing === undefined) return;
      const docket = await this.#docket(asserted);
      const next = challenger.next(standing, docket, await this.#cast.arena.time.latest());
      const isOperators = next.type === "wait";
      const move = isOperators ? this.#answer(asserted, tree, standing, docket, distort) : next.move;
      await this.send(move, isOperators ? this.#cast.operator.account : this.#cast.challenger);
    }
  }

  /** Asserts an output on chain, or signs a receipt for it if the input does not fit a request. */
  async assert(output: Uint8Array, traceRoot: Hex): Promise<Asserted> {
    const { arena, operator } = this.#cast;
    const { modelId, input, execution } = this.#subject;
    if (input.length <= MAX_INPUT_BYTES) {
      return arena.answer(await arena.ask(modelId, input), operator, output, { traceRoot });
    }
    const request = { modelId, inputRoot: execution.trees.input.root } as Asserted["request"];
    return arena.sign({ id: ZeroHash as Hex, request }, operator, output, { traceRoot });
  }

  async send(move: Move, by: HardhatEthersSigner): Promise<void> {
    const { to, data, valueWei = 0n } = this.#calls.move(move);
    await this.#record(move.type, await by.sendTransaction({ to, data, value: valueWei, gasLimit: GAS_LIMIT }));
  }

  async #open({ result, signature }: Asserted, move: Move & { type: "open" }): Promise<void> {
    const { arena, challenger } = this.#cast;
    if (result.requestId !== ZeroHash) return this.send(move, challenger);
    const receipts = arena.contracts.receipts.connect(challenger);
    const paid = { value: this.#parameters.challengeBond, gasLimit: GAS_LIMIT };
    const sent = await receipts.challengeReceipt(result, signature, move.spec, "0x", "0x", paid);
    await this.#record("open", sent);
  }

  async #record(move: string, sent: Sent): Promise<void> {
    const receipt = await this.ledger.add(move, sent);
    const logs = receipt.logs.filter(({ topics }) => GAME_TOPICS.includes(topics[0] ?? ""));
    this.#events.push(...logs.map((log) => readGameEvent(this.#cast.arena.domain, log)));
  }

  async #docket({ id, result }: Asserted): Promise<Docket> {
    const { traceChunks } = this.#subject.execution.program;
    const trace = traceOf(result, this.#events, traceChunks);
    return { parameters: this.#parameters, case: caseFromAbi(await this.#cast.arena.game.caseOf(id)), trace };
  }

  #answer({ result }: Asserted, tree: FlippedTree, standing: Standing, docket: Docket, distort: Distortion): Move {
    const { session, focus } = standing;
    const counted = withCommitment(session, docket.case, tree.root, this.#parameters.increment);
    if (TURN[counted.phase] !== "operator") throw new Error(`nobody moves in phase ${counted.phase}`);
    if (counted.phase === "Commit") {
      const nodes = frontier(tree, tree.depth, 0).map(toHex);
      return { type: "commit", result, traceRoot: tree.root, nodes, signature: NO_SIGNATURE };
    }
    if (focus !== undefined) {
      const kernel = this.#subject.execution.kernelOf(focus.firstChunk);
      if (kernel.valid === undefined) throw new Error(`kernel ${kernel.number} is malformed`);
      const spaces = this.#subject.execution.spacesOf(kernel);
      const sums = distort(sumsOf({ valid: kernel.valid, spaces, focus }), focus);
      return { type: "revealSums", session, focus, sums, signature: NO_SIGNATURE };
    }
    const { height, index } = session;
    const data = height === 0 ? tree.chunk(index) : concatBytes(...frontier(tree, height, index));
    return { type: "reveal", session, data };
  }
}

/** The nodes six levels below one, or the leaves. */
export function frontier(tree: FlippedTree, height: number, index: number): Uint8Array[] {
  const levels = Math.min(FRONTIER_LEVELS, height);
  return Array.from({ length: 2 ** levels }, (_, i) => tree.node(height - levels, index * 2 ** levels + i));
}
