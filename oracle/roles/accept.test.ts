import { expect } from "chai";
import { type Acceptance, accept, profitWei, type Serving, type Situation } from "./accept.ts";
import type { RequestView, Terms } from "./ports.ts";

const US = "0x0000000000000000000000000000000000000001";
const THEM = "0x0000000000000000000000000000000000000002";
const GWEI = 1_000_000_000n;

const terms: Terms = {
  wantsProvisional: false,
  wantsFinal: false,
  callbackGas: 0n,
  callbackCost: 0n,
  answerPeriod: 100,
  minBondWei: 0n,
  royaltyBps: 500,
  inputBytes: 4,
  outputBytes: 4,
  assignedTo: US,
  requestedAt: 1000,
  exclusiveUntil: 1010,
  penaltyBps: 0,
};
const view: RequestView = {
  status: "requested",
  startedAt: 1000,
  liveAssertions: 0,
  provisionalDelivered: false,
  finalDelivered: false,
  isReopened: false,
  takeover: undefined,
  own: undefined,
};
const serving: Serving = { minProfitWei: 0n, maxCallbackGas: 500_000n };
const situation: Situation = {
  operator: US,
  own: { isJailed: false },
  freeWei: 10n,
  bondWei: 10n,
  gasPriceWei: GWEI,
  nowS: 1005,
  headS: 1005,
  marginS: 10,
  takesOpen: true,
};
const feeWei = 1_000_000n * GWEI;

interface Case {
  readonly terms?: Partial<Terms>;
  readonly view?: Partial<RequestView>;
  readonly situation?: Partial<Situation>;
  readonly serving?: Partial<Serving>;
  readonly feeWei?: bigint;
}

const decide = (changes: Case): Acceptance =>
  accept(
    { ...terms, ...changes.terms },
    changes.feeWei ?? feeWei,
    { ...view, ...changes.view },
    { ...serving, ...changes.serving },
    { ...situation, ...changes.situation },
  );

const own = { isLive: true, isHeld: false, finalisableAt: 2000 };
const answer: Acceptance = { kind: "answer" };
const skip = (reason: string): Acceptance => ({ kind: "skip", reason });
const wait = (untilS: number, reason: string): Acceptance => ({ kind: "wait", untilS, reason });
const open = { assignedTo: undefined, exclusiveUntil: 1000 };
const reopened = { isReopened: true, startedAt: 1000 };

const CASES: Record<string, readonly [Case, Acceptance]> = {
  "assigned to us": [{}, answer],
  "assigned to us, at a loss": [{ feeWei: 1n }, skip("not worth the gas")],
  "assigned to us, at a loss that callbacks nobody pays for make": [
    { terms: { wantsFinal: true, callbackGas: 500_000n }, feeWei: 600_000n * GWEI },
    skip("not worth the gas"),
  ],
  // 95 of 100 less 150 for the gas: a loss of 55
  "assigned to us, at a loss as large as the penalty": [
    { terms: { penaltyBps: 5500 }, feeWei: 100_000n * GWEI },
    answer,
  ],
  "assigned to us, at a loss larger than the penalty": [
    { terms: { penaltyBps: 5499 }, feeWei: 100_000n * GWEI },
    skip("not worth the gas"),
  ],
  "assigned to another, at a loss smaller than its penalty": [
    { terms: { assignedTo: THEM, penaltyBps: 9999 }, situation: { nowS: 1011 }, feeWei: 100_000n * GWEI },
    skip("not worth the gas"),
  ],
  "assigned to nobody": [{ terms: open }, answer],
  "assigned to nobody, when only assigned ones are taken": [
    { terms: open, situation: { takesOpen: false } },
    skip("assigned to nobody"),
  ],
  "assigned to nobody, at a loss": [{ terms: open, feeWei: 1n }, skip("not worth the gas")],
  "assigned to nobody, below the profit wanted": [
    { terms: open, serving: { minProfitWei: feeWei } },
    skip("not worth the gas"),
  ],
  "assigned to another": [{ terms: { assignedTo: THEM } }, wait(1011, "assigned to another operator")],
  "assigned to another, in its last second": [
    { terms: { assignedTo: THEM }, situation: { nowS: 1010 } },
    wait(1011, "assigned to another operator"),
  ],
  "assigned to another, who let it pass": [{ terms: { assignedTo: THEM }, situation: { nowS: 1011 } }, answer],
  "assigned to another, when only assigned ones are taken": [
    { terms: { assignedTo: THEM }, situation: { takesOpen: false, nowS: 1011 } },
    skip("assigned to another operator"),
  ],
  "reopened for us": [
    { terms: { assignedTo: THEM }, view: { ...reopened, takeover: { operator: US, until: 1020 } } },
    answer,
  ],
  "reopened for another": [
    { view: { ...reopened, takeover: { operator: THEM, until: 1020 } } },
    wait(1021, "assigned to another operator"),
  ],
  "reopened for another, for longer than half of the answer period": [
    { view: { ...reopened, takeover: { operator: THEM, until: 1090 } } },
    wait(1051, "assigned to another operator"),
  ],
  "reopened for nobody": [{ terms: { assignedTo: THEM }, view: reopened }, answer],
  "answered by another": [{ view: { status: "asserted" } }, wait(1035, "answered by another operator")],
  "final already": [{ view: { status: "final" } }, skip("answered by another operator")],
  "answered by us": [{ view: { status: "asserted", own } }, skip("this operator's assertion is there already")],
  "not there (any more)": [{ view: { status: "none" } }, wait(1010, "the chain does not know it at the moment")],
  "the last second that leaves the margin": [{ situation: { headS: 1090 } }, answer],
  "too late": [{ situation: { headS: 1091 } }, { kind: "expire", reason: "the answer period ends at 1100" }],
  "too late by our clock only, which may be wrong": [{ situation: { nowS: 5000 } }, answer],
  expired: [{ view: { status: "expired" } }, { kind: "expire", reason: "the answer period ends at 1100" }],
  "the largest callback": [{ terms: { callbackGas: 500_000n } }, answer],
  "a callback too large": [{ terms: { callbackGas: 500_001n } }, skip("a callback of 500001 gas")],
  "a stake below the minimum": [
    { situation: { own: { isJailed: true } } },
    wait(1010, "the stake is below the minimum"),
  ],
  "no stake free": [{ situation: { freeWei: 9n } }, wait(1010, "no free stake")],
};

describe("accept", () => {
  for (const [name, [changes, expected]] of Object.entries(CASES)) {
    it(`${expected.kind}: ${name}`, () => expect(decide(changes)).to.deep.equal(expected));
  }
});

describe("profitWei", () => {
  it("is fee less royalty, and what the callbacks pay less what all of it costs", () => {
    const withCallbacks = { ...terms, wantsProvisional: true, wantsFinal: true, callbackGas: 100n, callbackCost: 600n };
    // 10,000 - 500 royalty + 600 - (150,000 + 2 * 100) gas at 2 wei
    expect(profitWei(withCallbacks, 10_000n, 2n)).to.equal(10_000n - 500n + 600n - 300_400n);
    expect(profitWei(terms, 10_000n, 0n)).to.equal(9_500n);
  });
});
