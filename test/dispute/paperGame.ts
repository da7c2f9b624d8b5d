// IDisputeGame.sol on paper: the rules of docs/protocol.md for one assertion, without the money.
import { clocksAfterMove, hasRunOut, withCommitment } from "../../oracle/dispute/clock.ts";
import { isAbove } from "../../oracle/dispute/firstFault.ts";
import type {
  Commit,
  Move,
  PickElement,
  Pick as PickMove,
  PickSegment,
  ProveSegment,
  Reveal,
  RevealSums,
} from "../../oracle/dispute/move.ts";
import type { Docket, Standing } from "../../oracle/dispute/next.ts";
import { PublicTrace } from "../../oracle/dispute/publicTrace.ts";
import { FRONTIER_LEVELS, RULES, type Rule } from "../../oracle/dispute/rules.ts";
import type { DisputeParameters, Focus, RefutedChunk, Result, Session } from "../../oracle/dispute/session.ts";
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import { treeDepth } from "../../oracle/vm/chunkTree.ts";
import { fromHex, type Hex, keccak256, toHex } from "../../oracle/vm/keccak.ts";
import { decodeValue } from "../../oracle/vm/value.ts";
import { climb, focusHash, PaperVerdict, refuseUnless, segmentsIn, type Terms } from "./paperVerdict.ts";

export const ZERO: Hex = `0x${"00".repeat(32)}`;

/** An assertion, and the game that its disputes are. */
export interface Stage {
  readonly result: Result;
  readonly assertionId: Hex;
  /** `abi.encode(ModelSpec)` */
  readonly spec: Uint8Array;
  readonly parameters: DisputeParameters;
  /** The first timestamp at which no session can be opened any more. */
  readonly windowEnd: number;
}

export class PaperGame {
  readonly result: Result;
  readonly parameters: DisputeParameters;
  /** How often each rule was followed, by its id. */
  readonly followed = new Map<string, number>();
  readonly #assertionId: Hex;
  readonly #spec: Uint8Array;
  readonly #windowEnd: number;
  readonly #verdict: PaperVerdict;
  readonly #chunks: number;
  readonly #depth: number;
  readonly #sessions = new Map<number, Standing>();
  #trace: PublicTrace | undefined;
  #committedAt = 0;
  #opened = 0;
  #refutation: { refutedAt: number; chunk: RefutedChunk; live: number } | undefined;

  constructor({ result, assertionId, spec, parameters, windowEnd }: Stage, terms: Terms) {
    this.result = result;
    this.parameters = parameters;
    this.#assertionId = assertionId;
    this.#spec = spec;
    this.#windowEnd = windowEnd;
    this.#verdict = new PaperVerdict(terms);
    this.#chunks = Number(terms.roots.traceChunks);
    this.#depth = treeDepth(this.#chunks);
    if (result.traceRoot !== ZERO) this.#trace = new PublicTrace(result.traceRoot, this.#chunks);
  }

  get isRefuted(): boolean {
    return this.#refutation !== undefined;
  }

