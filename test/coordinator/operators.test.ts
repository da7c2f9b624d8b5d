// Stake, exits, keys, offers and payouts.
import { expect } from "chai";
import { computeAddress, id as hashOf, keccak256, parseEther, ZeroAddress } from "ethers";
import { MODEL, OFFER, unpackWord } from "../../oracle/chain/words.ts";
import { askUntil, stageForEach } from "./scenes.ts";
import { artefactSpec, FEE, keyOf, type Operator, PARAMETERS, policyOf } from "./world.ts";

const { minStake, exitDelay, operatorBond } = PARAMETERS;
const MAX_UINT80 = 2n ** 80n - 1n;

describe("operators", () => {
  const stage = stageForEach();
  const coordinator = () => stage().world.coordinator;
  const as = (index: number) => coordinator().connect(stage().world.signer(index));
  const operatorOf = async (index: number) => coordinator().operatorOf(stage().world.signer(index).address);

  describe("stake", () => {
    it("is at least the minimum, dust is refused", async () => {
      await expect(as(9).stake()).to.be.revertedWithCustomError(coordinator(), "ZeroAmount").withArgs();
      for (const value of [1n, minStake - 1n]) {
        await expect(as(9).stake({ value }))
          .to.be.revertedWithCustomError(coordinator(), "StakeBelowMinimum")
          .withArgs(value, minStake);
      }
      await expect(as(9).stake({ value: minStake }))
        .to.emit(coordinator(), "Staked")
        .withArgs(stage().world.signer(9).address, minStake, minStake);
      await expect(as(9).stake()).to.be.revertedWithCustomError(coordinator(), "ZeroAmount");
      await as(9).stake({ value: 1n });
      expect((await operatorOf(9)).stake).to.equal(minStake + 1n);
    });

    it("is at most what its field holds", async () => {
      const { world } = stage();
      await world.connection.networkHelpers.setBalance(world.signer(9).address, 2n ** 90n);
      await expect(as(9).stake({ value: MAX_UINT80 + 1n }))
        .to.be.revertedWithCustomError(coordinator(), "AmountTooLarge")
        .withArgs(MAX_UINT80 + 1n);
      await as(9).stake({ value: MAX_UINT80 });
      await expect(as(9).stake({ value: 1n }))
        .to.be.revertedWithCustomError(coordinator(), "AmountTooLarge")
        .withArgs(1n);
    });
  });

  describe("exits", () => {
    it("are of free stake", async () => {
      const { stake } = await operatorOf(1);
      await expect(as(1).requestExit(0n)).to.be.revertedWithCustomError(coordinator(), "ZeroAmount");
      await expect(as(1).requestExit(stake + 1n))
        .to.be.revertedWithCustomError(coordinator(), "StakeTooLow")
        .withArgs(stake, stake + 1n);
      await askUntil(stage(), "Asserted");
      const free = stake - operatorBond;
      await expect(as(1).requestExit(free + 1n))
        .to.be.revertedWithCustomError(coordinator(), "StakeTooLow")
        .withArgs(free, free + 1n);
      await as(1).requestExit(free);
      const { stake: left, locked, exiting, jailed } = await operatorOf(1);
      expect([left, locked, exiting, jailed]).to.deep.equal([operatorBond, operatorBond, free, true]);
    });

    it("take their delay, to the second, and go where the operator says", async () => {
      const { world } = stage();
      const [amount, to] = [parseEther("3"), world.signer(18).address];
      await expect(as(1).completeExit(to))
        .to.be.revertedWithCustomError(coordinator(), "NoExitPending")
        .withArgs(world.signer(1).address);
      await as(1).requestExit(amount);
      const exitAt = BigInt(await world.time.latest()) + exitDelay;
      await world.at(exitAt - 1n);
      await expect(as(1).completeExit(to)).to.be.revertedWithCustomError(coordinator(), "ExitPending").withArgs(exitAt);
      await world.at(exitAt);
      await expect(as(1).completeExit(ZeroAddress)).to.be.revertedWithCustomError(coordinator(), "ZeroRecipient");
      await expect(as(1).completeExit(to)).to.changeEtherBalances(
        world.connection.ethers,
        [to, world.address],
        [amount, -amount],
      );
      await expect(as(1).completeExit(to)).to.be.revertedWithCustomError(coordinator(), "NoExitPending");
    });

    it("that are joined start anew, whole", async () => {
      const { world } = stage();
      await as(1).requestExit(parseEther("1"));
      await world.time.increase(exitDelay - 1n);
      await as(1).requestExit(parseEther("2"));
      const { exiting, exitAt } = await operatorOf(1);
      expect([exiting, exitAt]).to.deep.equal([parseEther("3"), BigInt(await world.time.latest()) + exitDelay]);
      await world.time.increase(10);
      await expect(as(1).completeExit(world.signer(1).address))
        .to.be.revertedWithCustomError(coordinator(), "ExitPending")
        .withArgs(exitAt);
    });

    it("can be slashed to the last second, after free stake and before what is locked", async () => {
      const { world } = stage();
      await askUntil(stage(), "Asserted");
      const { address } = world.signer(1);
      await as(1).requestExit(parseEther("4"));
      await world.time.increase(exitDelay * 2n); // over, but not completed
      const slash = (amount: bigint) => world.arbiter.slash(address, amount, []);
      const free = parseEther("6") - operatorBond;
      await slash(free + parseEther("1"));
      const { stake, locked, exiting } = await operatorOf(1);
      expect([stake, locked, exiting]).to.deep.equal([operatorBond, operatorBond, parseEther("3")]);
      await expect(slash(parseEther("50")))
        .to.emit(coordinator(), "Slashed")
        .withArgs(address, parseEther("3"), parseEther("3"));
      const rest = await operatorOf(1);
      expect([rest.stake, rest.locked, rest.exiting]).to.deep.equal([operatorBond, operatorBond, 0n]);
      await expect(as(1).completeExit(address)).to.be.revertedWithCustomError(coordinator(), "NoExitPending");
    });

    it("to a receiver that refuses are undone", async () => {
      const { world, consumer } = stage();
      await consumer.refuseEther(true);
      await as(1).requestExit(1n);
      await world.time.increase(exitDelay);
      await expect(as(1).completeExit(consumer.target))
        .to.be.revertedWithCustomError(coordinator(), "TransferFailed")
        .withArgs(consumer.target, 1n);
      expect((await operatorOf(1)).exiting).to.equal(1n);
    });
  });

  describe("slashes", () => {
    it("pay in order, as far as they reach, and burn the rest", async () => {
      const { world } = stage();
      const [victim, first, second] = [1, 8, 9].map((index) => world.signer(index).address) as [string, string, string];
      const { stake } = await operatorOf(1);
      await as(1).requestExit(stake - parseEther("1"));
      await world.time.increase(exitDelay);
      await as(1).completeExit(victim);
      const payouts = [
        { recipient: first, amount: parseEther("0.8") },
        { recipient: second, amount: parseEther("0.5") },
        { recipient: first, amount: parseEther("0.1") },
      ];
      await expect(world.arbiter.slash(victim, parseEther("2"), payouts))
        .to.emit(coordinator(), "Slashed")
        .withArgs(victim, parseEther("1"), 0n);
      expect(await coordinator().owedTo(first)).to.equal(parseEther("0.8"));
      expect(await coordinator().owedTo(second)).to.equal(parseEther("0.2"));
    });

    it("are remembered until the operator stakes again", async () => {
      const { world } = stage();
      const victim = world.signer(1).address;
      const slashed = async () => (await operatorOf(1)).slashed;
      await world.arbiter.slash(victim, 0n, []);
      expect(await slashed(), "nothing was taken").to.equal(false);
      await world.arbiter.slash(victim, 1n, []);
      expect(await slashed()).to.equal(true);
      await as(1).stake({ value: 1n });
      expect(await slashed(), "staked again").to.equal(false);
    });

    it("pay no more than they take", async () => {
      const { world } = stage();
      const payouts = [
        { recipient: world.signer(8).address, amount: 6n },
        { recipient: world.signer(9).address, amount: 5n },
      ];
      await expect(world.arbiter.slash(world.signer(1).address, 10n, payouts))
        .to.be.revertedWithCustomError(coordinator(), "PayoutsExceedSlash")
        .withArgs(11n, 10n);
    });
  });

  describe("keys", () => {
    it("agree by a signature for this operator here", async () => {
      const { world } = stage();
      const key = keyOf("new");
      const [mine, yours] = [world.signer(1).address, world.signer(2).address];
      const signature = world.bind(key, mine);
      await expect(as(1).addKey(signature)).to.emit(coordinator(), "KeyAdded").withArgs(mine, computeAddress(key));
      const { operator, addedAt, retiredAt } = await coordinator().keyOf(computeAddress(key));
      expect([operator, addedAt, retiredAt]).to.deep.equal([mine, BigInt(await world.time.latest()), 0n]);
      for (const caller of [1, 2]) {
        await expect(as(caller).addKey(world.bind(key, caller === 1 ? mine : yours)))
          .to.be.revertedWithCustomError(coordinator(), "KeyInUse")
          .withArgs(computeAddress(key), mine);
      }
      // Somebody who copies a signature binds a key that nobody has.
      const other = keyOf("other");
      await as(2).addKey(world.bind(other, mine));
      expect((await coordinator().keyOf(computeAddress(other))).operator).to.equal(ZeroAddress);
    });

    it("are refused for a malformed signature, and to who staked nothing", async () => {
      const { world } = stage();
      await expect(as(1).addKey("0x")).to.be.revertedWithCustomError(coordinator(), "InvalidSignature").withArgs(0n);
      await expect(as(9).addKey(world.bind(keyOf("new"), world.signer(9).address)))
        .to.be.revertedWithCustomError(coordinator(), "NothingStaked")
        .withArgs();
    });

    it("are retired by their operator, once and for ever", async () => {
      const { world, operators } = stage();
      const [operator] = operators;
      const key = computeAddress(operator.key);
      await expect(as(2).retireKey(key))
        .to.be.revertedWithCustomError(coordinator(), "NotKeyOwner")
        .withArgs(key, world.signer(2).address);
      await expect(as(1).retireKey(world.signer(9).address))
        .to.be.revertedWithCustomError(coordinator(), "UnknownKey")
        .withArgs(world.signer(9).address);
      await expect(as(1).retireKey(key)).to.emit(coordinator(), "KeyRetired").withArgs(operator.address, key);
      const retiredAt = BigInt(await world.time.latest());
      await expect(as(1).retireKey(key))
        .to.be.revertedWithCustomError(coordinator(), "KeyIsRetired")
        .withArgs(key, retiredAt);
      await expect(as(1).addKey(world.bind(operator.key, operator.address)))
        .to.be.revertedWithCustomError(coordinator(), "KeyInUse")
        .withArgs(key, operator.address);
    });

    it("switch their operator live and change its offers, until they are retired", async () => {
      const { world, operators, modelId } = stage();
      const [operator] = operators;
      const { ethers, networkHelpers } = world.connection;
      const key = computeAddress(operator.key);
      await networkHelpers.impersonateAccount(key);
      await networkHelpers.setBalance(key, parseEther("1"));
      const byKey = coordinator().connect(await ethers.getSigner(key));
      await byKey.setLive(false);
      expect((await operatorOf(1)).live).to.equal(false);
      await byKey.setOffer(modelId, 1n, 60n, 0n, 0n);
      await byKey.setLive(true);
      await byKey.removeOffer(modelId, operator.address);
      await byKey.setOffer(modelId, 1n, 60n, 0n, 0n);
      await as(1).retireKey(key);
      const retiredAt = BigInt(await world.time.latest());
      const calls = [
        () => byKey.setLive(false),
        () => byKey.setOffer(modelId, 2n, 60n, 0n, 0n),
        () => byKey.removeOffer(modelId, operator.address),
      ];
      for (const call of calls) {
        await expect(call()).to.be.revertedWithCustomError(coordinator(), "KeyIsRetired").withArgs(key, retiredAt);
      }
    });

    it("that are an operator themselves act for themselves", async () => {
      const { world, modelId } = stage();
      const [own, another] = [world.signer(1), world.signer(2)];
      // Hardhat's accounts sign through their node: as keys they are bound by eth_signTypedData.
      const types = { KeyBinding: [{ name: "operator", type: "address" }] };
      await as(1).addKey(await own.signTypedData(world.domain, types, { operator: own.address }));
      await as(1).retireKey(own.address);
      await as(1).setLive(false);
      expect((await operatorOf(1)).live).to.equal(false);
      await as(1).setOffer(modelId, 1n, 60n, 0n, 0n);
      await as(1).addKey(await another.signTypedData(world.domain, types, { operator: own.address }));
      await as(2).setOffer(modelId, 2n, 60n, 0n, 0n);
      expect((await coordinator().offersOf(modelId, 0n, 9n)).length).to.equal(2);
    });
  });

  describe("offers", () => {
    const terms = { price: 5n, latency: 60n, penalty: 100n, kgas: 200n };
    const setOffer = (index: number, changes: Partial<typeof terms> = {}, modelId = stage().modelId) => {
      const { price, latency, penalty, kgas } = { ...terms, ...changes };
      return as(index).setOffer(modelId, price, latency, penalty, kgas);
    };
    const listed = async () =>
      (await coordinator().offersOf(stage().modelId, 0n, 100n)).map((word) => unpackWord(OFFER, word).operator);

    it("are within their ranges", async () => {
      const wrong = [
        { field: "latency", value: 0n, changes: { latency: 0n } },
        { field: "penaltyBps", value: 10_001n, changes: { penalty: 10_001n } },
        { field: "callbackKgas", value: 2_001n, changes: { kgas: 2_001n } },
      ];
      for (const { field, value, changes } of wrong) {
        await expect(setOffer(1, changes))
          .to.be.revertedWithCustomError(coordinator(), "OfferOutOfRange")
          .withArgs(field, value);
      }
      await setOffer(1, { price: 2n ** 48n - 1n, latency: 65_535n, penalty: 10_000n, kgas: 2_000n });
    });

    it("are for known models, by who has the stake", async () => {
      const unknown = hashOf("unknown");
      await expect(setOffer(1, {}, unknown))
        .to.be.revertedWithCustomError(coordinator(), "UnknownModel")
        .withArgs(unknown);
      await expect(setOffer(9))
        .to.be.revertedWithCustomError(coordinator(), "StakeBelowMinimum")
        .withArgs(0n, minStake);
      await as(1).requestExit((await operatorOf(1)).stake - minStake + 1n);
      await expect(setOffer(1))
        .to.be.revertedWithCustomError(coordinator(), "StakeBelowMinimum")
        .withArgs(minStake - 1n, minStake);
    });

    it("keep their place when they change", async () => {
      const { modelId, operators } = stage();
      await setOffer(1);
      await setOffer(2);
      await setOffer(1, { price: 6n });
      expect(await listed()).to.deep.equal([operators[0].address, operators[1].address]);
      const expected = { operator: operators[0].address, price: 6n, latency: 60, penaltyBps: 100, callbackKgas: 200 };
      const own = await coordinator().offerOf(modelId, operators[0].address);
      expect(unpackWord(OFFER, own)).to.deep.equal(expected);
      expect(unpackWord(MODEL, await coordinator().modelOf(modelId)).offerCount).to.equal(2);
    });

    it("that are removed leave their place to the last", async () => {
      const { modelId, operators } = stage();
      const [first, second, third] = operators.map(({ address }) => address) as [string, string, string];
      for (const index of [1, 2, 3]) await setOffer(index);
      await expect(as(1).removeOffer(modelId, first)).to.emit(coordinator(), "OfferRemoved").withArgs(modelId, first);
      expect(await listed()).to.deep.equal([third, second]);
      await as(2).removeOffer(modelId, second); // the last itself
      expect(await listed()).to.deep.equal([third]);
      await setOffer(1);
      await as(3).removeOffer(modelId, third);
      expect(await listed()).to.deep.equal([first]);
      await as(1).removeOffer(modelId, first);
      expect(await listed()).to.deep.equal([]);
      expect(await coordinator().offerOf(modelId, first)).to.equal(0n);
      await expect(as(1).removeOffer(modelId, first))
        .to.be.revertedWithCustomError(coordinator(), "NoOffer")
        .withArgs(modelId, first);
    });

    it("of operators that are idle or in jail are removed by anybody, of others not", async () => {
      const { modelId, operators } = stage();
      const [live, idle, jailed] = operators.map(({ address }) => address) as [string, string, string];
      for (const index of [1, 2, 3]) await setOffer(index);
      await as(2).setLive(false);
      await as(3).requestExit((await operatorOf(3)).stake - minStake + 1n);
      await expect(as(9).removeOffer(modelId, live))
        .to.be.revertedWithCustomError(coordinator(), "OfferIsLive")
        .withArgs(modelId, live);
      await expect(as(2).removeOffer(modelId, live)).to.be.revertedWithCustomError(coordinator(), "OfferIsLive");
      await as(9).removeOffer(modelId, idle);
      await as(9).removeOffer(modelId, jailed);
      expect(await listed()).to.deep.equal([live]);
    });

    it("can be read in pages", async () => {
      const { modelId } = stage();
      for (const index of [1, 2, 3]) await setOffer(index);
      const length = async (start: bigint, count: bigint) =>
        (await coordinator().offersOf(modelId, start, count)).length;
      expect(await length(0n, 2n)).to.equal(2);
      expect(await length(2n, 2n)).to.equal(1);
      expect(await length(3n, 2n)).to.equal(0);
      expect(await length(2n ** 256n - 1n, 2n ** 256n - 1n)).to.equal(0);
      expect(await length(0n, 2n ** 256n - 1n)).to.equal(3);
    });

    it("are at most as many as a model's word counts", async () => {
      const { world, modelId } = stage();
      // 4,095 operators would take too long: the count is a field of the model's word, written through storage.
      const { networkHelpers } = world.connection;
      const slot = await modelSlot(modelId);
      const word = await coordinator().modelOf(modelId);
      await networkHelpers.setStorageAt(world.address, slot, toWord(word | (0xfffn << 231n)));
      await expect(setOffer(1)).to.be.revertedWithCustomError(coordinator(), "OfferListFull").withArgs(modelId);
    });

    /** Where the model's word is stored: the one slot of a mapping that holds it. */
    const modelSlot = async (modelId: string): Promise<string> => {
      const { world } = stage();
      const word = toWord(await coordinator().modelOf(modelId));
      for (let position = 0; position < 20; position++) {
        const slot = keccak256(`${modelId}${toWord(BigInt(position)).slice(2)}`);
        const stored = await world.connection.ethers.provider.getStorage(world.address, slot);
        if (stored === word) return slot;
      }
      throw new Error("no slot has the model's word");
    };
  });

  describe("payouts", () => {
    const earn = async (): Promise<{ operator: Operator; net: bigint }> => {
      const { world, operators, modelId } = stage();
      const asked = await world.ask(modelId);
      const signed = await world.answer(asked, operators[0]);
      await world.time.increase(PARAMETERS.window);
      await world.finalise(asked, signed);
      return { operator: operators[0], net: FEE - FEE / 20n };
    };

    it("go where their owner says, or by anybody to their owner", async () => {
      const { world } = stage();
      const { operator, net } = await earn();
      const [to, { address: owner }] = [world.signer(18).address, world.signer(7)];
      await expect(as(1).withdraw(to)).to.changeEtherBalances(
        world.connection.ethers,
        [to, world.address],
        [net, -net],
      );
      await expect(as(9).withdrawFor(owner)).to.changeEtherBalance(world.connection.ethers, owner, FEE / 20n);
      for (const call of [() => as(1).withdraw(to), () => as(9).withdrawFor(operator.address)]) {
        await expect(call())
          .to.be.revertedWithCustomError(coordinator(), "NothingToWithdraw")
          .withArgs(operator.address);
      }
    });

    it("do not go nowhere, nor to a receiver that refuses", async () => {
      const { consumer } = stage();
      const { operator, net } = await earn();
      await expect(as(1).withdraw(ZeroAddress)).to.be.revertedWithCustomError(coordinator(), "ZeroRecipient");
      await consumer.refuseEther(true);
      await expect(as(1).withdraw(consumer.target))
        .to.be.revertedWithCustomError(coordinator(), "TransferFailed")
        .withArgs(consumer.target, net);
      expect(await coordinator().owedTo(operator.address)).to.equal(net);
    });

    it("add earnings and other claims up", async () => {
      const { world } = stage();
      const { operator, net } = await earn();
      await world.arbiter.slash(world.signer(2).address, 5n, [{ recipient: operator.address, amount: 5n }]);
      expect(await coordinator().owedTo(operator.address)).to.equal(net + 5n);
      await expect(as(1).withdraw(operator.address))
        .to.emit(coordinator(), "Withdrawn")
        .withArgs(operator.address, operator.address, net + 5n);
    });

    it("beyond what the operator's word holds are owed all the same, and block nothing", async () => {
      const { world, operators, modelId } = stage();
      const fee = 2n ** 80n + 12_345n;
      await world.connection.networkHelpers.setBalance(world.signer(0).address, 2n ** 90n);
      for (let i = 0; i < 2; i++) {
        const asked = await world.ask(modelId, { fee });
        const signed = await world.answer(asked, operators[0]);
        await world.time.increase(PARAMETERS.window);
        await world.finalise(asked, signed);
      }
      const net = 2n * (fee - (fee * 500n) / 10_000n);
      expect(net > MAX_UINT80).to.equal(true);
      expect((await operatorOf(1)).earnings).to.equal(MAX_UINT80);
      expect((await operatorOf(1)).locked).to.equal(0n);
      expect(await coordinator().owedTo(operators[0].address)).to.equal(net);
      await expect(as(1).withdraw(world.signer(18).address)).to.changeEtherBalance(
        world.connection.ethers,
        world.signer(18).address,
        net,
      );
    });
  });

  it("see their word field by field through the lens", async () => {
    const { world, modelId, operators } = stage();
    const lens = await world.connection.ethers.deployContract("Lens", [world.address]);
    await as(1).setOffer(modelId, 95n, 60n, 100n, 200n);
    await as(2).setOffer(modelId, 0n, 30n, 0n, 2_000n);
    const policy = policyOf({ final: true, callbackGas: 200_000, callbackGasPrice: 3n });
    const { quotes, callbackCost } = await lens.quotesFor(modelId, policy, 0n, 10n);
    expect(callbackCost).to.equal(600_000n);
    const quoted = quotes.map(({ operator, fee, latency, penaltyBps }) => [operator, fee, latency, penaltyBps]);
    expect(quoted).to.deep.equal([
      [operators[0].address, 99_999_999_999n, 60n, 100n], // of which 5 % round down to 4,999,999,999
      [operators[1].address, 1n, 30n, 0n],
    ]);
    // A quote is exact: a wei less and its operator is not drawn.
    await as(2).setLive(false);
    const least = quotes[0]?.fee ?? 0n;
    const drawn = async (fee: bigint) =>
      BigInt.asUintN(160, (await world.ask(modelId, { fee, policy })).request.assignment);
    expect(await drawn(least)).to.equal(BigInt(operators[0].address));
    expect(await drawn(least - 1n)).to.equal(0n);
    expect((await lens.quotesFor(modelId, policy, 0n, 10n)).quotes.length).to.equal(1);
    const unfit = [
      policyOf({ final: true, callbackGas: 200_001 }),
      policyOf({ answerPeriod: 59 }),
      policyOf({ minBond: 2n ** 40n }),
    ];
    for (const other of unfit) expect((await lens.quotesFor(modelId, other, 0n, 10n)).quotes.length).to.equal(0);

    const { owner, royaltyBps, deprecated, disputable, inputCount, inputBytes, outputBytes, offerCount } =
      await lens.modelOf(modelId);
    expect([owner, royaltyBps, deprecated, disputable]).to.deep.equal([world.signer(7).address, 500n, false, true]);
    expect([inputCount, inputBytes, outputBytes, offerCount]).to.deep.equal([1n, 128n, 96n, 2n]);

    const { asked, signed } = await askUntil(stage(), "Asserted");
    const startedAt = BigInt((await asked.receipt.getBlock()).timestamp);
    const request = await lens.requestOf(asked.id);
    expect([request.status, request.liveAssertions, request.startedAt]).to.deep.equal([2n, 1n, startedAt]);
    const flags = [request.provisionalDelivered, request.finalDelivered, request.reopened];
    expect(flags).to.deep.equal([true, false, false]);
    const assertion = await lens.assertionOf(asked.id, signed.answer.operator);
    expect([assertion.live, assertion.held, assertion.delivered]).to.deep.equal([true, false, true]);
    const finalisableAt = BigInt(await world.time.latest()) + PARAMETERS.window;
    expect([assertion.finalisableAt, assertion.bond]).to.deep.equal([finalisableAt, operatorBond]);
  });

  it("at a royalty of everything take only what is for nothing", async () => {
    const { world } = stage();
    const lens = await world.connection.ethers.deployContract("Lens", [world.address]);
    const modelId = await world.register(world.signer(7), artefactSpec(world.signer(7).address), 10_000n);
    await as(1).setOffer(modelId, 1n, 60n, 0n, 0n);
    await as(2).setOffer(modelId, 0n, 60n, 0n, 0n);
    const { quotes } = await lens.quotesFor(modelId, policyOf(), 0n, 10n);
    expect(quotes.map(({ operator, fee }) => [operator, fee])).to.deep.equal([[world.signer(2).address, 1n]]);
    const asked = await world.ask(modelId);
    const signed = await world.answer(asked, stage().operators[1]);
    await world.time.increase(PARAMETERS.window);
    await world.finalise(asked, signed);
    expect(await coordinator().owedTo(world.signer(7).address)).to.equal(FEE);
    expect(await coordinator().owedTo(world.signer(2).address)).to.equal(0n);
  });
});

function toWord(value: bigint): string {
  return `0x${value.toString(16).padStart(64, "0")}`;
}
