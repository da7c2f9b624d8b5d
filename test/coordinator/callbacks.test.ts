// Callbacks: exactly the gas that was bought, nothing that a consumer can do stops a transition, and the right stages in
// the right order.
import { expect } from "chai";
import type { ContractTransactionReceipt } from "ethers";
import { Interface, ZeroAddress } from "ethers";
import { ASSERTION_STATE, REQUEST_STATE, unpackWord } from "../../oracle/chain/words.ts";
import { ask, askAgreed, askContested, askMissed, askRejected, askUntil, POLICY, stageForEach } from "./scenes.ts";
import {
  type Asked,
  callbacks,
  describeGas,
  eventsOf,
  INPUT,
  mined,
  OTHER_OUTPUT,
  OUTPUT,
  PARAMETERS,
  policyOf,
  type Signed,
} from "./world.ts";

const [ACCEPT, REVERT, BURN_GAS, REVERT_WITH_BOMB, RETURN_BOMB, USE_ALL] = [0, 1, 2, 3, 4, 6];
const [PROVISIONAL, FINAL, REJECTED] = [0n, 1n, 2n];

describe("callbacks", () => {
  const stage = stageForEach();
  const coordinator = () => stage().world.coordinator;

  const delivered = (receipt: ContractTransactionReceipt) =>
    eventsOf(receipt, coordinator())
      .filter(({ name }) => name === "Delivered" || name === "DeliveryFailed")
      .map(({ name, args }) => `${name} ${args.stage}`);
  const errorOf = (data: string) => coordinator().interface.parseError(data);
  const stateOf = async (asked: Asked) => unpackWord(REQUEST_STATE, await coordinator().requestStateOf(asked.id));

  it("tell request, stage, disputability and output to the requester", async () => {
    const { world, consumer } = stage();
    const { asked, signed } = await askUntil(stage(), "Asserted");
    const told = async () => [await consumer.lastRequestId(), await consumer.lastStage(), await consumer.lastOutput()];
    expect(await told()).to.deep.equal([asked.id, PROVISIONAL, OUTPUT]);
    await world.time.increase(PARAMETERS.window);
    await world.finalise(asked, signed);
    expect(await told()).to.deep.equal([asked.id, FINAL, OUTPUT]);
    expect(await consumer.calls()).to.equal(2n);
  });

  describe("run as they were bought", () => {
    const kinds = [
      { provisional: false, final: false, calls: [] },
      { provisional: true, final: false, calls: ["Delivered 0"] },
      { provisional: false, final: true, calls: ["Delivered 1"] },
      { provisional: true, final: true, calls: ["Delivered 0", "Delivered 1"] },
    ];
    for (const { provisional, final, calls } of kinds) {
      it(`${provisional ? "with" : "without"} Provisional, ${final ? "with" : "without"} Final`, async () => {
        const { world, consumer, modelId, operators } = stage();
        const callbackGas = provisional || final ? 400_000 : 0;
        const policy = policyOf({ provisional, final, callbackGas });
        const asked = await world.ask(modelId, { from: consumer, policy });
        const signed = await world.sign(asked, operators[0]);
        const asserted = await mined(world.assert(asked, signed));
        await world.time.increase(PARAMETERS.window);
        const finalised = await mined(world.finalise(asked, final ? signed : { ...signed, output: "0x" }));
        expect([...delivered(asserted), ...delivered(finalised)]).to.deep.equal(calls);
        await expect(world.deliver(asked, signed))
          .to.be.revertedWithCustomError(coordinator(), "NothingToDeliver")
          .withArgs(asked.id);
      });
    }
  });

  describe("stop nothing and can be repeated by anybody", () => {
    const modes = {
      revert: REVERT,
      "burn all their gas": BURN_GAS,
      "revert with all the data they can": REVERT_WITH_BOMB,
    };
    for (const [what, mode] of Object.entries(modes)) {
      it(`if they ${what}`, async () => {
        const { world, consumer, operators } = stage();
        await consumer.behave(mode);
        const asked = await ask(stage());
        const signed = await world.sign(asked, operators[0]);
        const asserted = await mined(world.assert(asked, signed));
        expect(delivered(asserted)).to.deep.equal(["DeliveryFailed 0"]);
        expect(await stateOf(asked)).to.include({ status: "Asserted", provisionalDelivered: false });
        expect(delivered(await mined(world.deliver(asked, signed)))).to.deep.equal(["DeliveryFailed 0"]);
        await world.time.increase(PARAMETERS.window);
        const finalised = await mined(world.finalise(asked, signed));
        expect(delivered(finalised)).to.deep.equal(["DeliveryFailed 1"]);
        expect(await stateOf(asked)).to.include({ status: "Final", finalDelivered: false });
        await consumer.behave(ACCEPT);
        const repeated = await mined(
          coordinator().connect(world.signer(9)).deliver(asked.request, signed.answer, OUTPUT),
        );
        expect(delivered(repeated)).to.deep.equal(["Delivered 1"]);
        await expect(world.deliver(asked, signed)).to.be.revertedWithCustomError(coordinator(), "NothingToDeliver");
      });
    }

    it("and cost no more than they bought, whatever they return", async () => {
      const { world, consumer, operators } = stage();
      await consumer.behave(RETURN_BOMB);
      const asked = await ask(stage());
      const receipt = await mined(world.assert(asked, await world.sign(asked, operators[0])));
      expect(delivered(receipt)).to.deep.equal(["Delivered 0"]);
      expect(Number(receipt.gasUsed)).to.be.below(400_000 + 150_000);
    });

    it("in a batch: one does not touch the other", async () => {
      const { world, consumer, operators, modelId } = stage();
      await consumer.behave(BURN_GAS);
      const bad = await ask(stage());
      const good = await world.ask(modelId, { policy: POLICY });
      const items = [];
      for (const asked of [bad, good]) {
        items.push({ ...(await world.sign(asked, operators[0])), request: asked.request });
      }
      expect(delivered(await mined(coordinator().assertResults(items)))).to.deep.equal([
        "DeliveryFailed 0",
        "Delivered 0",
      ]);
      await world.time.increase(PARAMETERS.window);
      expect(delivered(await mined(coordinator().finaliseBatch(items)))).to.deep.equal([
        "DeliveryFailed 1",
        "Delivered 1",
      ]);
    });

    it("if the requester has no code, or none any more", async () => {
      const { world, operators, modelId, consumer } = stage();
      const account = await world.ask(modelId, { policy: POLICY });
      const gone = await ask(stage());
      const { networkHelpers } = world.connection;
      await networkHelpers.setCode(await consumer.getAddress(), "0x");
      for (const asked of [account, gone]) {
        const signed = await world.sign(asked, operators[0]);
        expect(delivered(await mined(world.assert(asked, signed)))).to.deep.equal(["Delivered 0"]);
        await world.time.increase(PARAMETERS.window);
        expect(delivered(await mined(world.finalise(asked, signed)))).to.deep.equal(["Delivered 1"]);
      }
    });
  });

  describeGas("get the gas they bought, or the whole call reverts", () => {
    type Call = (gasLimit: number) => Promise<unknown>;

    /** The outcome of a call sent with so much gas: that of the first block it is in, undone. */
    const tryWith = async (call: Call, gasLimit: number) => {
      const { restore } = await stage().world.connection.networkHelpers.takeSnapshot();
      const outcome = await call(gasLimit).then(
        () => "works",
        ({ data }: { data: unknown }) => (typeof data === "string" ? errorOf(data)?.name : "out of gas"),
      );
      await restore();
      return outcome;
    };
    /** The least gas that a call works with. */
    const leastFor = async (call: Call, enough: number) => {
      let [fails, works] = [0, enough];
      while (works - fails > 1) {
        const middle = Math.floor((fails + works) / 2);
        if ((await tryWith(call, middle)) === "works") works = middle;
        else fails = middle;
      }
      return works;
    };

    for (const callbackGas of [30_000, 500_000, 2_000_000]) {
      const enough = 2 * callbackGas + 500_000;

      it(`${callbackGas.toLocaleString("en")} of it, at the least that the call can be sent with`, async () => {
        const { world, modelId, operators } = stage();
        const probe = await world.connection.ethers.deployContract("GasProbe", [world.address]);
        const policy = callbacks({ provisional: true, final: true }, { callbackGas });
        const asked = await world.ask(modelId, { from: probe, policy });
        const signed = await world.sign(asked, operators[0]);
        const { answer, output, outputRoot, signature } = signed;
        const calls: Call[] = [
          (gasLimit) => coordinator().assertResult(asked.request, answer, output, signature, { gasLimit }),
          (gasLimit) => coordinator().finalise(asked.request, answer, outputRoot, output, { gasLimit }),
        ];
        for (const call of calls) {
          const least = await leastFor(call, enough);
          const starved = await call(least - 1).catch((error: { data: string }) => error.data);
          const failure = errorOf(String(starved));
          expect(failure?.name).to.equal("CallbackGasStarved");
          const [required = 0n, available = 0n] = failure?.args ?? [];
          expect(required).to.equal(BigInt(callbackGas + Math.floor(callbackGas / 63) + 15_000));
          expect(Number(required - available)).to.be.within(0, 100);
          await call(least);
          // Less what it takes to get from the call to the first instruction.
          expect(callbackGas - Number(await probe.gasAtEntry())).to.be.within(0, 300);
          await world.time.increase(PARAMETERS.window);
        }
      });

      it(`${callbackGas.toLocaleString("en")} of it, and the call goes on if they use it all`, async () => {
        const { world, operators, modelId, consumer } = stage();
        const policy = callbacks({ provisional: true }, { callbackGas });
        const asked = await world.ask(modelId, { from: consumer, policy });
        const signed = await world.sign(asked, operators[0]);
        await consumer.behave(REVERT);
        await world.assert(asked, signed);
        // Repeating a callback writes two slots that nothing else in the transaction has written: the dearest end.
        const call: Call = (gasLimit) => coordinator().deliver(asked.request, signed.answer, OUTPUT, { gasLimit });
        for (const mode of [USE_ALL, BURN_GAS]) {
          await consumer.behave(mode);
          const least = await leastFor(call, enough);
          expect(await tryWith(call, least - 1)).to.equal("CallbackGasStarved");
          for (const extra of [1, 100, 1_000, 10_000]) expect(await tryWith(call, least + extra)).to.equal("works");
        }
        await consumer.behave(USE_ALL);
        const receipt = await mined(coordinator().deliver(asked.request, signed.answer, OUTPUT));
        expect(delivered(receipt)).to.deep.equal(["Delivered 0"]);
        expect(Number(receipt.gasUsed)).to.be.above(callbackGas);
      });
    }
  });

  describe("re-enter nothing", () => {
    /** A call of every function that anybody could gain from, made from within a callback. */
    const attempts: Record<string, (asked: Asked, signed: Signed) => string> = {
      assertResult: (asked, signed) => encode("assertResult", [asked.request, signed.answer, OUTPUT, signed.signature]),
      assertResults: (asked, signed) => encode("assertResults", [[{ ...signed, request: asked.request }]]),
      assertBeside: (asked, signed) =>
        encode("assertBeside", [{ ...signed, request: asked.request }, signed.answer, signed.outputRoot, "0x"]),
      finalise: (asked, signed) => encode("finalise", [asked.request, signed.answer, signed.outputRoot, OUTPUT]),
      finaliseBatch: (asked, signed) => encode("finaliseBatch", [[{ ...signed, request: asked.request }]]),
      settle: (asked, signed) => encode("settle", [asked.request, signed.answer, signed.outputRoot, signed.outputRoot]),
      expire: (asked) => encode("expire", [asked.request]),
      deliver: (asked, signed) => encode("deliver", [asked.request, signed.answer, OUTPUT]),
      stake: () => encode("stake", []),
      requestExit: () => encode("requestExit", [1n]),
      completeExit: () => encode("completeExit", [stage().consumer.target]),
      addKey: () => encode("addKey", ["0x"]),
      retireKey: () => encode("retireKey", [ZeroAddress]),
      setLive: () => encode("setLive", [true]),
      setOffer: () => encode("setOffer", [stage().modelId, 0n, 1n, 0n, 0n]),
      removeOffer: () => encode("removeOffer", [stage().modelId, ZeroAddress]),
      withdraw: () => encode("withdraw", [stage().consumer.target]),
      withdrawFor: () => encode("withdrawFor", [stage().consumer.target]),
    };
    /** Refuse for another reason: their callers are few. `request` may be called from a callback. */
    const others = ["hold", "release", "reject", "slash", "setModel", "request"];
    const encode = (name: string, args: readonly unknown[]) =>
      Interface.from(coordinator().interface.fragments).encodeFunctionData(name, args);

    it("with every function that changes anything", () => {
      const functions = coordinator().interface.fragments.filter(
        (fragment) =>
          fragment.type === "function" && "stateMutability" in fragment && !isView(fragment.stateMutability),
      );
      const names = functions.map((fragment) => ("name" in fragment ? String(fragment.name) : ""));
      expect(names).to.have.members([...Object.keys(attempts), ...others]);
    });

    for (const [name, attempt] of Object.entries(attempts)) {
      it(`through ${name}`, async () => {
        const { world, consumer, operators } = stage();
        const asked = await ask(stage());
        const signed = await world.sign(asked, operators[0]);
        await consumer.reenterWith(world.address, attempt(asked, signed));
        expect(delivered(await mined(world.assert(asked, signed)))).to.deep.equal(["Delivered 0"]);
        expect(await consumer.reentered()).to.equal(false);
        expect(errorOf(await consumer.reentryResult())?.name).to.equal("ReentrancyGuardReentrantCall");
      });
    }

    it("but may ask for more", async () => {
      const { world, consumer, operators, modelId } = stage();
      await world.connection.networkHelpers.setBalance(await consumer.getAddress(), 10n ** 18n);
      const again = consumer.interface.encodeFunctionData("request", [modelId, [INPUT], policyOf()]);
      const forward = consumer.interface.encodeFunctionData("forwardValue", [await consumer.getAddress(), again, 1n]);
      const asked = await ask(stage());
      await consumer.reenterWith(await consumer.getAddress(), forward);
      const receipt = await mined(world.assert(asked, await world.sign(asked, operators[0])));
      const events = eventsOf(receipt, coordinator()).map(({ name }) => name);
      expect(events).to.deep.equal(["Asserted", "Requested", "Delivered"]);
      expect(await stateOf(asked)).to.include({ status: "Asserted", provisionalDelivered: true });
      expect(await stateOf(world.asked(receipt))).to.include({ status: "Requested" });
    });

    it("from a withdrawal either", async () => {
      const { world, consumer, modelId, operators } = stage();
      const asked = await world.ask(modelId, { from: consumer });
      await world.time.increase(10_000);
      await coordinator().expire(asked.request);
      const address = await consumer.getAddress();
      const owed = await coordinator().owedTo(address);
      await consumer.reenterWith(world.address, encode("withdrawFor", [address]));
      await coordinator().withdrawFor(address);
      expect(await consumer.reentered()).to.equal(false);
      expect(await world.connection.ethers.provider.getBalance(address)).to.equal(owed);
      expect(await coordinator().owedTo(operators[0].address)).to.equal(0n);
    });
  });

  describe("keep their order", () => {
    it("no second Provisional beside the first", async () => {
      const { consumer } = stage();
      await askAgreed(stage());
      expect(await consumer.calls()).to.equal(1n);
    });

    it("no Provisional of what is held, but of what is released", async () => {
      const { world, consumer } = stage();
      await consumer.behave(REVERT);
      const { asked, second } = await askContested(stage());
      await consumer.behave(ACCEPT);
      await expect(world.deliver(asked, second))
        .to.be.revertedWithCustomError(coordinator(), "NothingToDeliver")
        .withArgs(asked.id);
      await world.arbiter.release(world.ref(asked, second));
      await world.deliver(asked, second);
      expect(await consumer.lastOutput()).to.equal(OTHER_OUTPUT);
    });

    it("Rejected before another Provisional", async () => {
      const { world, consumer, operators } = stage();
      const { asked, signed } = await askRejected(stage());
      const [, other] = operators;
      // Nobody told the consumer yet: the new answer stays untold.
      const second = await world.sign(asked, other, { output: OTHER_OUTPUT });
      expect(delivered(await mined(world.assert(asked, second)))).to.deep.equal([]);
      await expect(world.deliver(asked, second)).to.be.revertedWithCustomError(coordinator(), "NothingToDeliver");
      expect(delivered(await mined(world.deliver(asked, signed)))).to.deep.equal([`Delivered ${REJECTED}`]);
      expect(await consumer.lastOutput()).to.equal(OUTPUT);
      await expect(world.deliver(asked, signed)).to.be.revertedWithCustomError(coordinator(), "NothingToDeliver");
      expect(delivered(await mined(world.deliver(asked, second)))).to.deep.equal(["Delivered 0"]);
      expect(await consumer.lastOutput()).to.equal(OTHER_OUTPUT);
    });

    it("Rejected is repeated until it goes through", async () => {
      const { world, consumer, operators } = stage();
      const { asked, signed } = await askRejected(stage());
      await consumer.behave(BURN_GAS);
      expect(delivered(await mined(world.deliver(asked, signed)))).to.deep.equal(["DeliveryFailed 2"]);
      const word = await coordinator().assertionStateOf(asked.id, operators[0].address);
      expect(unpackWord(ASSERTION_STATE, word)).to.include({ live: false, delivered: true });
      await consumer.behave(ACCEPT);
      expect(delivered(await mined(world.deliver(asked, signed)))).to.deep.equal(["Delivered 2"]);
      expect(await stateOf(asked)).to.include({ provisionalDelivered: false });
    });

    it("no Rejected of what was never told", async () => {
      const { world, consumer } = stage();
      await consumer.behave(REVERT);
      const { asked, signed } = await askRejected(stage());
      await expect(world.deliver(asked, signed))
        .to.be.revertedWithCustomError(coordinator(), "NothingToDeliver")
        .withArgs(asked.id);
    });

    it("Final supersedes: no Rejected after it", async () => {
      const { world, consumer, operators } = stage();
      const { asked, signed } = await askRejected(stage());
      const second = await world.answer(asked, operators[1], { output: OTHER_OUTPUT });
      await world.time.increase(PARAMETERS.window);
      expect(delivered(await mined(world.finalise(asked, second)))).to.deep.equal(["Delivered 1"]);
      expect(await consumer.lastOutput()).to.equal(OTHER_OUTPUT);
      await expect(world.deliver(asked, signed))
        .to.be.revertedWithCustomError(coordinator(), "TermsMismatch")
        .withArgs(asked.id);
    });

    it("Final, once, of what was bought as Provisional alone and never went through", async () => {
      const { world, consumer } = stage();
      const { asked, signed } = await askMissed(stage());
      expect(await consumer.calls()).to.equal(0n);
      expect(delivered(await mined(world.deliver(asked, signed)))).to.deep.equal([`Delivered ${FINAL}`]);
      expect([await consumer.calls(), await consumer.lastStage()]).to.deep.equal([1n, FINAL]);
      await expect(world.deliver(asked, signed))
        .to.be.revertedWithCustomError(coordinator(), "NothingToDeliver")
        .withArgs(asked.id);
    });

    it("Final of the right answer to whom Provisional alone told the rejected one", async () => {
      const { world, consumer, modelId, operators } = stage();
      const policy = callbacks({ provisional: true }, { callbackGas: 400_000 });
      const asked = await world.ask(modelId, { from: consumer, policy });
      const wrong = await world.answer(asked, operators[0]);
      await world.arbiter.reject(world.ref(asked, wrong), ZeroAddress);
      const right = await world.answer(asked, operators[1], { output: OTHER_OUTPUT });
      await world.time.increase(PARAMETERS.window);
      expect(delivered(await mined(world.finalise(asked, right)))).to.deep.equal([]);
      expect(await consumer.lastOutput()).to.equal(OUTPUT);
      expect(delivered(await mined(world.deliver(asked, right)))).to.deep.equal([`Delivered ${FINAL}`]);
      expect(await consumer.lastOutput()).to.equal(OTHER_OUTPUT);
    });

    it("deliver names an assertion that was made", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const never = await world.sign(asked, operators[1]);
      await expect(world.deliver(asked, never))
        .to.be.revertedWithCustomError(coordinator(), "UnknownAssertion")
        .withArgs(asked.id, never.assertionId);
      await expect(coordinator().deliver(asked.request, signed.answer, "0x"))
        .to.be.revertedWithCustomError(coordinator(), "OutputLengthMismatch")
        .withArgs(96n, 0n);
    });
  });
});

const isView = (mutability: unknown) => mutability === "view" || mutability === "pure";