  /** Changes with every move that is made. */
  get version(): number {
    return [...this.followed.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The open sessions. */
  get sessions(): readonly Standing[] {
    return [...this.#sessions.values()];
  }

  standing(serial: number): Standing | undefined {
    return this.#sessions.get(serial);
  }

  get docket(): Docket {
    const refutation = this.#refutation;
    const live = refutation?.live ?? this.#sessions.size;
    return {
      parameters: this.parameters,
      case: {
        opened: this.#opened,
        live,
        holds: live,
        committedAt: this.#committedAt,
        commitGwei: 0,
        chunks: this.#chunks,
        refuted: this.isRefuted,
      },
      trace: this.#trace,
      refutation: refutation && { ...refutation, joined: 0, costGwei: 0, shareGwei: 0 },
    };
  }

  /** Makes a move as `actor` at timestamp `now`, or throws a Refused. */
  apply(move: Move, actor: string, now: number): void {
    if ("result" in move) refuseUnless(keyOf(move.result) === keyOf(this.result), "ResultMismatch");
    if ("spec" in move) refuseUnless(toHex(move.spec) === toHex(this.#spec), "SpecMismatch");
    switch (move.type) {
      case "open":
        return this.#open(actor, now);
      case "commit":
        return this.#commit(move, actor, now);
      case "pick":
        return this.#pick(move, actor, now);
      case "reveal":
        return this.#reveal(move, actor, now);
      case "pickElement":
        return this.#pickElement(move, actor, now);
      case "revealSums":
        return this.#revealSums(move, actor, now);
      case "pickSegment":
        return this.#pickSegment(move, actor, now);
      case "timeout":
        return this.#timeout(move.session, now);
      case "claim":
        return this.#claim(move.session, now);
      case "proveSegment":
        return this.#proveSegment(move, now);
      case "proveElement":
        return this.#refuteBy(move.type, move.sessions, now, (root) => this.#verdict.proveElement(root, move));
      case "proveTail":
        return this.#refuteBy(move.type, move.sessions, now, (root) => this.#verdict.proveTail(root, move));
      case "provePadding":
        return this.#refuteBy(move.type, move.sessions, now, (root) => this.#verdict.provePadding(root, move));
      case "proveOutput":
        return this.#refuteBy(move.type, move.sessions, now, (root) => this.#verdict.proveOutput(root, move));
    }
  }

  #open(owner: string, now: number): void {
    this.#requireLive();
    refuseUnless(now < this.#windowEnd, "WindowOver");
    const isCommitted = this.#committedAt !== 0;
    this.#follow(isCommitted ? "open.committed" : "open");
    const serial = this.#opened++;
    const { clock, challengeBond } = this.parameters;
    const session: Session = {
      assertionId: this.#assertionId,
      operator: this.result.operator,
      owner,
      serial,
      bond: challengeBond,
      chunks: this.#chunks,
      phase: isCommitted ? "Pick" : "Commit",
      height: this.#depth,
      index: 0,
      node: isCommitted ? (this.#trace?.root ?? ZERO) : ZERO,
      focus: ZERO,
      since: now,
      ownerClock: clock,
      operatorClock: clock,
      ownerCost: 0n,
      operatorCost: 0n,
      contender: ZERO,
    };
    this.#sessions.set(serial, { session });
  }

  #commit({ traceRoot, nodes }: Commit, actor: string, now: number): void {
    this.#requireLive();
    refuseUnless(this.#committedAt === 0, "AlreadyCommitted");
    const isSigned = this.result.traceRoot !== ZERO;
    refuseUnless(!isSigned || traceRoot === this.result.traceRoot, "TraceRootFixed");
    refuseUnless(isSigned || actor === this.result.operator, "NotOperator");
    requireFrontier({ height: this.#depth, node: traceRoot }, nodes);
    this.#follow("commit");
    this.#trace = this.#trace ?? new PublicTrace(traceRoot, this.#chunks);
    this.#trace.addCommitment(nodes);
    this.#committedAt = now;
  }

  #pick({ session, height, index, node, path }: PickMove, actor: string, now: number): void {
    const counted = this.#turn("pick", session, actor, now);
    const frontier = counted.height - Math.min(FRONTIER_LEVELS, counted.height);
    const isBelow = height <= frontier && isAbove(counted, { height, index });
    refuseUnless(isBelow && index * 2 ** height < this.#chunks, "NodeOutOfRange");
    refuseUnless(path.length === counted.height - height, "PathLength");
    refuseUnless(climb(node, index, path) === counted.node, "NodeMismatch");
    this.#advance("pick", counted, now, { height, index, node });
  }

  #reveal({ session, data }: Reveal, actor: string, now: number): void {
    const id = session.height > 0 ? "reveal.nodes" : "reveal.chunk";
    const counted = this.#turn(id, session, actor, now);
    if (session.height > 0) {
      requireFrontier(session, nodesIn(data));
    } else {
      refuseUnless(data.length === CHUNK_BYTES, "FrontierMismatch");
      refuseUnless(toHex(keccak256(data)) === session.node, "NodeMismatch");
    }
    this.#trace?.addRevealed(session, data);
    this.#advance(id, counted, now, {});
  }

  #pickElement({ session, kernel, traced, element }: PickElement, actor: string, now: number): void {
    const counted = this.#turn("pickElement", session, actor, now);
    const { index, chunk, path } = traced;
    const node = toHex(keccak256(chunk));
    refuseUnless(chunk.length === CHUNK_BYTES && isAbove(counted, { height: 0, index }), "NodeOutOfRange");
    refuseUnless(path.length === counted.height, "PathLength");
    refuseUnless(climb(node, index, path) === counted.node, "NodeMismatch");
    const focus = this.#verdict.focusOn(kernel, index, chunk, element);
    this.#advance("pickElement", counted, now, { height: 0, index, node, focus: focusHash(focus) }, { focus });
  }

  #revealSums({ session, focus, sums }: RevealSums, actor: string, now: number): void {
    const counted = this.#turn("revealSums", session, actor, now);
    refuseUnless(focusHash(focus) === session.focus, "FocusMismatch");
    refuseUnless(sums.length === SUM_BYTES * (segmentsIn(focus).length - 1), "SumsMismatch");
    for (let i = 0; i < sums.length; i += SUM_BYTES) {
      const sum = sums.subarray(i, i + SUM_BYTES);
      const isCanonical = decodeValue(focus.accumulator === 1 ? "i64" : "f64", sum) !== undefined;
      refuseUnless(isCanonical, "SumNotCanonical");
    }
    this.#advance("revealSums", counted, now, { focus: focusHash(focus, sums) }, { focus, sums });
  }

  #pickSegment({ session, focus, sums, segment }: PickSegment, actor: string, now: number): void {
    const counted = this.#turn("pickSegment", session, actor, now);
    const part = partOf(session, focus, sums, segment);
    refuseUnless(part.to - part.from > part.stepsPerProof, "SegmentFits");
    this.#advance("pickSegment", counted, now, { focus: focusHash(part) }, { focus: part });
  }

  #timeout(session: Session, now: number): void {
    this.#requireLive();
    const counted = this.#counted(session);
    const rule = RULES.find(({ move, from }) => move === "timeout" && from.includes(counted.phase));
    refuseUnless(rule !== undefined, "WrongPhase");
    refuseUnless(hasRunOut(counted, now), "ClockRunning");
    this.#follow(rule.id);
    if (rule.id === "timeout.owner") this.#sessions.delete(session.serial);
    else this.#refute("all", now, counted);
  }

  #proveSegment({ session, focus, sums, segment, chunks, descriptor, witness }: ProveSegment, now: number): void {
    this.#requireLive();
    const counted = this.#counted(session);
    refuseUnless(counted.phase === "Segment", "WrongPhase");
    const part = partOf(session, focus, sums, segment);
    this.#verdict.proveSegment(this.#root, part, { chunks, descriptor }, witness);
    this.#follow("proveSegment");
    this.#refute(counted.index, now, counted);
  }

  #refuteBy(id: string, winners: readonly Session[], now: number, prove: (root: Hex) => number): void {
    this.#requireLive();
    refuseUnless(winners.length <= 1, "OffPath");
    const [winner] = winners.map((session) => this.#counted(session));
    const chunk = prove(this.#root);
    refuseUnless(winner === undefined || isAbove(winner, { height: 0, index: chunk }), "OffPath");
    this.#follow(id);
    this.#refute(chunk, now, winner);
  }

  #claim(session: Session, now: number): void {
    const refutation = this.#refutation;
    refuseUnless(refutation !== undefined, "NotRefuted");
    this.#counted(session);
    const { refutedAt, chunk, live } = refutation;
    const isOver = live === 1 || now >= refutedAt + this.parameters.payoutDelay;
    if (session.phase === "Joined") {
      refuseUnless(isOver, "PayoutDelayed");
      this.#follow("claim.share");
      this.#sessions.delete(session.serial);
      return;
    }
    const isOnPath = chunk === "all" || isAbove(session, { height: 0, index: chunk });
    if (isOnPath && !isOver) {
      this.#follow("claim.join");
      this.#sessions.set(session.serial, { session: { ...session, phase: "Joined" } });
    } else {
      this.#follow("claim.rest");
      this.#sessions.delete(session.serial);
    }
  }

  #refute(chunk: RefutedChunk, now: number, winner: Session | undefined): void {
    const live = this.#sessions.size;
    this.#refutation = { refutedAt: now, chunk, live };
    if (winner === undefined) return;
    // With nobody to share with, it is paid at once.
    if (live === 1) this.#sessions.delete(winner.serial);
    else this.#sessions.set(winner.serial, { session: { ...winner, phase: "Joined" } });
  }

  /** The session as it counts, if the move is its next one and `actor` can make it. */
  #turn(id: string, session: Session, actor: string, now: number): Session {
    this.#requireLive();
    const counted = this.#counted(session);
    const { from, by } = ruleOf(id);
    refuseUnless(from.includes(counted.phase), "WrongPhase");
    refuseUnless(by !== "owner" || actor === session.owner, "NotOwner");
    refuseUnless(by !== "operator" || actor === session.operator, "NotOperator");
    refuseUnless(!hasRunOut(counted, now), "ClockRanOut");
    return counted;
  }

