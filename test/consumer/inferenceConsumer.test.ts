import { expect } from "chai";
import { parseEther, ZeroHash } from "ethers";
import type { FinalConsumer, RecordingConsumer } from "../../types/index.ts";
import {
  type Asked,
  artefactSpec,
  callbackCost,
  callbacks,
  deployWorld,
  FEE,
  INPUT,
  kernelSpec,
  mined,
  type Operator,
  OTHER_OUTPUT,
  OUTPUT,
  PARAMETERS,
  type World,
} from "../coordinator/world.ts";

const STAGE = { provisional: 0, final: 1, rejected: 2 };
const POLICY = callbacks({ provisional: true, final: true });

describe("InferenceConsumer", () => {
  let world: World;
  let operator: Operator;
  let rival: Operator;
  let disputable: string;
  let notDisputable: string;
  let consumer: RecordingConsumer;

  beforeEach(async () => {
    world = await deployWorld();
    operator = await world.enlist(world.signer(1));
    rival = await world.enlist(world.signer(2));
    disputable = await world.register(world.signer(3), kernelSpec(world.signer(3).address));
    notDisputable = await world.register(world.signer(3), artefactSpec(world.signer(3).address));
    consumer = await world.connection.ethers.deployContract("RecordingConsumer", [world.address]);
  });

  const ask = async (from: FinalConsumer, modelId: string, policy = POLICY): Promise<Asked> =>
    world.asked(await mined(from.ask(modelId, [INPUT], policy, { value: FEE + callbackCost(policy) })));
  const afterWindow = () => world.time.increase(PARAMETERS.window);

  for (const [kind, isDisputable] of [
    ["a disputable model", true],
    ["a model that is not disputable", false],
  ] as const) {
    it(`calls the hook of each stage with the answer of ${kind}`, async () => {
      const asked = await ask(consumer, isDisputable ? disputable : notDisputable);
      const signed = await world.sign(asked, operator);
      await expect(world.assert(asked, signed))
        .to.emit(consumer, "Called")
        .withArgs("provisional", asked.id, isDisputable, OUTPUT);
      await afterWindow();
      await expect(world.finalise(asked, signed))
        .to.emit(consumer, "Called")
        .withArgs("final", asked.id, isDisputable, OUTPUT);
    });
  }

  it("calls the hook of a rejection, then those of the next answer", async () => {
    const asked = await ask(consumer, disputable);
    const wrong = await world.answer(asked, operator, { output: OTHER_OUTPUT });
    await world.arbiter.punish(world.ref(asked, wrong), rival.address, []);
    await expect(world.deliver(asked, wrong))
      .to.emit(consumer, "Called")
      .withArgs("rejected", asked.id, true, OTHER_OUTPUT);
    const right = await world.sign(asked, rival);
    await expect(world.assert(asked, right))
      .to.emit(consumer, "Called")
      .withArgs("provisional", asked.id, true, OUTPUT);
  });

  it("takes a call from nobody but the coordinator", async () => {
    const stranger = world.signer(9);
    for (const stage of Object.values(STAGE)) {
      await expect(consumer.connect(stranger).onInference(ZeroHash, stage, true, OUTPUT))
        .to.be.revertedWithCustomError(consumer, "NotCoordinator")
        .withArgs(stranger.address);
    }
  });

  it("takes ether from nobody but the coordinator", async () => {
    const stranger = world.signer(9);
    await expect(stranger.sendTransaction({ to: consumer, value: 1n }))
      .to.be.revertedWithCustomError(consumer, "NotCoordinator")
      .withArgs(stranger.address);
  });

  it("refuses stages that a contract does not handle, and blocks nothing by it", async () => {
    const finalOnly = await world.connection.ethers.deployContract("FinalConsumer", [world.address]);
    const asked = await ask(finalOnly, disputable);
    const signed = await world.sign(asked, operator);
    await expect(world.assert(asked, signed))
      .to.emit(world.coordinator, "DeliveryFailed")
      .withArgs(asked.id, STAGE.provisional);
    await afterWindow();
    await expect(world.finalise(asked, signed)).to.emit(finalOnly, "Called").withArgs("final", asked.id, true, OUTPUT);

    const provider = world.connection.ethers.provider;
    await provider.send("hardhat_impersonateAccount", [world.address]);
    const coordinator = await world.connection.ethers.getSigner(world.address);
    for (const stage of [STAGE.provisional, STAGE.rejected]) {
      await expect(finalOnly.connect(coordinator).onInference.staticCall(asked.id, stage, true, OUTPUT))
        .to.be.revertedWithCustomError(finalOnly, "StageNotHandled")
        .withArgs(asked.id, stage);
    }
  });

  describe("a request that nobody answers", () => {
    const value = FEE + callbackCost(callbacks({ final: true }, { callbackGasPrice: 3n }));
    let asked: Asked;

    beforeEach(async () => {
      asked = await ask(consumer, disputable, callbacks({ final: true }, { callbackGasPrice: 3n }));
      expect(await consumer.statusOf(asked.id)).to.equal(1n);
      await world.time.increase(PARAMETERS.maxAnswerPeriod);
      await world.coordinator.expire(asked.request);
      expect(await consumer.statusOf(asked.id)).to.equal(4n);
    });

    it("is refunded into the contract when it asks", async () => {
      expect(await consumer.withdrawRefunds.staticCall()).to.equal(value);
      await expect(consumer.withdrawRefunds()).to.changeEtherBalance(world.connection.ethers, consumer, value);
      expect(await consumer.withdrawRefunds.staticCall()).to.equal(0n);
      await consumer.withdrawRefunds();
    });

    it("is refunded when somebody else asks, and the contract's own withdrawal then finds nothing", async () => {
      await expect(world.coordinator.withdrawFor(consumer)).to.changeEtherBalance(
        world.connection.ethers,
        consumer,
        value,
      );
      expect(await consumer.withdrawRefunds.staticCall()).to.equal(0n);
    });
  });

  it("tells a disputable model from one that is not, and from none", async () => {
    await consumer.requireDisputable(disputable);
    for (const modelId of [notDisputable, ZeroHash]) {
      await expect(consumer.requireDisputable(modelId))
        .to.be.revertedWithCustomError(consumer, "ModelNotDisputable")
        .withArgs(modelId);
    }
  });

  it("passes a refusal of the coordinator on", async () => {
    await expect(consumer.ask(disputable, [INPUT, INPUT], POLICY, { value: parseEther("1") }))
      .to.be.revertedWithCustomError(world.coordinator, "TensorCountMismatch")
      .withArgs(1n, 2n);
  });
});
