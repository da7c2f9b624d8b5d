// The life of requests, operators and models as data. The tests run every row, the campaign counts how often it took
// each, and docs/transitions.md is printed from here.

export const STATUSES = ["None", "Requested", "Asserted", "Final", "Expired"] as const;
export type Status = (typeof STATUSES)[number];

/** Every call that names a request. */
export const CALLS = [
  "request",
  "assertResult",
  "assertResults",
  "assertBeside",
  "finalise",
  "finaliseBatch",
  "settle",
  "expire",
  "deliver",
  "hold",
  "release",
  "reject",
] as const;
export type Call = (typeof CALLS)[number];

/**
 * What moves, in wei, as a sum of the symbols. `balance` is the coordinator's ether; `stake`, `locked` and `operator` (what
 * is owed to it) are the asserting operator's, `assigned` is the stake of the one drawn.
 */
export type Purse = "balance" | "requester" | "operator" | "owner" | "stake" | "locked" | "assigned";
export type Amount = "fee" | "callbacks" | "royalty" | "bond" | "penalty";
export type Money = Partial<Record<Purse, readonly (Amount | `-${Amount}`)[]>>;

export interface Transition {
  readonly id: string;
  readonly from: readonly Status[];
  readonly call: Call;
  readonly when: string;
  /** Absent: the status stays. */
  readonly to?: Status;
  readonly money: Money;
  /** In order, without those of the callback. */
  readonly events: readonly string[];
  /** The callback that the call runs if it was bought. */
  readonly callback?: "Provisional" | "Final" | "Rejected";
}

const ESCROWED: Money = { balance: ["fee", "callbacks"] };
const LOCKED: Money = { locked: ["bond"] };
const UNLOCKED: Money = { locked: ["-bond"] };
const PENALISED: Money = { assigned: ["-penalty"] };
const PAID: Money = { locked: ["-bond"], operator: ["fee", "-royalty", "callbacks"], owner: ["royalty"] };
const REFUNDED: Money = { requester: ["fee", "callbacks"] };

export const TRANSITIONS: readonly Transition[] = [
  {
    id: "request",
    from: ["None"],
    call: "request",
    when: "no offer is fit: anyone may answer at once",
    to: "Requested",
    money: ESCROWED,
    events: ["Requested"],
  },
  {
    id: "request.drawn",
    from: ["None"],
    call: "request",
    when: "an offer is fit: its operator answers exclusively for its latency",
    to: "Requested",
    money: ESCROWED,
    events: ["Requested"],
  },
  {
    id: "assert",
    from: ["Requested"],
    call: "assertResult",
    when: "signed by a current key, within the answer period, not in another's exclusive period",
    to: "Asserted",
    money: LOCKED,
    events: ["Asserted"],
    callback: "Provisional",
  },
  {
    id: "assert.late",
    from: ["Requested"],
    call: "assertResult",
    when: "the drawn operator accepted a penalty, had stake for the bond and let its exclusive period pass",
    to: "Asserted",
    money: { ...LOCKED, ...PENALISED },
    events: ["Late", "Asserted"],
    callback: "Provisional",
  },
  {
    id: "assert.batch",
    from: ["Requested"],
    call: "assertResults",
    when: "like assertResult",
    to: "Asserted",
    money: LOCKED,
    events: ["Asserted"],
    callback: "Provisional",
  },
  {
    id: "beside.agree",
    from: ["Asserted"],
    call: "assertBeside",
    when: "the output is the rival's, or the model has a tolerance; no dispute holds the rival",
    money: LOCKED,
    events: ["Asserted"],
    callback: "Provisional",
  },
  {
    id: "beside.contest",
    from: ["Asserted"],
    call: "assertBeside",
    when: "the output differs in exact mode, inside the rival's window: both are held, the arbiter opens a dispute",
    money: LOCKED,
    events: ["Asserted", "Held", "Held"],
  },
  {
    id: "finalise",
    from: ["Asserted"],
    call: "finalise",
    when: "the assertion's window is over and no dispute holds it",
    to: "Final",
    money: PAID,
    events: ["Finalised"],
    callback: "Final",
  },
  {
    id: "finalise.batch",
    from: ["Asserted"],
    call: "finaliseBatch",
    when: "like finalise",
    to: "Final",
    money: PAID,
    events: ["Finalised"],
    callback: "Final",
  },
  {
    id: "settle",
    from: ["Final"],
    call: "settle",
    when: "an assertion that lived beside the final one, after its own window, not held",
    money: UNLOCKED,
    events: ["Settled"],
  },
  {
    id: "expire",
    from: ["Requested"],
    call: "expire",
    when: "the answer period is over",
    to: "Expired",
    money: REFUNDED,
    events: ["Expired"],
  },
  {
    id: "expire.late",
    from: ["Requested"],
    call: "expire",
    when: "likewise, and the drawn operator accepted a penalty, had stake for the bond and never answered",
    to: "Expired",
    money: { ...REFUNDED, ...PENALISED },
    events: ["Late", "Expired"],
  },
  {
    id: "deliver.provisional",
    from: ["Asserted"],
    call: "deliver",
    when: "bought, the assertion lives unheld, no Provisional is out",
    money: {},
    events: [],
    callback: "Provisional",
  },
  {
    id: "deliver.rejected",
    from: ["Requested", "Asserted", "Expired"],
    call: "deliver",
    when: "the assertion's Provisional was delivered, then it was rejected",
    money: {},
    events: [],
    callback: "Rejected",
  },
  {
    id: "deliver.final",
    from: ["Final"],
    call: "deliver",
    when: "bought and not yet delivered",
    money: {},
    events: [],
    callback: "Final",
  },
  {
    id: "deliver.missed",
    from: ["Final"],
    call: "deliver",
    when: "Provisional alone was bought, and the final answer's was not delivered",
    money: {},
    events: [],
    callback: "Final",
  },
  {
    id: "hold",
    from: ["Asserted"],
    call: "hold",
    when: "the assertion lives and is not held",
    money: {},
    events: ["Held"],
  },
  {
    id: "hold.loser",
    from: ["Final"],
    call: "hold",
    when: "likewise, of an assertion that lived beside the final one",
    money: {},
    events: ["Held"],
  },
  {
    id: "release",
    from: ["Asserted"],
    call: "release",
    when: "the assertion is held",
    money: {},
    events: ["Released"],
  },
  {
    id: "release.loser",
    from: ["Final"],
    call: "release",
    when: "likewise, of an assertion that lived beside the final one",
    money: {},
    events: ["Released"],
  },
  {
    id: "reject.reopen",
    from: ["Asserted"],
    call: "reject",
    when: "it was the last one, and no operator won: the answer period starts anew, nobody is exclusive",
    to: "Requested",
    money: UNLOCKED,
    events: ["Rejected"],
  },
  {
    id: "reject.takeover",
    from: ["Asserted"],
    call: "reject",
    when: "it was the last one, and an operator that has not answered won: it answers exclusively for the takeover period, half of the answer period at most",
    to: "Requested",
    money: UNLOCKED,
    events: ["Rejected"],
  },
  {
    id: "reject.beside",
    from: ["Asserted"],
    call: "reject",
    when: "another one lives",
    money: UNLOCKED,
    events: ["Rejected"],
  },
  {
    id: "reject.loser",
    from: ["Final"],
    call: "reject",
    when: "an assertion that lived beside the final one",
    money: UNLOCKED,
    events: ["Rejected"],
  },
];