  #advance(
    id: string,
    counted: Session,
    now: number,
    change: Partial<Session>,
    claim: Omit<Standing, "session"> = {},
  ): void {
    const { to } = ruleOf(id);
    if (to === undefined) throw new Error(`${id} leads nowhere`);
    this.#follow(id);
    const clocks = clocksAfterMove(counted, now, this.parameters.increment);
    this.#sessions.set(counted.serial, { session: { ...counted, ...clocks, ...change, phase: to }, ...claim });
  }

  #counted(session: Session): Session {
    const open = this.#sessions.get(session.serial);
    refuseUnless(open !== undefined && keyOf(open.session) === keyOf(session), "StateMismatch");
    return withCommitment(session, this.docket.case, this.#trace?.root ?? ZERO, this.parameters.increment);
  }

  get #root(): Hex {
    refuseUnless(this.#trace !== undefined, "NotCommitted");
    return this.#trace.root;
  }

  #requireLive(): void {
    refuseUnless(!this.isRefuted, "NotLive");
  }

  #follow(id: string): void {
    this.followed.set(id, (this.followed.get(id) ?? 0) + 1);
  }
}

const SUM_BYTES = 8;

function ruleOf(id: string): Rule {
  const rule = RULES.find((entry) => entry.id === id);
  if (rule === undefined) throw new Error(`there is no rule ${id}`);
  return rule;
}

