import { expect } from "chai";
import { type Closing, close } from "./close.ts";
import type { AssertionView, RequestView, Terms } from "./ports.ts";

const terms: Terms = {
  wantsProvisional: true,
  wantsFinal: true,
  callbackGas: 1n,
  callbackCost: 1n,
  answerPeriod: 100,
  minBondWei: 0n,
  royaltyBps: 0,
  inputBytes: 4,
  outputBytes: 4,
  assignedTo: undefined,
  requestedAt: 1000,
  exclusiveUntil: 1000,
  penaltyBps: 0,
};
const own: AssertionView = { isLive: true, isHeld: false, finalisableAt: 2000 };
const view: RequestView = {
  status: "asserted",
  startedAt: 1000,
  liveAssertions: 1,
  provisionalDelivered: true,
  finalDelivered: false,
  isReopened: false,
  takeover: undefined,
  own,
};

const final = { status: "final", own: undefined } as const;
const CASES: Record<string, readonly [Partial<RequestView>, number, Closing]> = {
  "the window runs": [{}, 1999, { kind: "wait", untilS: 2000 }],
  "the window is over": [{}, 2000, { kind: "finalise" }],
  "a dispute holds it": [{ own: { ...own, isHeld: true } }, 2000, { kind: "wait", untilS: 2005 }],
  "it was rejected": [
    { status: "requested", own: { ...own, isLive: false } },
    2000,
    { kind: "failed", reason: "the assertion was rejected" },
  ],
  "the Provisional callback was missed": [{ provisionalDelivered: false }, 1500, { kind: "deliver" }],
  "the Provisional callback was missed and the window is over": [
    { provisionalDelivered: false },
    2000,
    { kind: "finalise" },
  ],
  "another's became final, our window runs": [{ status: "final" }, 1999, { kind: "wait", untilS: 2000 }],
  "another's became final, our window is over": [{ status: "final" }, 2000, { kind: "settle" }],
  "it is final": [{ ...final, finalDelivered: true }, 2000, { kind: "done" }],
  "it is final and the callback was missed": [final, 2000, { kind: "deliver" }],
  "a reorganisation took it away": [{ status: "requested", own: undefined }, 1500, { kind: "assertAgain" }],
  "a reorganisation took the request away": [{ status: "none", own: undefined }, 1500, { kind: "wait", untilS: 1505 }],
  "a reorganisation gave it to another": [
    { own: undefined },
    1500,
    { kind: "failed", reason: "without an assertion of this operator the request is asserted" },
  ],
};

describe("close", () => {
  for (const [name, [changes, nowS, expected]] of Object.entries(CASES)) {
    it(`${expected.kind}: ${name}`, () => {
      expect(close(terms, { ...view, ...changes }, nowS, true)).to.deep.equal(expected);
    });
  }

  it("delivers an answer as Final to whom Provisional alone should have told it", () => {
    const provisionalOnly = { ...terms, wantsFinal: false };
    const missed = { ...view, ...final, provisionalDelivered: false };
    expect(close(provisionalOnly, missed, 2000, true).kind).to.equal("deliver");
    expect(close(provisionalOnly, { ...missed, finalDelivered: true }, 2000, true).kind).to.equal("done");
    expect(close(provisionalOnly, { ...view, ...final }, 2000, true).kind).to.equal("done");
  });

  it("delivers nothing that was not bought, or not again without end", () => {
    const silent = { ...terms, wantsProvisional: false, wantsFinal: false };
    expect(close(silent, { ...view, provisionalDelivered: false }, 1500, true).kind).to.equal("wait");
    expect(close(silent, { ...view, ...final }, 2000, true).kind).to.equal("done");
    expect(close(terms, { ...view, provisionalDelivered: false }, 1500, false).kind).to.equal("wait");
    expect(close(terms, { ...view, ...final }, 2000, false).kind).to.equal("done");
  });
});