/** Calls that change nothing: refused with an error, or passed over by a batch. */
export interface Refusal {
  readonly from: Status;
  readonly call: Call;
  readonly outcome: string;
}

export const PASSED_OVER = "passed over";

const refusals = (from: Status, outcomes: Partial<Record<Call, string>>): Refusal[] =>
  Object.entries(outcomes).map(([call, outcome]) => ({ from, call: call as Call, outcome }));

/** With the table above, every pair of status and call. */
export const REFUSALS: readonly Refusal[] = [
  ...refusals("None", {
    assertResult: "UnknownRequest",
    assertResults: "UnknownRequest",
    assertBeside: "UnknownRequest",
    finalise: "UnknownRequest",
    finaliseBatch: "UnknownRequest",
    settle: "UnknownRequest",
    expire: "UnknownRequest",
    deliver: "UnknownRequest",
    hold: "NotLive",
    release: "NotLive",
    reject: "NotLive",
  }),
  ...refusals("Requested", {
    assertBeside: "UnknownAssertion",
    finalise: "WrongStatus",
    finaliseBatch: PASSED_OVER,
    settle: "WrongStatus",
    hold: "NotLive",
    release: "NotLive",
    reject: "NotLive",
  }),
  ...refusals("Asserted", {
    assertResult: "RivalLives",
    assertResults: PASSED_OVER,
    settle: "WrongStatus",
    expire: "WrongStatus",
  }),
  ...refusals("Final", {
    assertResult: "WrongStatus",
    assertResults: PASSED_OVER,
    assertBeside: "UnknownAssertion",
    finalise: "WrongStatus",
    finaliseBatch: PASSED_OVER,
    expire: "WrongStatus",
  }),
  ...refusals("Expired", {
    assertResult: "WrongStatus",
    assertResults: PASSED_OVER,
    assertBeside: "UnknownAssertion",
    finalise: "WrongStatus",
    finaliseBatch: PASSED_OVER,
    settle: "WrongStatus",
    expire: "WrongStatus",
    hold: "NotLive",
    release: "NotLive",
    reject: "NotLive",
  }),
];

/** What a call on a request can also lead to: counted by the campaign, tested one by one. */
export const OUTCOMES: Readonly<Record<string, string>> = {
  "assert.batch.passed": "an item of a batch is passed over: its request is not Requested any more",
  "late.waived":
    "the drawn operator let its exclusive period pass, but all its stake backs other answers: it pays nothing",
  "finalise.batch.passed": "an item of a batch is passed over: not Asserted, rejected or held",
  "callback.Provisional": "the requester takes the callback",
  "callback.Final": "the requester takes the callback",
  "callback.failed": "the callback reverts or runs out of the gas it bought: DeliveryFailed, nothing else changes",
  "deliver.failed": "likewise when it is repeated",
};

/** Transitions of operators, models and accounts. */
export const ACCOUNT_TRANSITIONS: Readonly<Record<string, string>> = {
  stake: "ether becomes free stake",
  requestExit: "free stake begins to exit",
  "requestExit.join": "more of it does, and the delay starts anew",
  completeExit: "after the delay the exited stake is sent",
  slash: "free stake is taken, credited as far as the payouts go and burned",
  "slash.exiting": "likewise, and exiting stake too",
  addKey: "a key that agreed signs for the operator",
  retireKey: "it does so no more",
  setLive: "the operator takes part in draws, or no more",
  setOffer: "an offer is listed",
  "setOffer.change": "an offer changes in its place",
  removeOffer: "an operator removes its offer; the last one takes its place",
  "removeOffer.prune": "anybody removes the offer of an operator that is not live or jailed",
  withdraw: "what is owed is sent",
  setRoyalty: "later requests pay another royalty",
  deprecate: "no more requests for the model",
};
