// Every row of the transition table, and every pair of status and call that it does not have.
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import { ZeroAddress } from "ethers";
import { POLICY as POLICY_WORD, REQUEST_STATE, unpackWord } from "../../oracle/chain/words.ts";
import {
  askAgreed,
  askContested,
  askDrawn,
  askFinalBeside,
  askMissed,
  askRejected,
  askUntil,
  LATENCY,
  PENALTY_BPS,
  POLICY,
  type Stage,
  stageForEach,
} from "./scenes.ts";
import {
  type Amount,
  CALLS,
  type Call,
  PASSED_OVER,
  type Purse,
  REFUSALS,
  type Refusal,
  STATUSES,
  type Status,
  TRANSITIONS,
  type Transition,
} from "./transitions.ts";
import {
  ANSWER_PERIOD,
  type Asked,
  callbackCost,
  eventsOf,
  FEE,
  INPUT,
  mined,
  OTHER_OUTPUT,
  PARAMETERS,
  ROYALTY_BPS,
  type Signed,
} from "./world.ts";

/** What a row's test does after its arrangement. */
interface Scene {
  /** Absent before there is a request. */
  readonly asked?: Asked;
  /** The asserting operator, the first one by default. */
  readonly operator?: string;
  readonly act: () => Promise<ContractTransactionResponse>;
}

/** By row: brings a request into the status and says what to call. */
const SCENES: Readonly<Record<string, (stage: Stage, from: Status) => Promise<Scene>>> = {
  request: async ({ consumer, modelId }) => ({
    act: () => consumer.request(modelId, [INPUT], POLICY, { value: FEE + callbackCost(POLICY) }),
  }),
  "request.drawn": async ({ world, consumer, modelId, operators }) => {
    await world.coordinator.connect(operators[0].account).setOffer(modelId, 0n, LATENCY, 0n, 2_000n);
    return { act: () => consumer.request(modelId, [INPUT], POLICY, { value: FEE + callbackCost(POLICY) }) };
  },
  assert: async (stage) => {
    const { asked, signed } = await askUntil(stage, "Requested");
    return { asked, act: () => stage.world.assert(asked, signed) };
  },
  "assert.late": async (stage) => {
    const { world, operators } = stage;
    const asked = await askDrawn(stage);
    await world.time.increase(LATENCY);
    const signed = await world.sign(asked, operators[1]);
    return { asked, operator: operators[1].address, act: () => world.assert(asked, signed) };
  },
  "assert.batch": async (stage) => {
    const { asked, signed } = await askUntil(stage, "Requested");
    return { asked, act: () => stage.world.coordinator.assertResults([{ ...signed, request: asked.request }]) };
  },
  "beside.agree": async (stage) => {
    const { world, operators } = stage;
    const { asked, signed } = await askUntil(stage, "Asserted");
    const second = await world.sign(asked, operators[1]);
    return { asked, operator: operators[1].address, act: () => world.assertBeside(asked, second, signed) };
  },
  "beside.contest": async (stage) => {
    const { world, operators } = stage;
    const { asked, signed } = await askUntil(stage, "Asserted");
    const second = await world.sign(asked, operators[1], { output: OTHER_OUTPUT });
    const act = () => world.assertBeside(asked, second, signed, { value: 5n });
    return { asked, operator: operators[1].address, act };
  },
  finalise: async (stage) => {
    const { asked, signed } = await askUntil(stage, "Asserted");
    await stage.world.time.increase(PARAMETERS.window);
    return { asked, act: () => stage.world.finalise(asked, signed) };
  },
  "finalise.batch": async (stage) => {
    const { asked, signed } = await askUntil(stage, "Asserted");
    await stage.world.time.increase(PARAMETERS.window);
    return { asked, act: () => stage.world.coordinator.finaliseBatch([{ ...signed, request: asked.request }]) };
  },
  settle: async (stage) => {
    const { asked, first, second } = await askFinalBeside(stage);
    const operator = second.answer.operator;
    await stage.world.time.increase(1);
    return { asked, operator, act: () => stage.world.settle(asked, second, first) };
  },
  expire: async (stage) => {
    const { asked } = await askUntil(stage, "Requested");
    await stage.world.time.increase(ANSWER_PERIOD);
    return { asked, act: () => stage.world.coordinator.expire(asked.request) };
  },
  "expire.late": async (stage) => {
    const asked = await askDrawn(stage);
    await stage.world.time.increase(ANSWER_PERIOD);
    return { asked, operator: stage.operators[1].address, act: () => stage.world.coordinator.expire(asked.request) };
  },
  "deliver.provisional": async (stage) => {
    await stage.consumer.behave(1);
    const { asked, signed } = await askUntil(stage, "Asserted");
    await stage.consumer.behave(0);
    return { asked, act: () => stage.world.deliver(asked, signed) };
  },
  "deliver.rejected": async (stage, from) => {
    const { world, operators } = stage;
    const { asked, signed } = await askRejected(stage);
    if (from === "Asserted") await world.answer(asked, operators[1]);
    if (from === "Expired") {
      await world.time.increase(ANSWER_PERIOD);
      await world.coordinator.expire(asked.request);
    }
    return { asked, act: () => world.deliver(asked, signed) };
  },
  "deliver.final": async (stage) => {
    await stage.consumer.behave(1);
    const { asked, signed } = await askUntil(stage, "Final");
    await stage.consumer.behave(0);
    return { asked, act: () => stage.world.deliver(asked, signed) };
  },
  "deliver.missed": async (stage) => {
    const { asked, signed } = await askMissed(stage);
    return { asked, act: () => stage.world.deliver(asked, signed) };
  },
  hold: async (stage) => {
    const { asked, signed } = await askUntil(stage, "Asserted");
    return { asked, act: () => stage.world.arbiter.hold(stage.world.ref(asked, signed)) };
  },
  "hold.loser": async (stage) => {
    const { asked, second } = await askFinalBeside(stage);
    const act = () => stage.world.arbiter.hold(stage.world.ref(asked, second));
    return { asked, operator: second.answer.operator, act };
  },
  release: async (stage) => {
    const { asked, second } = await askContested(stage);
    const act = () => stage.world.arbiter.release(stage.world.ref(asked, second));
    return { asked, operator: second.answer.operator, act };
  },
  "release.loser": async (stage) => {
    const { world } = stage;
    const { asked, second } = await askFinalBeside(stage);
    await world.arbiter.hold(world.ref(asked, second));
    return { asked, operator: second.answer.operator, act: () => world.arbiter.release(world.ref(asked, second)) };
  },
  "reject.reopen": async (stage) => {
    const { asked, signed } = await askUntil(stage, "Asserted");
    return { asked, act: () => stage.world.arbiter.reject(stage.world.ref(asked, signed), ZeroAddress) };
  },
  "reject.takeover": async (stage) => {
    const { world, operators } = stage;
    const { asked, signed } = await askUntil(stage, "Asserted");
    return { asked, act: () => world.arbiter.reject(world.ref(asked, signed), operators[2].address) };
  },
  "reject.beside": async (stage) => {
    const { asked, first } = await askAgreed(stage);
    return { asked, act: () => stage.world.arbiter.reject(stage.world.ref(asked, first), ZeroAddress) };
  },
  "reject.loser": async (stage) => {
    const { asked, second } = await askFinalBeside(stage);
    const act = () => stage.world.arbiter.reject(stage.world.ref(asked, second), ZeroAddress);
    return { asked, operator: second.answer.operator, act };
  },
};

