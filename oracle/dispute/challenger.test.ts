// What games do not show: sessions that the challenger would not have played so. test/dispute plays games.

import { concatBytes } from "@noble/hashes/utils";
import { expect } from "chai";
import { Board } from "../../test/dispute/board.ts";
import { OperatorTrace } from "../../test/dispute/operatorTrace.ts";
import { PADDING, toy, WINDOWS } from "../../test/dispute/toyPrograms.ts";
import { chunkRoot } from "../vm/chunkTree.ts";
import { toHex } from "../vm/keccak.ts";
import { Challenger } from "./challenger.ts";
import type { Docket } from "./next.ts";
import { PublicTrace } from "./publicTrace.ts";
import type { Result, Session } from "./session.ts";

const ZERO = `0x${"00".repeat(32)}` as const;
const SPEC = Uint8Array.of(1);
const SINCE = 1_000;
const CLOCK = 100;

const board = new Board(toy());
const parameters = {
  clock: CLOCK,
  increment: 10,
  payoutDelay: 500,
  receiptUse: 0,
  challengeBond: 0n,
  priceCap: 0n,
  tip: 0n,
};
const openCase = { opened: 1, live: 2, holds: 2, committedAt: 1, commitGwei: 0, chunks: PADDING, refuted: false };

/** An operator that has one bit wrong in each of these chunks. */
function wrongIn(...chunks: number[]) {
  const { trace, output } = board.draft();
  for (const chunk of chunks) trace[chunk * 256] = (trace[chunk * 256] ?? 0) ^ 1;
  return { trace: new OperatorTrace(trace), output };
}

function challengerOf({ trace, output }: ReturnType<typeof wrongIn>) {
  const result: Result = {
    modelId: ZERO,
    requestId: ZERO,
    inputRoot: board.execution.trees.input.root,
    outputRoot: chunkRoot(output),
    traceRoot: trace.root,
    operator: "operator",
    issuedAt: 0n,
  };
  const challenger = new Challenger({
    result,
    spec: SPEC,
    output,
    tolerance: { atol: 0, rtol: 0 },
    execution: board.execution,
  });
  const known = new PublicTrace(trace.root, PADDING);
  const docket: Docket = { parameters, case: openCase, trace: known };
  return { challenger, known, docket, result };
}

function sessionAt(trace: OperatorTrace, phase: Session["phase"], height: number, index: number): Session {
  return {
    assertionId: ZERO,
    operator: "operator",
    owner: "alice",
    serial: 0,
    bond: 0n,
    chunks: PADDING,
    phase,
    height,
    index,
    node: toHex(trace.node(height, index)),
    focus: ZERO,
    since: SINCE,
    ownerClock: CLOCK,
    operatorClock: CLOCK,
    ownerCost: 0n,
    operatorCost: 0n,
    contender: ZERO,
  };
}

const frontier = (trace: OperatorTrace, height: number, index: number) => {
  const levels = Math.min(6, height);
  return Array.from({ length: 2 ** levels }, (_, i) => trace.node(height - levels, index * 2 ** levels + i));
};

describe("the challenger", () => {
  it("needs no chunk that is the asserted output's: its hash is enough", () => {
    // The last chunk of the outputs, and the padding beside it: only the leaf is what could be guessed.
    const last = PADDING - 1;
    const operator = wrongIn(last, PADDING);
    operator.output.set(operator.trace.chunk(last).subarray(0, 10), operator.output.length - 10);
    const { challenger, known } = challengerOf(operator);
    known.addCommitment(frontier(operator.trace, 7, 0).map(toHex));
    expect(challenger.proof(known)).to.equal(undefined);
    const pair = { height: 1, index: last / 2, node: toHex(operator.trace.node(1, last / 2)) };
    known.addRevealed(pair, concatBytes(...frontier(operator.trace, 1, last / 2)));
    expect(challenger.proof(known)).to.include({ type: "proveElement", element: 0 });
  });

  it("names the session that is on the way to what it proves, and no other", () => {
    const operator = wrongIn(PADDING + 3);
    const { challenger, known, docket } = challengerOf(operator);
    known.addCommitment(frontier(operator.trace, 7, 0).map(toHex));
    const winners = (session: Session) => {
      const next = challenger.next({ session }, docket, SINCE);
      if (next.type !== "move" || next.move.type !== "provePadding") throw new Error(`${next.type} is no proof`);
      return next.move.sessions;
    };
    const [above, elsewhere] = [sessionAt(operator.trace, "Pick", 7, 0), sessionAt(operator.trace, "Reveal", 3, 1)];
    expect(winners(above)).to.deep.equal([above]);
    expect(winners(elsewhere)).to.deep.equal([]);
  });

  it("ends a session that went elsewhere if the operator is silent, and asks for nothing there", () => {
    const operator = wrongIn(WINDOWS);
    const { challenger, known, docket, result } = challengerOf(operator);
    known.addCommitment(frontier(operator.trace, 7, 0).map(toHex));
    const session = sessionAt(operator.trace, "Reveal", 3, 1);
    expect(challenger.next({ session }, docket, SINCE)).to.deep.equal({ type: "wait", until: SINCE + CLOCK + 1 });
    const timeout = { type: "move", move: { type: "timeout", session, result } };
    expect(challenger.next({ session }, docket, SINCE + CLOCK + 1)).to.deep.equal(timeout);
    const own = sessionAt(operator.trace, "Pick", 3, 1);
    expect(challenger.next({ session: own }, docket, SINCE)).to.deep.equal({ type: "wait", until: undefined });
  });

  it("moves no more once its clock has run out, but still proves", () => {
    const operator = wrongIn(WINDOWS);
    const { challenger, known, docket } = challengerOf(operator);
    const { trace } = operator;
    known.addCommitment(frontier(trace, 7, 0).map(toHex));
    const session = sessionAt(trace, "Pick", 7, 0);
    const late = SINCE + CLOCK + 1;
    expect(challenger.next({ session }, docket, late - 1)).to.have.nested.property("move.type", "pick");
    expect(challenger.next({ session }, docket, late)).to.deep.equal({ type: "wait", until: undefined });
    // Somebody else brings the chunk out.
    const pair = Math.floor(WINDOWS / 2);
    const at = (height: number, index: number) => ({ height, index, node: toHex(trace.node(height, index)) });
    known.addRevealed(at(1, pair), concatBytes(...frontier(trace, 1, pair)));
    known.addRevealed(at(0, WINDOWS), trace.chunk(WINDOWS));
    expect(challenger.next({ session }, docket, late)).to.have.nested.property("move.type", "proveElement");
  });

  it("comes forward at once, and for its share after the delay, or at once if it is alone", () => {
    const operator = wrongIn(WINDOWS);
    const { challenger, docket } = challengerOf(operator);
    const at = 5_000;
    const refutation = { refutedAt: at, chunk: WINDOWS, joined: 0, costGwei: 0, shareGwei: 0 };
    const claims = (phase: Session["phase"], live: number, now: number) => {
      const session = sessionAt(operator.trace, phase, 7, 0);
      const refuted = { ...docket, case: { ...openCase, live, refuted: true }, refutation };
      const next = challenger.next({ session }, refuted, now);
      return next.type === "move" ? next.move.type : next.until;
    };
    expect(claims("Pick", 2, at)).to.equal("claim");
    expect(claims("Joined", 2, at + 499)).to.equal(at + 500);
    expect(claims("Joined", 2, at + 500)).to.equal("claim");
    expect(claims("Joined", 1, at)).to.equal("claim");
  });
});
