import { expect } from "chai";
import { clocksAfterMove, deadline, hasRunOut, longestSession, withCommitment } from "./clock.ts";
import { PHASES, type Phase, type Session } from "./session.ts";

const ZERO = `0x${"00".repeat(32)}` as const;
const ROOT = `0x${"ab".repeat(32)}` as const;

const session: Session = {
  assertionId: ZERO,
  operator: "0x01",
  owner: "0x02",
  serial: 0,
  bond: 0n,
  chunks: 1,
  phase: "Commit",
  height: 0,
  index: 0,
  node: ZERO,
  focus: ZERO,
  since: 1_000,
  ownerClock: 300,
  operatorClock: 200,
  ownerCost: 0n,
  operatorCost: 0n,
  contender: ZERO,
};
const noCase = { opened: 1, live: 1, holds: 1, committedAt: 0, commitGwei: 0, chunks: 1, refuted: false };

describe("clocks of a dispute", () => {
  it("run for the side to move, its last second included", () => {
    const ends = PHASES.map((phase) => deadline({ ...session, phase }));
    expect(ends).to.deep.equal([undefined, 1_200, 1_300, 1_200, 1_300, 1_200, 1_300, undefined]);
    expect(hasRunOut(session, 1_200)).to.equal(false);
    expect(hasRunOut(session, 1_201)).to.equal(true);
    expect(hasRunOut({ ...session, phase: "Joined" }, 9_999)).to.equal(false);
  });

  it("lose what a move took and gain the increment, on the side that moved", () => {
    const clocksAfter = (phase: Phase) => clocksAfterMove({ ...session, phase }, 1_050, 30);
    expect(clocksAfter("Reveal")).to.deep.equal({ since: 1_050, ownerClock: 300, operatorClock: 180 });
    expect(clocksAfter("Chunk")).to.deep.equal({ since: 1_050, ownerClock: 280, operatorClock: 200 });
  });

  it("change hands at the commitment in every session that waits for it", () => {
    const counts = (committedAt: number, phase: Phase = "Commit") => {
      const { since, ownerClock, operatorClock, ...rest } = withCommitment(
        { ...session, phase },
        { ...noCase, committedAt },
        ROOT,
        30,
      );
      return [rest.phase, rest.node, since, ownerClock, operatorClock];
    };
    expect(counts(0)).to.deep.equal(["Commit", ZERO, 1_000, 300, 200]);
    expect(counts(1_200)).to.deep.equal(["Pick", ROOT, 1_200, 300, 30]);
    // Too late: the operator lost here on time, and committed for other sessions.
    expect(counts(1_201)).to.deep.equal(["Commit", ZERO, 1_000, 300, 200]);
    // The session is younger than the commitment.
    expect(counts(900)).to.deep.equal(["Pick", ROOT, 1_000, 300, 230]);
    expect(counts(1_100, "Reveal")).to.deep.equal(["Reveal", ZERO, 1_000, 300, 200]);
  });

  it("end a session", () => {
    // 13 levels: 3 frontiers and a commitment; 2 cuts. 100 + 6 * 10 seconds a side.
    expect(longestSession({ clock: 100, increment: 10 }, 13, 2)).to.equal(320);
  });
});
