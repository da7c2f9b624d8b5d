// How answers become final, are rejected or settled, and how requests expire: boundaries, order, batches.
import { expect } from "chai";
import { id as hashOf, parseEther, ZeroAddress, ZeroHash } from "ethers";
import { ASSERTION_STATE, REQUEST_STATE, unpackWord } from "../../oracle/chain/words.ts";
import { ask, askAgreed, askContested, askFinalBeside, askUntil, stageForEach } from "./scenes.ts";
import {
  ANSWER_PERIOD,
  type Asked,
  FEE,
  kernelSpec,
  mined,
  OTHER_OUTPUT,
  OUTPUT,
  PARAMETERS,
  policyOf,
  rootOf,
  type Signed,
} from "./world.ts";

describe("finality", () => {
  const stage = stageForEach();
  const coordinator = () => stage().world.coordinator;

  const finalisation = (asked: Asked, signed: Signed) => ({ ...signed, request: asked.request });
  const finalisableAt = async (asked: Asked, { answer }: Signed) =>
    unpackWord(ASSERTION_STATE, await coordinator().assertionStateOf(asked.id, answer.operator)).finalisableAt;
  const requestOf = async (asked: Asked) => unpackWord(REQUEST_STATE, await coordinator().requestStateOf(asked.id));

  describe("of an answer", () => {
    it("comes with the end of its window, not a second before", async () => {
      const { world } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const end = await finalisableAt(asked, signed);
      expect(end).to.equal((await world.time.latest()) + Number(PARAMETERS.window));
      const attempts = [
        () => world.finalise(asked, signed),
        () => coordinator().finaliseBatch([finalisation(asked, signed)]),
      ];
      for (const [i, attempt] of attempts.entries()) {
        await world.at(end - 2 + i);
        await expect(attempt()).to.be.revertedWithCustomError(coordinator(), "WindowOpen").withArgs(BigInt(end));
      }
      await world.at(end);
      await world.finalise(asked, signed);
    });

    it("comes once", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Final");
      await expect(world.finalise(asked, signed))
        .to.be.revertedWithCustomError(coordinator(), "WrongStatus")
        .withArgs(asked.id, 3n);
      const before = await coordinator().owedTo(operators[0].address);
      await coordinator().finaliseBatch([finalisation(asked, signed)]);
      expect(await coordinator().owedTo(operators[0].address)).to.equal(before);
    });

    it("is for exactly what was asserted", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      await world.time.increase(PARAMETERS.window);
      const { answer, outputRoot } = signed;
      const lies: Partial<Signed>[] = [
        { outputRoot: rootOf(OTHER_OUTPUT) },
        { answer: { ...answer, operator: operators[1].address } },
        { answer: { ...answer, issuedAt: answer.issuedAt + 1n } },
        { answer: { ...answer, traceRoot: hashOf("x") } },
      ];
      for (const lie of lies) {
        const told = { ...signed, ...lie };
        const assertionId = await coordinator().assertionIdOf(asked.request, told.answer, told.outputRoot);
        for (const call of [
          () => world.finalise(asked, told),
          () => coordinator().finaliseBatch([finalisation(asked, told)]),
        ]) {
          await expect(call())
            .to.be.revertedWithCustomError(coordinator(), "UnknownAssertion")
            .withArgs(asked.id, assertionId);
        }
      }
      for (const call of [
        () => world.finalise(asked, { ...signed, output: OTHER_OUTPUT }),
        () => coordinator().finaliseBatch([finalisation(asked, { ...signed, output: OTHER_OUTPUT })]),
      ]) {
        await expect(call())
          .to.be.revertedWithCustomError(coordinator(), "OutputMismatch")
          .withArgs(outputRoot, rootOf(OTHER_OUTPUT));
      }
      await expect(world.finalise(asked, { ...signed, output: "0x" }))
        .to.be.revertedWithCustomError(coordinator(), "OutputLengthMismatch")
        .withArgs(96n, 0n);
    });

    it("can be read by anybody who has request and output", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const isFinal = (output: string) => coordinator().isFinal(asked.request, output);
      expect(await isFinal(OUTPUT)).to.equal(false);
      await world.time.increase(PARAMETERS.window);
      await world.finalise(asked, signed);
      expect(await isFinal(OUTPUT)).to.equal(true);
      expect(await isFinal(OTHER_OUTPUT)).to.equal(false);
      expect(await isFinal(`${OUTPUT}00`)).to.equal(false);
      const lie = { ...asked.request, model: asked.request.model ^ (1n << 160n) };
      expect(await coordinator().isFinal(lie, OUTPUT)).to.equal(false);
      const never = await ask(stage());
      expect(await coordinator().isFinal(never.request, OUTPUT)).to.equal(false);
      expect((await coordinator().assertionStateOf(asked.id, operators[0].address)).toString()).to.equal("0");
    });

    it("comes to the first that is made final; the others keep their bonds until they are settled", async () => {
      const { world, operators } = stage();
      const { asked, first, second } = await askAgreed(stage());
      await world.time.increase(PARAMETERS.window + 1n);
      // Both windows are over: whoever is made final first takes the fee.
      await world.finalise(asked, second);
      expect(await coordinator().owedTo(operators[0].address)).to.equal(0n);
      const bondOf = async (index: 0 | 1) => (await coordinator().operatorOf(operators[index].address)).locked;
      expect([await bondOf(0), await bondOf(1)]).to.deep.equal([PARAMETERS.operatorBond, 0n]);
      await world.settle(asked, first, second);
      expect(await bondOf(0)).to.equal(0n);
      await expect(world.settle(asked, first, second))
        .to.be.revertedWithCustomError(coordinator(), "UnknownAssertion")
        .withArgs(asked.id, first.assertionId);
    });

    it("leaves nothing to assert beside it, though another one lives on", async () => {
      const { world, operators } = stage();
      const { asked, second } = await askFinalBeside(stage());
      const third = await world.sign(asked, operators[2]);
      await expect(world.assertBeside(asked, third, second))
        .to.be.revertedWithCustomError(coordinator(), "WrongStatus")
        .withArgs(asked.id, 3n);
      await expect(world.assert(asked, third))
        .to.be.revertedWithCustomError(coordinator(), "RivalLives")
        .withArgs(asked.id, 1n);
    });
  });

  describe("of a loser", () => {
    it("comes with the end of its own window, not a second before", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      await world.time.increase(PARAMETERS.window - 10n);
      const second = await world.sign(asked, operators[1]);
      await world.assertBeside(asked, second, signed);
      const end = await finalisableAt(asked, second);
      await world.time.increase(20);
      await world.finalise(asked, signed);
      await world.at(end - 1);
      await expect(world.settle(asked, second, signed))
        .to.be.revertedWithCustomError(coordinator(), "WindowOpen")
        .withArgs(BigInt(end));
      await world.at(end);
      await world.settle(asked, second, signed);
    });

    it("does not come while it is held", async () => {
      const { world } = stage();
      const { asked, first, second } = await askFinalBeside(stage());
      await world.arbiter.hold(world.ref(asked, second));
      await world.time.increase(PARAMETERS.window);
      await expect(world.settle(asked, second, first))
        .to.be.revertedWithCustomError(coordinator(), "AssertionHeld")
        .withArgs(second.assertionId);
      await world.arbiter.release(world.ref(asked, second));
      await world.settle(asked, second, first);
    });

    it("of another output comes too, where the model has a tolerance", async () => {
      const { world, operators } = stage();
      const spec = { ...kernelSpec(world.signer(7).address, "tolerant"), atol: 0x3f50000000000000n };
      const modelId = await world.register(world.signer(7), spec);
      const asked = await world.ask(modelId, { policy: policyOf({ atolClass: 63 }) });
      const first = await world.answer(asked, operators[0]);
      const second = await world.sign(asked, operators[1], { output: OTHER_OUTPUT });
      const receipt = await mined(world.assertBeside(asked, second, first));
      expect(receipt.logs.length).to.equal(1); // nobody is held
      await world.time.increase(PARAMETERS.window + 1n);
      await world.finalise(asked, first);
      expect(await coordinator().isFinal(asked.request, OUTPUT)).to.equal(true);
      await world.settle(asked, second, first);
    });
  });

  describe("in batches", () => {
    it("passes over what was made final, held, rejected or expired meanwhile, and does the rest", async () => {
      const { world, operators } = stage();
      const done = await askUntil(stage(), "Asserted");
      const held = await askUntil(stage(), "Asserted");
      const reopened = await askUntil(stage(), "Asserted");
      const beside = await askAgreed(stage());
      const good = await askUntil(stage(), "Asserted");
      await world.arbiter.hold(world.ref(held.asked, held.signed));
      await world.arbiter.reject(world.ref(reopened.asked, reopened.signed), ZeroAddress);
      // Rejected, while another one lives: the request is still Asserted.
      await world.arbiter.reject(world.ref(beside.asked, beside.first), ZeroAddress);
      const expired = await askUntil(stage(), "Expired");
      await world.time.increase(PARAMETERS.window);
      await world.finalise(done.asked, done.signed);

      const items = [done, held, reopened, { asked: beside.asked, signed: beside.first }, expired, good, good];
      const receipt = await mined(
        coordinator().finaliseBatch(items.map(({ asked, signed }) => finalisation(asked, signed))),
      );
      expect(world.event(receipt, "Finalised").args.requestId).to.equal(good.asked.id);
      expect((await requestOf(beside.asked)).status).to.equal("Asserted");
      await world.finalise(beside.asked, beside.second);
      expect((await coordinator().operatorOf(operators[1].address)).locked).to.equal(0n);
    });
  });

  describe("of an unanswered request", () => {
    it("comes after the last second of the answer period", async () => {
      const { world, consumer } = stage();
      const { asked } = await askUntil(stage(), "Requested");
      const end = (await asked.receipt.getBlock().then((block) => block.timestamp)) + ANSWER_PERIOD;
      await world.at(end);
      await expect(coordinator().expire(asked.request))
        .to.be.revertedWithCustomError(coordinator(), "AnswerPeriodRunning")
        .withArgs(BigInt(end));
      await world.at(end + 1);
      const refund = FEE + 2n * 400_000n * 1_000n;
      await expect(coordinator().expire(asked.request)).to.emit(coordinator(), "Expired").withArgs(asked.id, refund);
      expect(await coordinator().owedTo(await consumer.getAddress())).to.equal(refund);
    });

    it("never comes while an assertion lives", async () => {
      const { world } = stage();
      const { asked } = await askUntil(stage(), "Asserted");
      await world.time.increase(10 * ANSWER_PERIOD);
      await expect(coordinator().expire(asked.request))
        .to.be.revertedWithCustomError(coordinator(), "WrongStatus")
        .withArgs(asked.id, 2n);
    });

    it("comes a whole answer period after the last rejection", async () => {
      const { world } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      await world.time.increase(10 * ANSWER_PERIOD);
      await world.arbiter.reject(world.ref(asked, signed), ZeroAddress);
      const end = (await world.time.latest()) + ANSWER_PERIOD;
      await world.at(end);
      await expect(coordinator().expire(asked.request))
        .to.be.revertedWithCustomError(coordinator(), "AnswerPeriodRunning")
        .withArgs(BigInt(end));
      await world.at(end + 1);
      await coordinator().expire(asked.request);
    });
  });

  describe("denied by the arbiter", () => {
    it("unlocks the bond, which a slash can then take", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const [operator] = operators;
      const bond = PARAMETERS.operatorBond;
      const recipient = world.signer(9).address;
      const call = world.arbiter.punish(world.ref(asked, signed), ZeroAddress, [{ recipient, amount: bond / 4n }]);
      await expect(call)
        .to.emit(coordinator(), "Slashed")
        .withArgs(operator.address, bond, bond - bond / 4n);
      expect(await coordinator().owedTo(recipient)).to.equal(bond / 4n);
      const { stake, locked } = await coordinator().operatorOf(operator.address);
      expect([stake, locked]).to.deep.equal([parseEther("10") - bond, 0n]);
    });

    it("reopens the request for its winner first", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const [, winner, other] = operators;
      await world.arbiter.reject(world.ref(asked, signed), winner.address);
      const until = BigInt(await world.time.latest()) + PARAMETERS.takeoverPeriod;
      expect([...(await coordinator().takeoverOf(asked.id))]).to.deep.equal([winner.address, until]);
      expect(await requestOf(asked)).to.include({ status: "Requested", reopened: true, live: 0 });
      const late = await world.sign(asked, other);
      await world.at(until);
      await expect(world.assert(asked, late))
        .to.be.revertedWithCustomError(coordinator(), "ExclusivePeriod")
        .withArgs(winner.address, until);
      await world.assert(asked, await world.sign(asked, winner));
    });

    it("lets anybody answer after the takeover, and at once if nobody won", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const [, winner, other] = operators;
      await world.arbiter.reject(world.ref(asked, signed), winner.address);
      const { until } = await coordinator().takeoverOf(asked.id);
      await world.at(until + 1n);
      await world.answer(asked, other);

      const free = await askUntil(stage(), "Asserted");
      await world.arbiter.reject(world.ref(free.asked, free.signed), ZeroAddress);
      await world.answer(free.asked, other);
    });

    it("leaves others half of a short answer period", async () => {
      const { world, operators, modelId } = stage();
      const [wrong, winner, other] = operators;
      const answerPeriod = 101;
      expect(PARAMETERS.takeoverPeriod > BigInt(answerPeriod)).to.equal(true);
      const asked = await world.ask(modelId, { policy: policyOf({ answerPeriod }) });
      const signed = await world.answer(asked, wrong);
      await world.arbiter.reject(world.ref(asked, signed), winner.address);
      const until = (await world.time.latest()) + 50;
      const second = await world.sign(asked, other);
      await world.at(until);
      await expect(world.assert(asked, second))
        .to.be.revertedWithCustomError(coordinator(), "ExclusivePeriod")
        .withArgs(winner.address, BigInt(until));
      await world.at(until + 1);
      await world.assert(asked, second);
    });

    it("makes no operator of a winner that is none, or in jail", async () => {
      const { world, operators } = stage();
      const [, winner] = operators;
      const first = await askUntil(stage(), "Asserted");
      await world.arbiter.reject(world.ref(first.asked, first.signed), world.signer(9).address);
      expect([...(await coordinator().takeoverOf(first.asked.id))]).to.deep.equal([ZeroAddress, 0n]);
      const { stake } = await coordinator().operatorOf(winner.address);
      await coordinator()
        .connect(winner.account)
        .requestExit(stake - PARAMETERS.minStake + 1n);
      const second = await askUntil(stage(), "Asserted");
      await world.arbiter.reject(world.ref(second.asked, second.signed), winner.address);
      expect([...(await coordinator().takeoverOf(second.asked.id))]).to.deep.equal([ZeroAddress, 0n]);
    });

    it("makes no winner of who has answered before, and can only keep others out", async () => {
      const { world, operators } = stage();
      const [, wrong, honest] = operators;
      const { asked, first, second } = await askContested(stage());
      await world.arbiter.reject(world.ref(asked, second), ZeroAddress);
      await world.arbiter.reject(world.ref(asked, first), wrong.address);
      expect([...(await coordinator().takeoverOf(asked.id))]).to.deep.equal([ZeroAddress, 0n]);
      await world.answer(asked, honest);
    });

    it("ends an earlier takeover, whose operator could only keep others out", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const [, winner, other] = operators;
      await world.arbiter.reject(world.ref(asked, signed), winner.address);
      const second = await world.answer(asked, winner);
      await world.arbiter.reject(world.ref(asked, second), ZeroAddress);
      await world.answer(asked, other);
    });

    it("does not reopen a request while another assertion lives", async () => {
      const { world, operators } = stage();
      const { asked, first, second } = await askContested(stage());
      await world.arbiter.reject(world.ref(asked, first), operators[1].address);
      expect(await requestOf(asked)).to.include({ status: "Asserted", reopened: false, live: 1 });
      expect([...(await coordinator().takeoverOf(asked.id))]).to.deep.equal([ZeroAddress, 0n]);
      await world.arbiter.release(world.ref(asked, second));
      await world.time.increase(PARAMETERS.window);
      await world.finalise(asked, second);
      expect(await coordinator().isFinal(asked.request, OTHER_OUTPUT)).to.equal(true);
    });

    it("refuses what does not live, or is held or not", async () => {
      const { world } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const ref = world.ref(asked, signed);
      const { arbiter } = world;
      const fails = (call: Promise<unknown>, error: string, other = ref) =>
        expect(call).to.be.revertedWithCustomError(coordinator(), error).withArgs(Object.values(other));
      await fails(arbiter.release(ref), "NotHeld");
      await arbiter.hold(ref);
      await fails(arbiter.hold(ref), "AlreadyHeld");
      const lies = [
        { ...ref, assertionId: hashOf("x") },
        { ...ref, requestId: hashOf("x") },
        { ...ref, operator: world.signer(9).address },
        { assertionId: ZeroHash, requestId: asked.id, operator: world.signer(9).address },
      ];
      for (const lie of lies) {
        await fails(arbiter.hold(lie), "NotLive", lie);
        await fails(arbiter.release(lie), "NotLive", lie);
        await fails(arbiter.reject(lie, ZeroAddress), "NotLive", lie);
      }
      await arbiter.reject(ref, ZeroAddress);
      await fails(arbiter.reject(ref, ZeroAddress), "NotLive");
      await fails(arbiter.release(ref), "NotLive");
    });
  });
});