/** The focus of a segment, whose sums the session has brought out. */
function partOf(session: Session, focus: Focus, sums: Uint8Array, segment: number): Focus {
  refuseUnless(focusHash(focus, sums) === session.focus, "FocusMismatch");
  const part = segmentsIn(focus)[segment];
  refuseUnless(part !== undefined, "SegmentOutOfRange");
  const sum = (i: number) => toHex(sums.subarray(i * SUM_BYTES, (i + 1) * SUM_BYTES));
  const before = segment === 0 ? focus.before : sum(segment - 1);
  const after_ = part.to === focus.to ? focus.after_ : sum(segment);
  return { ...focus, ...part, before, after_ };
}

function requireFrontier({ height, node }: Pick<Session, "height" | "node">, nodes: readonly Hex[]): void {
  refuseUnless(nodes.length === 2 ** Math.min(FRONTIER_LEVELS, height), "FrontierMismatch");
  let level = nodes.map(fromHex);
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, i) => keccak256(...level.slice(2 * i, 2 * i + 2)));
  }
  refuseUnless(level.map(toHex)[0] === node, "NodeMismatch");
}

function nodesIn(data: Uint8Array): Hex[] {
  refuseUnless(data.length % 32 === 0, "FrontierMismatch");
  return Array.from({ length: data.length / 32 }, (_, i) => toHex(data.subarray(32 * i, 32 * (i + 1))));
}

const keyOf = (state: Session | Result) =>
  JSON.stringify(state, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
