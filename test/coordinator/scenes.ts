// A request in every state of its life, with the answers that brought it there.
import type { HostileConsumer } from "../../types/index.ts";
import type { Status } from "./transitions.ts";
import {
  ANSWER_PERIOD,
  type Asked,
  callbacks,
  deployWorld,
  kernelSpec,
  type Operator,
  OTHER_OUTPUT,
  PARAMETERS,
  type Signed,
  type World,
} from "./world.ts";

export const PENALTY_BPS = 5_000n;
export const LATENCY = 60n;
/** Both callbacks, for something: the money of a request is fee and callbacks. */
export const POLICY = callbacks({ provisional: true, final: true }, { callbackGas: 400_000, callbackGasPrice: 1_000n });

/** A kernel model, three operators and a consumer that takes what comes. */
export interface Stage {
  readonly world: World;
  readonly modelId: string;
  readonly consumer: HostileConsumer;
  readonly operators: readonly [Operator, Operator, Operator];
}

export async function deployStage(): Promise<Stage> {
  const world = await deployWorld();
  const owner = world.signer(7);
  const modelId = await world.register(owner, kernelSpec(owner.address));
  const consumer = await world.connection.ethers.deployContract("HostileConsumer", [world.address]);
  const operators = [
    await world.enlist(world.signer(1)),
    await world.enlist(world.signer(2)),
    await world.enlist(world.signer(3)),
  ] as const;
  return { world, modelId, consumer, operators };
}

export function ask({ world, modelId, consumer }: Stage): Promise<Asked> {
  return world.ask(modelId, { from: consumer, policy: POLICY });
}

/** A request drawn to the first operator, which accepted a penalty. */
export async function askDrawn(stage: Stage): Promise<Asked> {
  const { world, modelId, operators } = stage;
  await world.coordinator.connect(operators[0].account).setOffer(modelId, 0n, LATENCY, PENALTY_BPS, 2_000n);
  return ask(stage);
}

/** Two living assertions of one output. */
export async function askAgreed(stage: Stage): Promise<{ asked: Asked; first: Signed; second: Signed }> {
  const { world, operators } = stage;
  const asked = await ask(stage);
  const first = await world.answer(asked, operators[0]);
  const second = await world.sign(asked, operators[1]);
  await world.assertBeside(asked, second, first);
  return { asked, first, second };
}

/** Two living assertions of different outputs, both held. */
export async function askContested(stage: Stage): Promise<{ asked: Asked; first: Signed; second: Signed }> {
  const { world, operators } = stage;
  const asked = await ask(stage);
  const first = await world.answer(asked, operators[0]);
  const second = await world.sign(asked, operators[1], { output: OTHER_OUTPUT });
  await world.assertBeside(asked, second, first);
  return { asked, first, second };
}

/** The first of two agreeing assertions is final, the second lives on. */
export async function askFinalBeside(stage: Stage): Promise<{ asked: Asked; first: Signed; second: Signed }> {
  const { world } = stage;
  const agreed = await askAgreed(stage);
  await world.time.increase(PARAMETERS.window);
  await world.finalise(agreed.asked, agreed.first);
  return agreed;
}

/** A request of this status, and an answer: the living, final or rejected one, or one that was never asserted. */
export async function askUntil(stage: Stage, status: Status): Promise<{ asked: Asked; signed: Signed }> {
  const { world, operators } = stage;
  const asked = await ask(stage);
  if (status === "None") {
    // The same request with another fee is another request, and nobody made it.
    const request = { ...asked.request, fee: asked.request.fee + 1n };
    const unknown = { ...asked, id: await world.coordinator.requestIdOf(request), request };
    return { asked: unknown, signed: await world.sign(unknown, operators[0]) };
  }
  const signed = await world.sign(asked, operators[0]);
  if (status === "Requested") return { asked, signed };
  if (status === "Expired") {
    await world.time.increase(ANSWER_PERIOD + 1);
    await world.coordinator.expire(asked.request);
    return { asked, signed };
  }
  await world.assert(asked, signed);
  if (status === "Asserted") return { asked, signed };
  await world.time.increase(PARAMETERS.window);
  await world.finalise(asked, signed);
  return { asked, signed };
}

/** Provisional was delivered, then the assertion was rejected. */
export async function askRejected(stage: Stage): Promise<{ asked: Asked; signed: Signed }> {
  const answered = await askUntil(stage, "Asserted");
  await stage.world.arbiter.reject(stage.world.ref(answered.asked, answered.signed), stage.world.signer(9).address);
  return answered;
}

/** Final, of a requester that bought Provisional alone and whose callback failed; it would take one now. */
export async function askMissed(stage: Stage): Promise<{ asked: Asked; signed: Signed }> {
  const { world, modelId, consumer, operators } = stage;
  const policy = callbacks({ provisional: true }, { callbackGas: 400_000, callbackGasPrice: 1_000n });
  const asked = await world.ask(modelId, { from: consumer, policy });
  await consumer.behave(1);
  const signed = await world.answer(asked, operators[0]);
  await consumer.behave(0);
  await world.time.increase(PARAMETERS.window);
  await world.finalise(asked, signed);
  return { asked, signed };
}

/** A stage that every test of a suite finds as it was set up. */
export function stageForEach(): () => Stage {
  let stage: Stage | undefined;
  let restore: (() => Promise<void>) | undefined;
  before(async () => {
    stage = await deployStage();
    ({ restore } = await stage.world.connection.networkHelpers.takeSnapshot());
  });
  beforeEach(() => restore?.());
  return () => {
    if (stage === undefined) throw new Error("the stage is set up in a hook");
    return stage;
  };
}