/** Calls a coordinator as anybody would, whatever the request's status. */
const INVOCATIONS: Readonly<
  Record<Exclude<Call, "request">, (stage: Stage, asked: Asked, signed: Signed) => Promise<ContractTransactionResponse>>
> = {
  assertResult: ({ world }, asked, signed) => world.assert(asked, signed),
  assertResults: ({ world }, asked, signed) => world.coordinator.assertResults([{ ...signed, request: asked.request }]),
  assertBeside: ({ world }, asked, signed) => world.assertBeside(asked, signed, signed),
  finalise: ({ world }, asked, signed) => world.finalise(asked, signed),
  finaliseBatch: ({ world }, asked, signed) => world.coordinator.finaliseBatch([{ ...signed, request: asked.request }]),
  settle: ({ world }, asked, signed) => world.settle(asked, signed, signed),
  expire: ({ world }, asked) => world.coordinator.expire(asked.request),
  deliver: ({ world }, asked, signed) => world.deliver(asked, signed),
  hold: ({ world }, asked, signed) => world.arbiter.hold(world.ref(asked, signed)),
  release: ({ world }, asked, signed) => world.arbiter.release(world.ref(asked, signed)),
  reject: ({ world }, asked, signed) => world.arbiter.reject(world.ref(asked, signed), ZeroAddress),
};

