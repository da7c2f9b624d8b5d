// What can be asked, who is drawn to answer, and what a later call must say about a request.
import { expect } from "chai";
import { id as hashOf, hexlify, parseEther, ZeroAddress } from "ethers";
import { ASSIGNMENT, packWord, REQUEST_STATE, unpackWord } from "../../oracle/chain/words.ts";
import { ask, askUntil, PENALTY_BPS, stageForEach } from "./scenes.ts";
import {
  ANSWER_PERIOD,
  artefactSpec,
  callbackCost,
  callbacks,
  FEE,
  INPUT,
  kernelSpec,
  mined,
  PARAMETERS,
  policyOf,
  type Request,
  rootOf,
} from "./world.ts";

const GWEI = 10n ** 9n;
const bytes = (length: number) => hexlify(new Uint8Array(length).fill(3));

describe("requests", () => {
  const stage = stageForEach();
  const request = (tensors: string[], policy = policyOf(), value = FEE) =>
    stage().world.coordinator.request(stage().modelId, tensors, policy, { value });

  describe("tensors", () => {
    it("are as many as the model's", async () => {
      const { coordinator } = stage().world;
      for (const tensors of [[], [INPUT, INPUT]]) {
        await expect(request(tensors))
          .to.be.revertedWithCustomError(coordinator, "TensorCountMismatch")
          .withArgs(1n, BigInt(tensors.length));
      }
    });

    it("are as long as the model's", async () => {
      const { coordinator } = stage().world;
      for (const length of [0, 127, 129, 65_537]) {
        await expect(request([bytes(length)]))
          .to.be.revertedWithCustomError(coordinator, "InputLengthMismatch")
          .withArgs(128n, BigInt(length));
      }
    });

    it("are each as long as the model's, in its order", async () => {
      const { world } = stage();
      const inputs = [300, 10, 4].map((length, i) => ({ name: `x${i}`, dtype: 4, dims: [length] }));
      const modelId = await world.register(world.signer(7), { ...artefactSpec(world.signer(7).address), inputs });
      const send = (lengths: number[]) =>
        world.coordinator.request(modelId, lengths.map(bytes), policyOf(), { value: FEE });
      await send([300, 10, 4]);
      // The same count and the same flat length, cut elsewhere.
      for (const lengths of [
        [299, 11, 4],
        [10, 300, 4],
        [300, 11, 4],
        [257, 256, 4],
      ]) {
        await expect(send(lengths))
          .to.be.revertedWithCustomError(world.coordinator, "TensorLengthsMismatch")
          .withArgs(modelId);
      }
      await expect(send([300, 4, 10]))
        .to.be.revertedWithCustomError(world.coordinator, "InputLengthMismatch")
        .withArgs(772n, 778n);
    });

    it("are stated flat in the event, and their root in the request", async () => {
      const { world } = stage();
      const inputs = [4, 5].map((length, i) => ({ name: `x${i}`, dtype: 4, dims: [length] }));
      const modelId = await world.register(world.signer(7), { ...artefactSpec(world.signer(7).address), inputs });
      const tensors = ["0x01020304", "0x0506070809"];
      const sent = world.coordinator.request(modelId, tensors, policyOf(), { value: FEE });
      const receipt = await mined(sent);
      const { input, request: made } = world.event(receipt, "Requested").args;
      const flat = `0x01020304${"00".repeat(252)}0506070809`;
      expect(input).to.equal(flat);
      expect(made.inputRoot).to.equal(rootOf(flat));
    });
  });

  describe("models", () => {
    it("are known", async () => {
      const { coordinator } = stage().world;
      const unknown = hashOf("unknown");
      await expect(coordinator.request(unknown, [INPUT], policyOf(), { value: FEE }))
        .to.be.revertedWithCustomError(coordinator, "UnknownModel")
        .withArgs(unknown);
    });

    it("have a tolerance that the policy accepts", async () => {
      const { world } = stage();
      const [atol, rtol] = [0x3f50000000000000n, 0x3f60000000000001n]; // 2^-10: class 38; above 2^-9: class 40
      const spec = { ...kernelSpec(world.signer(7).address, "tolerant"), atol, rtol };
      const modelId = await world.register(world.signer(7), spec);
      await world.ask(modelId, { policy: policyOf({ atolClass: 38, rtolClass: 40 }) });
      for (const classes of [
        { atolClass: 37, rtolClass: 40 },
        { atolClass: 38, rtolClass: 39 },
        { atolClass: 0, rtolClass: 255 },
      ]) {
        await expect(world.ask(modelId, { policy: policyOf(classes) }))
          .to.be.revertedWithCustomError(world.coordinator, "ToleranceNotAccepted")
          .withArgs(38n, 40n);
      }
    });
  });

  describe("policies", () => {
    const impossible = {
      "unused bits": [2, 3, 4, 5, 6, 7, 192, 200, 255].map((bit) => policyOf() | (1n << BigInt(bit))),
      answerPeriod: [0, Number(PARAMETERS.maxAnswerPeriod) + 1, 2 ** 32 - 1].map((answerPeriod) =>
        policyOf({ answerPeriod }),
      ),
      callbackGas: [
        policyOf({ provisional: true }),
        policyOf({ final: true }),
        policyOf({ callbackGas: 1 }),
        callbacks({ final: true }, { callbackGas: 2_000_001 }),
        callbacks({ provisional: true }, { callbackGas: 2 ** 24 - 1 }),
      ],
      callbackGasPrice: [policyOf({ callbackGasPrice: 1n })],
    };
    for (const [field, policies] of Object.entries(impossible)) {
      it(`have a possible ${field}`, async () => {
        for (const policy of policies) {
          await expect(request([INPUT], policy, parseEther("100")))
            .to.be.revertedWithCustomError(stage().world.coordinator, "PolicyMalformed")
            .withArgs(field);
        }
      });
    }

    it("reach their limits", async () => {
      const { world, modelId } = stage();
      await world.ask(modelId, { policy: policyOf({ answerPeriod: 1 }) });
      await world.ask(modelId, { policy: policyOf({ answerPeriod: Number(PARAMETERS.maxAnswerPeriod) }) });
      await world.ask(modelId, { policy: callbacks({ final: true }, { callbackGas: 2_000_000 }) });
      await world.ask(modelId, { policy: callbacks({ provisional: true }, { callbackGas: 1 }) });
      await world.ask(modelId, { policy: policyOf({ minBond: 2n ** 48n - 1n, atolClass: 255, rtolClass: 255 }) });
    });
  });

  describe("payment", () => {
    it("is more than the callbacks cost", async () => {
      const { coordinator } = stage().world;
      await expect(request([INPUT], policyOf(), 0n))
        .to.be.revertedWithCustomError(coordinator, "Underpaid")
        .withArgs(0n, 0n);
      const policy = callbacks({ provisional: true, final: true }, { callbackGas: 100_000, callbackGasPrice: 7n });
      const cost = callbackCost(policy);
      expect(cost).to.equal(1_400_000n);
      for (const value of [0n, cost - 1n, cost]) {
        await expect(request([INPUT], policy, value))
          .to.be.revertedWithCustomError(coordinator, "Underpaid")
          .withArgs(value, cost);
      }
      const { request: made } = stage().world.asked(await mined(request([INPUT], policy, cost + 1n)));
      expect(made.fee).to.equal(1n);
    });

    it("is at most what a fee can hold", async () => {
      const { world } = stage();
      const [tooMuch, rich] = [2n ** 96n, world.signer(0)];
      await world.connection.networkHelpers.setBalance(rich.address, 2n ** 100n);
      await expect(request([INPUT], policyOf(), tooMuch))
        .to.be.revertedWithCustomError(world.coordinator, "FeeTooLarge")
        .withArgs(tooMuch);
      const { request: made } = world.asked(await mined(request([INPUT], policyOf(), tooMuch - 1n)));
      expect(made.fee).to.equal(tooMuch - 1n);
    });
  });

  describe("identity", () => {
    it("tells equal requests of one block apart", async () => {
      const { world, modelId } = stage();
      const { provider } = world.connection.ethers;
      await provider.send("evm_setAutomine", [false]);
      const gas = { value: FEE, gasLimit: 300_000n };
      const send = () => world.coordinator.request(modelId, [INPUT], policyOf(), gas);
      const sent = [await send(), await send(), await send()];
      const other = await world.coordinator.connect(world.signer(1)).request(modelId, [INPUT], policyOf(), gas);
      await provider.send("evm_mine", []);
      await provider.send("evm_setAutomine", [true]);
      const asked = await Promise.all(
        [...sent, other].map(async (transaction) => world.asked(await mined(Promise.resolve(transaction)))),
      );
      const first = BigInt(await provider.getBlockNumber()) << 16n;
      expect(asked.map(({ request }) => request.nonce)).to.deep.equal([first, first + 1n, first + 2n, first]);
      expect(new Set(asked.map(({ id }) => id)).size).to.equal(4);
      const again = await world.ask(modelId);
      expect(again.request.nonce).to.equal(first + (1n << 16n));
    });

    it("is all that the event states: another field is another request or other terms", async () => {
      const { world } = stage();
      const { asked } = await askUntil(stage(), "Requested");
      await world.time.increase(ANSWER_PERIOD);
      const changes: Partial<Request>[] = [
        { requester: world.signer(0).address },
        { nonce: asked.request.nonce + 1n },
        { modelId: hashOf("x") },
        { inputRoot: hashOf("x") },
        { policy: asked.request.policy + (1n << 96n) },
        { fee: asked.request.fee + 1n },
      ];
      for (const change of changes) {
        const other = { ...asked.request, ...change };
        await expect(world.coordinator.expire(other))
          .to.be.revertedWithCustomError(world.coordinator, "UnknownRequest")
          .withArgs(await world.coordinator.requestIdOf(other));
      }
      for (const change of [
        { model: asked.request.model + 1n },
        { assignment: asked.request.assignment ^ (1n << 255n) },
      ]) {
        await expect(world.coordinator.expire({ ...asked.request, ...change }))
          .to.be.revertedWithCustomError(world.coordinator, "TermsMismatch")
          .withArgs(asked.id);
      }
      await world.coordinator.expire(asked.request);
    });

    it("is checked by every call that takes a request", async () => {
      const { world } = stage();
      const { coordinator } = world;
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const lie = { ...asked.request, model: asked.request.model ^ (1n << 160n) };
      await world.time.increase(PARAMETERS.window);
      const { answer, outputRoot, output, signature } = signed;
      const second = await world.sign(asked, stage().operators[1]);
      const calls = [
        () => coordinator.assertBeside({ ...second, request: lie }, answer, outputRoot, "0x"),
        () => coordinator.finalise(lie, answer, outputRoot, output),
        () => coordinator.finaliseBatch([{ request: lie, answer, outputRoot, output }]),
        () => coordinator.deliver(lie, answer, output),
      ];
      for (const call of calls) {
        await expect(call()).to.be.revertedWithCustomError(coordinator, "TermsMismatch").withArgs(asked.id);
      }
      await world.finalise(asked, signed);
      for (const call of [
        () => coordinator.settle(lie, answer, outputRoot, outputRoot),
        () => coordinator.settle(asked.request, answer, outputRoot, hashOf("x")),
        () => coordinator.deliver(lie, answer, output),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(coordinator, "TermsMismatch").withArgs(asked.id);
      }
      const fresh = await ask(stage());
      const lied = { ...fresh.request, assignment: fresh.request.assignment + (1n << 200n) };
      const signedFresh = await world.sign(fresh, stage().operators[0]);
      for (const call of [
        () => coordinator.assertResult(lied, signedFresh.answer, output, signature),
        () => coordinator.assertResults([{ ...signedFresh, request: lied }]),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(coordinator, "TermsMismatch").withArgs(fresh.id);
      }
    });
  });

  describe("the draw", () => {
    const offer = (
      index: 0 | 1 | 2,
      terms: { price?: bigint; latency?: bigint; penalty?: bigint; kgas?: bigint } = {},
    ) => {
      const { price = 0n, latency = 60n, penalty = 0n, kgas = 2_000n } = terms;
      const { world, modelId, operators } = stage();
      return world.coordinator.connect(operators[index].account).setOffer(modelId, price, latency, penalty, kgas);
    };
    const drawn = async (options: { policy?: bigint; fee?: bigint } = {}) => {
      const { world, modelId } = stage();
      return unpackWord(ASSIGNMENT, (await world.ask(modelId, options)).request.assignment);
    };

    it("assigns nobody without offers", async () => {
      const requestedAt = (await drawn()).requestedAt;
      expect(requestedAt).to.equal(await stage().world.time.latest());
      expect(await drawn()).to.deep.include({ operator: ZeroAddress, latency: 0, penaltyBps: 0 });
    });

    it("takes the one fit offer among unfit ones, on its terms", async () => {
      const { operators, world, modelId } = stage();
      await offer(0, { price: FEE / GWEI + 1n });
      await offer(1, { latency: 120n, penalty: PENALTY_BPS });
      await world.coordinator.connect(operators[2].account).setLive(false);
      await offer(2);
      for (let i = 0; i < 5; i++) {
        expect(await drawn()).to.deep.include({ operator: operators[1].address, latency: 120, penaltyBps: 5_000 });
      }
      expect((await world.coordinator.offersOf(modelId, 0n, 10n)).length).to.equal(3);
    });

    it("passes over what is unfit by a hair", async () => {
      const { world, operators } = stage();
      const [operator] = operators;
      const net = FEE - (FEE * 500n) / 10_000n;
      const policy = callbacks({ final: true }, { callbackGas: 300_001, answerPeriod: 100 });
      const fits = async () => (await drawn({ policy })).operator === operator.address;
      await offer(0, { price: net / GWEI, latency: 100n, kgas: 301n });
      expect(await fits()).to.equal(true);
      await offer(0, { price: net / GWEI + 1n, latency: 100n, kgas: 301n });
      expect(await fits(), "price").to.equal(false);
      await offer(0, { price: net / GWEI, latency: 101n, kgas: 301n });
      expect(await fits(), "latency").to.equal(false);
      await offer(0, { price: net / GWEI, latency: 100n, kgas: 300n });
      expect(await fits(), "callback gas").to.equal(false);
      await offer(0, { price: net / GWEI, latency: 100n, kgas: 301n });
      // Stake free for one bond more, then for a gwei less.
      const { stake } = await world.coordinator.operatorOf(operator.address);
      await world.coordinator.connect(operator.account).requestExit(stake - PARAMETERS.minStake);
      const bond = { ...{ callbackGas: 300_000, answerPeriod: 100 }, minBond: PARAMETERS.minStake / GWEI };
      expect((await drawn({ policy: callbacks({ final: true }, bond) })).operator).to.equal(operator.address);
      const more = { ...bond, minBond: bond.minBond + 1n };
      expect((await drawn({ policy: callbacks({ final: true }, more) })).operator, "stake").to.equal(ZeroAddress);
      await world.coordinator.connect(operator.account).requestExit(1n);
      expect(await fits(), "jailed").to.equal(false);
    });

    it("looks at four offers at most, however many there are", async () => {
      const { world, modelId, operators } = stage();
      await offer(0);
      for (let index = 4; index < 14; index++) {
        const idle = await world.enlist(world.signer(index));
        await world.coordinator.connect(idle.account).setOffer(modelId, 0n, 60n, 0n, 2_000n);
        await world.coordinator.connect(idle.account).setLive(false);
      }
      const seen = new Set<string>();
      for (let i = 0; i < 40; i++) {
        const { request } = await world.ask(modelId);
        seen.add(unpackWord(ASSIGNMENT, request.assignment).operator);
      }
      // Of eleven, one is fit: with a look at all of them nobody else would ever be drawn.
      expect([...seen].sort()).to.deep.equal([operators[0].address, ZeroAddress].sort());
    });

    it("applies no penalty to a model that cannot be disputed", async () => {
      const { world, operators } = stage();
      const modelId = await world.register(world.signer(7), artefactSpec(world.signer(7).address));
      await world.coordinator.connect(operators[0].account).setOffer(modelId, 0n, 60n, 10_000n, 2_000n);
      const { request } = await world.ask(modelId);
      expect(unpackWord(ASSIGNMENT, request.assignment)).to.deep.include({
        operator: operators[0].address,
        penaltyBps: 0,
      });
    });

    it("reaches every offer", async () => {
      const { operators } = stage();
      for (const index of [0, 1, 2] as const) await offer(index);
      const seen = new Set<string>();
      for (let i = 0; i < 40; i++) seen.add((await drawn()).operator);
      expect([...seen].sort()).to.deep.equal(operators.map(({ address }) => address).sort());
    });
  });

  it("begin in the state that their word says", async () => {
    const { world, modelId } = stage();
    const { id, request: made } = await world.ask(modelId);
    const { commitment: _, ...state } = unpackWord(REQUEST_STATE, await world.coordinator.requestStateOf(id));
    const startedAt = await world.time.latest();
    expect(state).to.deep.equal({
      status: "Requested",
      provisionalDelivered: false,
      finalDelivered: false,
      latenessSettled: false,
      reopened: false,
      live: 0,
      startedAt,
    });
    const assignment = { operator: ZeroAddress, requestedAt: startedAt, latency: 0, penaltyBps: 0 };
    expect(made.assignment).to.equal(packWord(ASSIGNMENT, assignment));
    expect(made.model).to.equal(await world.coordinator.modelOf(modelId));
  });
});