describe("the transition table", () => {
  const stage = stageForEach();

  it("has a row or a refusal for every status and call, and only one of both", () => {
    for (const from of STATUSES) {
      for (const call of CALLS) {
        const rows = TRANSITIONS.filter((row) => row.call === call && row.from.includes(from));
        const refusals = REFUSALS.filter((refusal) => refusal.call === call && refusal.from === from);
        // A request that exists is never made again: its nonce would be another.
        const isCovered = rows.length > 0 || (call === "request" && from !== "None");
        expect(refusals.length, `${from} ${call}`).to.equal(isCovered ? 0 : 1);
      }
    }
    expect(Object.keys(SCENES)).to.have.members(TRANSITIONS.map(({ id }) => id));
  });

  for (const row of TRANSITIONS) {
    for (const from of row.from) {
      it(`${from} -> ${row.to ?? from}: ${row.id}`, async () => runRow(stage(), row, from));
    }
  }

  for (const refusal of REFUSALS) {
    it(`${refusal.from}: ${refusal.call} is ${refusal.outcome}`, async () => runRefusal(stage(), refusal));
  }
});

async function runRow(stage: Stage, row: Transition, from: Status): Promise<void> {
  const { world, operators } = stage;
  const scene = await SCENES[row.id]?.(stage, from);
  if (scene === undefined) throw new Error(`no scene for ${row.id}`);
  const operator = scene.operator ?? operators[0].address;
  if (scene.asked !== undefined) expect(await statusOf(stage, scene.asked)).to.equal(from);

  const before = await pursesOf(stage, operator);
  const receipt = await mined(scene.act());
  const after = await pursesOf(stage, operator);

  const asked = scene.asked ?? world.asked(receipt);
  expect(await statusOf(stage, asked)).to.equal(row.to ?? from);
  const events = eventsOf(receipt, world.coordinator).map(({ name }) => name);
  const isDelivered = row.callback !== undefined && row.id !== "beside.agree"; // its Provisional is out already
  expect(events).to.deep.equal([...row.events, ...(isDelivered ? ["Delivered"] : [])]);
  const amounts = amountsOf(asked);
  for (const purse of Object.keys(before) as Purse[]) {
    const moved = (row.money[purse] ?? []).reduce((sum, symbol) => sum + weiOf(symbol, amounts), 0n);
    expect(after[purse] - before[purse], purse).to.equal(moved);
  }
}

async function runRefusal(stage: Stage, { from, call, outcome }: Refusal): Promise<void> {
  const { world } = stage;
  const { asked, signed } = await askUntil(stage, from);
  if (call === "request") throw new Error("a request is never refused for its status");
  const invocation = INVOCATIONS[call](stage, asked, signed);
  if (outcome === PASSED_OVER) {
    const before = await world.coordinator.requestStateOf(asked.id);
    expect(eventsOf(await mined(invocation), world.coordinator)).to.deep.equal([]);
    expect(await world.coordinator.requestStateOf(asked.id)).to.equal(before);
    return;
  }
  const { assertionId } = signed;
  const args: Readonly<Record<string, readonly unknown[]>> = {
    UnknownRequest: [asked.id],
    WrongStatus: [asked.id, STATUSES.indexOf(from)],
    UnknownAssertion: [asked.id, assertionId],
    RivalLives: [asked.id, 1n],
    NotLive: [Object.values(world.ref(asked, signed))],
  };
  await expect(invocation)
    .to.be.revertedWithCustomError(world.coordinator, outcome)
    .withArgs(...(args[outcome] ?? []));
}

async function statusOf({ world }: Stage, asked: Asked): Promise<Status> {
  return unpackWord(REQUEST_STATE, await world.coordinator.requestStateOf(asked.id)).status;
}

async function pursesOf({ world, consumer, operators }: Stage, operator: string): Promise<Record<Purse, bigint>> {
  const { coordinator, connection } = world;
  const { stake, locked } = await coordinator.operatorOf(operator);
  return {
    balance: await connection.ethers.provider.getBalance(world.address),
    requester: await coordinator.owedTo(await consumer.getAddress()),
    operator: await coordinator.owedTo(operator),
    owner: await coordinator.owedTo(world.signer(7).address),
    stake,
    locked,
    assigned: (await coordinator.operatorOf(operators[0].address)).stake,
  };
}

function amountsOf({ request }: Asked): Record<Amount, bigint> {
  const { fee, policy } = request;
  expect(unpackWord(POLICY_WORD, policy).minBond).to.equal(0n);
  return {
    fee,
    callbacks: callbackCost(policy),
    royalty: (fee * ROYALTY_BPS) / 10_000n,
    bond: PARAMETERS.operatorBond,
    penalty: (fee * PENALTY_BPS) / 10_000n,
  };
}

function weiOf(symbol: Amount | `-${Amount}`, amounts: Record<Amount, bigint>): bigint {
  return symbol.startsWith("-") ? -amounts[symbol.slice(1) as Amount] : amounts[symbol as Amount];
}
