// Who may answer, when, and with what signature.
import { expect } from "chai";
import {
  computeAddress,
  concat,
  dataSlice,
  getAddress,
  id as hashOf,
  hexlify,
  keccak256,
  parseEther,
  TypedDataEncoder,
  ZeroAddress,
  ZeroHash,
} from "ethers";
import { ASSERTION_STATE, packWord, REQUEST_STATE, unpackWord } from "../../oracle/chain/words.ts";
import { ask, askContested, askDrawn, askUntil, LATENCY, PENALTY_BPS, stageForEach } from "./scenes.ts";
import {
  ANSWER_PERIOD,
  type Asked,
  artefactSpec,
  deployCoordinator,
  FEE,
  INPUT,
  kernelSpec,
  keyOf,
  mined,
  OTHER_OUTPUT,
  OUTPUT,
  PARAMETERS,
  policyOf,
  type Signed,
  World,
} from "./world.ts";

describe("answers", () => {
  const stage = stageForEach();

  const refused = async (asked: Asked, signed: Signed, error: string, args: readonly unknown[]) => {
    const { world } = stage();
    await expect(world.assert(asked, signed))
      .to.be.revertedWithCustomError(world.coordinator, error)
      .withArgs(...args);
  };

  describe("signatures", () => {
    /** The key that a signature over something else gives. */
    const keyFor = (asked: Asked, signed: Signed) => {
      const { world } = stage();
      const { answer, output, signature } = signed;
      const call = world.coordinator.assertResult.staticCall(asked.request, answer, output, signature);
      return call.then(
        () => expect.fail("accepted"),
        (error: { data: string }) => world.coordinator.interface.parseError(error.data),
      );
    };
    const isStrangers = async (asked: Asked, signed: Signed) => {
      const failure = await keyFor(asked, signed);
      expect(failure?.name).to.equal("WrongSigner");
      expect(failure?.args.slice(1)).to.deep.equal([signed.answer.operator, ZeroAddress]);
    };

    it("are over this request, model, input, output, trace root, operator and time", async () => {
      const { world, operators } = stage();
      const asked = await ask(stage());
      const issuedAt = BigInt(await world.time.latest());
      const changes = [
        { modelId: hashOf("x") },
        { requestId: hashOf("x") },
        { requestId: ZeroHash },
        { inputRoot: hashOf("x") },
        { outputRoot: hashOf("x") },
        { traceRoot: hashOf("x") },
        { operator: operators[1].address },
        { issuedAt: issuedAt - 1n },
      ];
      for (const result of changes) {
        await isStrangers(asked, await world.sign(asked, operators[0], { issuedAt, result: result as object }));
      }
      await world.answer(asked, operators[0], { issuedAt });
    });

    it("are over the answer that comes with them", async () => {
      const { world, operators } = stage();
      const asked = await ask(stage());
      const signed = await world.sign(asked, operators[0]);
      await world.time.increase(5);
      await isStrangers(asked, { ...signed, answer: { ...signed.answer, traceRoot: hashOf("x") } });
      await isStrangers(asked, { ...signed, answer: { ...signed.answer, issuedAt: signed.answer.issuedAt + 1n } });
      await isStrangers(asked, { ...signed, output: OTHER_OUTPUT });
      const other = { ...signed.answer, operator: operators[1].address };
      await isStrangers(asked, { ...signed, answer: other });
    });

    it("are not good for another request of the same question", async () => {
      const { world, operators } = stage();
      const [first, second] = [await ask(stage()), await ask(stage())];
      const signed = await world.sign(first, operators[0]);
      await isStrangers(second, signed);
      await world.assert(first, signed);
      await refused(first, signed, "RivalLives", [first.id, 1n]);
    });

    it("are not good for another contract or chain", async () => {
      const { world, operators } = stage();
      const asked = await ask(stage());
      const answer = {
        operator: operators[0].address,
        issuedAt: BigInt(await world.time.latest()),
        traceRoot: ZeroHash,
      };
      const twin = await deployCoordinator(world.connection, world.arbiter);
      const elsewhere = [
        new World(world.connection, world, { ...world, chainId: 1n }, PARAMETERS),
        new World(world.connection, world, { ...world, address: await twin.getAddress() }, PARAMETERS),
      ];
      for (const place of elsewhere) {
        await isStrangers(asked, place.signAnswer(asked, answer, OUTPUT, operators[0].key));
      }
      await world.assert(asked, world.signAnswer(asked, answer, OUTPUT, operators[0].key));
    });

    it("are by a key of the operator", async () => {
      const { world, operators } = stage();
      const asked = await ask(stage());
      const [first, second] = operators;
      const stranger = keyOf("stranger");
      const strange = await world.sign(asked, first, { key: stranger });
      await refused(asked, strange, "WrongSigner", [computeAddress(stranger), first.address, ZeroAddress]);
      const another = await world.sign(asked, first, { key: second.key });
      await refused(asked, another, "WrongSigner", [computeAddress(second.key), first.address, second.address]);
      const nobody = await world.sign(asked, { address: ZeroAddress, key: stranger });
      await refused(asked, nobody, "WrongSigner", [computeAddress(stranger), ZeroAddress, ZeroAddress]);
    });

    it("of a retired key are refused, of the one in its place taken", async () => {
      const { world, operators } = stage();
      const [{ account, key, address }] = operators;
      const asked = await ask(stage());
      const before = await world.sign(asked, operators[0]);
      const fresh = keyOf("fresh");
      await world.coordinator.connect(account).addKey(world.bind(fresh, address));
      await world.coordinator.connect(account).retireKey(computeAddress(key));
      const retiredAt = BigInt(await world.time.latest());
      await refused(asked, before, "KeyIsRetired", [computeAddress(key), retiredAt]);
      await world.answer(asked, operators[0], { key: fresh });
      expect((await world.coordinator.keyOf(computeAddress(key))).operator).to.equal(address);
    });

    it("are of P-256 where there is a verifier", async () => {
      const { world, operators } = stage();
      const { ethers } = world.connection;
      const verifier = await ethers.deployContract("EchoVerifier");
      const options = { p256Verifier: await verifier.getAddress() };
      const coordinator = await deployCoordinator(world.connection, world.arbiter, options);
      const registry = await ethers.getContractAt("ModelRegistry", await coordinator.modelRegistry());
      const contracts = { coordinator, registry, arbiter: world.arbiter };
      const there = new World(
        world.connection,
        contracts,
        { ...world, address: await coordinator.getAddress() },
        PARAMETERS,
      );

      const point = concat([hashOf("x"), hashOf("y")]);
      const key = getAddress(dataSlice(keccak256(point), 12));
      const signed = (digest: string) => concat([digest, hashOf("s"), point]);
      const [{ account, address }] = operators;
      const types = { KeyBinding: [{ name: "operator", type: "address" }] };
      const binding = TypedDataEncoder.hash(there.domain, types, { operator: address });
      await coordinator.connect(account).stake({ value: PARAMETERS.minStake });
      await expect(coordinator.connect(account).addKey(signed(hashOf("x"))))
        .to.be.revertedWithCustomError(coordinator, "InvalidSignature")
        .withArgs(128n);
      await expect(coordinator.connect(account).addKey(signed(binding)))
        .to.emit(coordinator, "KeyAdded")
        .withArgs(address, key);

      const modelId = await there.register(world.signer(7), artefactSpec(world.signer(7).address));
      const asked = await there.ask(modelId);
      const answer = await there.sign(asked, operators[0]);
      await there.assert(asked, { ...answer, signature: signed(answer.assertionId) });
    });

    it("have one form", async () => {
      const { world, operators } = stage();
      const asked = await ask(stage());
      const signed = await world.sign(asked, operators[0]);
      const { r, s, v } = operators[0].key.sign(signed.assertionId);
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const highS = `0x${(order - BigInt(s)).toString(16).padStart(64, "0")}`;
      const forms = [
        "0x",
        `${r}${s.slice(2)}`,
        `${r}${s.slice(2)}${(v - 27).toString(16).padStart(2, "0")}`,
        `${r}${highS.slice(2)}${(55 - v).toString(16)}`,
        `${signed.signature}00`,
        `${r}${s.slice(2)}${r.slice(2)}${s.slice(2)}`,
      ];
      for (const signature of forms) {
        const length = BigInt((signature.length - 2) / 2);
        await refused(asked, { ...signed, signature }, "InvalidSignature", [length]);
      }
      await world.assert(asked, signed);
    });
  });

  describe("outputs", () => {
    it("are as long as the model's", async () => {
      const { world, operators } = stage();
      const asked = await ask(stage());
      for (const length of [0, 95, 97, 96 + 256]) {
        const output = hexlify(new Uint8Array(length).fill(1));
        const signed = await world.sign(asked, operators[0], { output });
        await refused(asked, signed, "OutputLengthMismatch", [96n, BigInt(length)]);
      }
      // Of one root, for a chunk ends in zeros.
      const short = await world.sign(asked, operators[0], { output: `0x${"01".repeat(95)}` });
      await refused(asked, short, "OutputLengthMismatch", [96n, 95n]);
      await world.assert(asked, { ...short, output: `0x${"01".repeat(95)}00` });
    });
  });

  describe("time", () => {
    it("issuedAt is between the request and now", async () => {
      const { world, operators } = stage();
      const asked = await ask(stage());
      const requestedAt = BigInt(await world.time.latest());
      await refused(asked, await world.sign(asked, operators[0], { issuedAt: 0n }), "StaleResult", [0n, requestedAt]);
      const stale = await world.sign(asked, operators[0], { issuedAt: requestedAt - 1n });
      await refused(asked, stale, "StaleResult", [requestedAt - 1n, requestedAt]);
      const now = requestedAt + 10n;
      const future = await world.sign(asked, operators[0], { issuedAt: now + 1n });
      await world.at(now);
      await refused(asked, future, "FutureResult", [now + 1n, now]);
      const farFuture = await world.sign(asked, operators[0], { issuedAt: 2n ** 64n - 1n });
      await world.at(now + 1n);
      await refused(asked, farFuture, "FutureResult", [2n ** 64n - 1n, now + 1n]);
      await world.at(now + 2n);
      await world.answer(asked, operators[0], { issuedAt: now + 2n });
    });

    it("the answer period ends with its last second", async () => {
      const { world, operators } = stage();
      const [asked, late] = [await ask(stage()), await ask(stage())];
      const endOf = async ({ receipt }: Asked) => (await receipt.getBlock()).timestamp + ANSWER_PERIOD;
      await world.at(await endOf(asked));
      await world.answer(asked, operators[0]);
      const end = await endOf(late);
      await world.at(end + 1);
      await refused(late, await world.sign(late, operators[0]), "AnswerPeriodOver", [BigInt(end)]);
    });

    it("the drawn operator answers alone until its last exclusive second", async () => {
      const { world, operators } = stage();
      const [drawn, other] = operators;
      const asked = await askDrawn(stage());
      const until = BigInt(await world.time.latest()) + LATENCY;
      const signed = await world.sign(asked, other);
      await world.at(until);
      await refused(asked, signed, "ExclusivePeriod", [drawn.address, until]);
      await world.at(until + 1n);
      await world.assert(asked, signed);
    });

    it("the drawn operator pays nothing in its last second, and answers late too", async () => {
      const { world, operators } = stage();
      const [asked, late] = [await askDrawn(stage()), await askDrawn(stage())];
      const [operator] = operators;
      const stakeOf = async () => (await world.coordinator.operatorOf(operator.address)).stake;
      const before = await stakeOf();
      await world.at(BigInt((await asked.receipt.getBlock()).timestamp) + LATENCY);
      await world.answer(asked, operator);
      expect(await stakeOf()).to.equal(before);
      await world.time.increase(LATENCY);
      const signed = await world.sign(late, operator);
      await expect(world.assert(late, signed))
        .to.emit(world.coordinator, "Late")
        .withArgs(late.id, operator.address, late.request.fee / 2n);
      expect(await stakeOf()).to.equal(before - late.request.fee / 2n);
    });

    it("the drawn operator that answered in time pays nothing, though it was wrong", async () => {
      const { world, operators } = stage();
      const [drawn, other] = operators;
      const asked = await askDrawn(stage());
      const signed = await world.answer(asked, drawn);
      await world.time.increase(LATENCY + 1n);
      await world.arbiter.reject(world.ref(asked, signed), ZeroAddress);
      const { stake } = await world.coordinator.operatorOf(drawn.address);
      await world.answer(asked, other);
      expect((await world.coordinator.operatorOf(drawn.address)).stake).to.equal(stake);
    });

    it("lateness is settled once, and never by touching what backs other answers", async () => {
      const { world, operators, modelId } = stage();
      const [drawn, other] = operators;
      const first = await askDrawn(stage());
      const asked = await world.ask(modelId, { fee: parseEther("100"), policy: policyOf() });
      await world.answer(first, drawn);
      await world.time.increase(LATENCY + 1n);
      const { stake, locked } = await world.coordinator.operatorOf(drawn.address);
      const signed = await world.sign(asked, other);
      await expect(world.assert(asked, signed))
        .to.emit(world.coordinator, "Late")
        .withArgs(asked.id, drawn.address, stake - locked);
      const after = await world.coordinator.operatorOf(drawn.address);
      expect([after.stake, after.locked]).to.deep.equal([locked, locked]);
      await world.coordinator.connect(drawn.account).stake({ value: parseEther("5") });
      await world.arbiter.reject(world.ref(asked, signed), ZeroAddress);
      await world.time.increase(ANSWER_PERIOD);
      await expect(world.coordinator.expire(asked.request)).not.to.emit(world.coordinator, "Late");
    });
  });

  describe("the drawn operator whose stake backs other answers", () => {
    const HALF = parseEther("5");
    const gwei = (amount: bigint) => amount / 10n ** 9n;

    /** A request drawn to the first operator, with a bond of half of its stake. */
    const askHalf = async () => {
      const { world, modelId, operators } = stage();
      const asked = await world.ask(modelId, { policy: policyOf({ minBond: gwei(HALF) }) });
      expect(BigInt.asUintN(160, asked.request.assignment)).to.equal(BigInt(operators[0].address));
      return asked;
    };
    const drawn = () => stage().world.coordinator.operatorOf(stage().operators[0].address);
    const isSettled = async ({ id }: Asked) =>
      unpackWord(REQUEST_STATE, await stage().world.coordinator.requestStateOf(id)).latenessSettled;

    beforeEach(async () => {
      const { world, modelId, operators } = stage();
      await world.coordinator.connect(operators[0].account).setOffer(modelId, 0n, LATENCY, PENALTY_BPS, 2_000n);
    });

    it("pays no penalty for more than it can answer, whoever answers", async () => {
      const { world, operators } = stage();
      const asked = [await askHalf(), await askHalf(), await askHalf()];
      for (const one of asked.slice(0, 2)) await world.answer(one, operators[0]);
      const { stake } = await drawn();
      const [, , third] = asked;
      if (third === undefined) throw new Error("three requests");
      await world.time.increase(LATENCY + 1n);
      const signed = await world.sign(third, operators[1]);
      await expect(world.assert(third, signed)).not.to.emit(world.coordinator, "Late");
      expect((await drawn()).stake).to.equal(stake);
      expect(await isSettled(third)).to.equal(true);
    });

    it("pays no penalty for more than it can answer, if nobody does", async () => {
      const { world, operators } = stage();
      const asked = [await askHalf(), await askHalf(), await askHalf()];
      for (const one of asked.slice(0, 2)) await world.answer(one, operators[0]);
      const [, , third] = asked;
      if (third === undefined) throw new Error("three requests");
      await world.time.increase(ANSWER_PERIOD);
      await expect(world.coordinator.expire(third.request)).not.to.emit(world.coordinator, "Late");
      expect((await drawn()).stake).to.equal(parseEther("10"));
    });

    it("pays if the last bond is free to the wei", async () => {
      const { world, operators } = stage();
      const asked = [await askHalf(), await askHalf()] as const;
      await world.answer(asked[0], operators[0]);
      await world.time.increase(LATENCY + 1n);
      const signed = await world.sign(asked[1], operators[1]);
      await expect(world.assert(asked[1], signed))
        .to.emit(world.coordinator, "Late")
        .withArgs(asked[1].id, operators[0].address, FEE / 2n);
    });

    it("pays out of stake that began to leave after the draw", async () => {
      const { world, operators } = stage();
      const asked = await askHalf();
      await world.coordinator.connect(operators[0].account).requestExit(parseEther("10"));
      await world.time.increase(LATENCY + 1n);
      const signed = await world.sign(asked, operators[1]);
      await expect(world.assert(asked, signed))
        .to.emit(world.coordinator, "Late")
        .withArgs(asked.id, operators[0].address, FEE / 2n);
      const { stake, exiting } = await drawn();
      expect([stake, exiting]).to.deep.equal([0n, parseEther("10") - FEE / 2n]);
    });

    it("pays nothing out of stake that was leaving before", async () => {
      const { world, operators } = stage();
      await world.coordinator.connect(operators[0].account).requestExit(HALF);
      await world.tick();
      const asked = [await askHalf(), await askHalf()] as const;
      await world.answer(asked[0], operators[0]);
      await world.time.increase(LATENCY + 1n);
      const signed = await world.sign(asked[1], operators[1]);
      await expect(world.assert(asked[1], signed)).not.to.emit(world.coordinator, "Late");
      expect((await drawn()).exiting).to.equal(HALF);
    });
  });

  describe("operators", () => {
    it("answer a request once, ever", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const [operator] = operators;
      await world.arbiter.reject(world.ref(asked, signed), ZeroAddress);
      const again = await world.sign(asked, operator, { output: OTHER_OUTPUT });
      await refused(asked, again, "AlreadyAsserted", [asked.id, operator.address]);
      await refused(asked, signed, "AlreadyAsserted", [asked.id, operator.address]);
    });

    it("in jail do not answer", async () => {
      const { world, operators } = stage();
      const [operator] = operators;
      const asked = await ask(stage());
      const { stake } = await world.coordinator.operatorOf(operator.address);
      await world.coordinator.connect(operator.account).requestExit(stake - PARAMETERS.minStake + 1n);
      const signed = await world.sign(asked, operator);
      await refused(asked, signed, "OperatorJailed", [operator.address, PARAMETERS.minStake - 1n]);
      await world.coordinator.connect(operator.account).stake({ value: 1n });
      await world.assert(asked, signed);
    });

    it("without free stake for the bond do not answer", async () => {
      const { world, operators, modelId } = stage();
      const [operator] = operators;
      const { stake } = await world.coordinator.operatorOf(operator.address);
      const all = await world.ask(modelId, { policy: policyOf({ minBond: stake / 10n ** 9n }) });
      await world.answer(all, operator);
      const asked = await ask(stage());
      await refused(asked, await world.sign(asked, operator), "StakeTooLow", [0n, PARAMETERS.operatorBond]);
      expect((await world.coordinator.operatorOf(operator.address)).locked).to.equal(stake);
    });

    it("lock what policy or deployment asks for, whichever is more", async () => {
      const { world, operators, modelId } = stage();
      const bonds = { low: 1n, high: PARAMETERS.operatorBond / 10n ** 9n + 1n };
      const [low, high] = [policyOf({ minBond: bonds.low }), policyOf({ minBond: bonds.high })];
      expect(await world.coordinator.bondFor(low)).to.equal(PARAMETERS.operatorBond);
      expect(await world.coordinator.bondFor(high)).to.equal(bonds.high * 10n ** 9n);
      const asked = await world.ask(modelId, { policy: high });
      const { assertionId } = await world.answer(asked, operators[0]);
      const now = await world.time.latest();
      expect(await world.coordinator.assertionStateOf(asked.id, operators[0].address)).to.equal(
        packWord(ASSERTION_STATE, {
          live: true,
          held: false,
          delivered: false,
          finalisableAt: now + Number(PARAMETERS.window),
          bond: bonds.high,
          id: BigInt(assertionId) >> 96n,
        }),
      );
    });
  });

  describe("beside a rival", () => {
    it("name a rival that lives", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const second = await world.sign(asked, operators[1]);
      const never = await world.sign(asked, operators[2]);
      const rivals = [
        never,
        { ...signed, answer: { ...signed.answer, traceRoot: hashOf("x") } },
        { ...signed, outputRoot: hashOf("x") },
      ];
      for (const rival of rivals) {
        const { answer, outputRoot } = rival;
        const assertionId = await world.coordinator.assertionIdOf(asked.request, answer, outputRoot);
        await expect(world.assertBeside(asked, second, rival))
          .to.be.revertedWithCustomError(world.coordinator, "UnknownAssertion")
          .withArgs(asked.id, assertionId);
      }
    });

    it("that agrees bring no ether", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const second = await world.sign(asked, operators[1]);
      await expect(world.assertBeside(asked, second, signed, { value: 1n }))
        .to.be.revertedWithCustomError(world.coordinator, "NothingToContest")
        .withArgs(asked.id);
    });

    it("that differs pass ether and data to the arbiter, and hold both", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const second = await world.sign(asked, operators[1], { output: OTHER_OUTPUT });
      await expect(world.assertBeside(asked, second, signed, { value: 7n, dispute: "0xc0de" }))
        .to.emit(world.arbiter, "Contested")
        .withArgs(second.assertionId, signed.assertionId, "0xc0de", 7n);
      for (const { answer } of [signed, second]) {
        const word = await world.coordinator.assertionStateOf(asked.id, answer.operator);
        expect(unpackWord(ASSERTION_STATE, word)).to.include({ live: true, held: true });
      }
      await world.time.increase(PARAMETERS.window);
      for (const held of [signed, second]) {
        await expect(world.finalise(asked, held))
          .to.be.revertedWithCustomError(world.coordinator, "AssertionHeld")
          .withArgs(held.assertionId);
      }
    });

    it("contradict a rival until the last second of its window, held or not", async () => {
      const { world, operators } = stage();
      const { asked, first } = await askContested(stage());
      const end = unpackWord(
        ASSERTION_STATE,
        await world.coordinator.assertionStateOf(asked.id, operators[0].address),
      ).finalisableAt;
      const late = await world.sign(asked, operators[2], { output: OTHER_OUTPUT });
      const { restore } = await world.connection.networkHelpers.takeSnapshot();
      for (const isHeld of [true, false]) {
        if (!isHeld) await world.arbiter.release(world.ref(asked, first));
        await world.at(end);
        await expect(world.assertBeside(asked, late, first))
          .to.be.revertedWithCustomError(world.coordinator, "WindowOver")
          .withArgs(BigInt(end));
        await restore();
      }
      await world.at(end - 1);
      await world.assertBeside(asked, late, first);
    });

    it("lean on no rival that a dispute holds, and are held themselves if they contradict one", async () => {
      const { world, operators } = stage();
      const { asked, first, second } = await askContested(stage());
      for (const { rival, output } of [
        { rival: first, output: OUTPUT },
        { rival: second, output: OTHER_OUTPUT },
      ]) {
        const copy = await world.sign(asked, operators[2], { output });
        await expect(world.assertBeside(asked, copy, rival))
          .to.be.revertedWithCustomError(world.coordinator, "RivalHeld")
          .withArgs(asked.id, rival.assertionId);
      }
      const copy = await world.sign(asked, operators[2], { output: OTHER_OUTPUT });
      await world.assertBeside(asked, copy, first);
      const word = await world.coordinator.assertionStateOf(asked.id, operators[2].address);
      expect(unpackWord(ASSERTION_STATE, word)).to.include({ live: true, held: true });
      expect(await world.arbiter.contests(first.assertionId)).to.equal(2n);
    });

    it("lean on a rival that was released", async () => {
      const { world, operators } = stage();
      const { asked, first } = await askContested(stage());
      await world.arbiter.release(world.ref(asked, first));
      await world.assertBeside(asked, await world.sign(asked, operators[2]), first);
    });

    it("lean on no held rival within a tolerance either, whatever their output", async () => {
      const { world, operators } = stage();
      const spec = { ...kernelSpec(world.signer(7).address, "tolerant"), atol: 0x3f50000000000000n };
      const modelId = await world.register(world.signer(7), spec);
      const asked = await world.ask(modelId, { policy: policyOf({ atolClass: 63 }) });
      const first = await world.answer(asked, operators[0]);
      await world.arbiter.hold(world.ref(asked, first));
      for (const output of [OUTPUT, OTHER_OUTPUT]) {
        await expect(world.assertBeside(asked, await world.sign(asked, operators[1], { output }), first))
          .to.be.revertedWithCustomError(world.coordinator, "RivalHeld")
          .withArgs(asked.id, first.assertionId);
      }
    });

    it("contradict a wrong answer of the drawn operator at once, in what was its exclusive period", async () => {
      const { world, operators } = stage();
      const asked = await askDrawn(stage());
      const wrong = await world.answer(asked, operators[0]);
      const right = await world.sign(asked, operators[1], { output: OTHER_OUTPUT });
      await world.assertBeside(asked, right, wrong);
      const word = await world.coordinator.assertionStateOf(asked.id, operators[0].address);
      expect(unpackWord(ASSERTION_STATE, word)).to.include({ live: true, held: true });
    });

    it("are undone with a dispute that cannot be opened", async () => {
      const { world, operators } = stage();
      const { asked, signed } = await askUntil(stage(), "Asserted");
      const second = await world.sign(asked, operators[1], { output: OTHER_OUTPUT });
      await expect(world.assertBeside(asked, second, signed, { dispute: "0xff" })).to.be.revertedWithCustomError(
        world.arbiter,
        "Unwilling",
      );
      const { locked } = await world.coordinator.operatorOf(operators[1].address);
      expect(locked).to.equal(0n);
    });

    it("are taken after the answer period while the rival lives", async () => {
      const { world, operators, modelId } = stage();
      const asked = await world.ask(modelId, { policy: policyOf({ answerPeriod: 10 }) });
      const first = await world.answer(asked, operators[0]);
      await world.time.increase(1_000);
      await world.assertBeside(asked, await world.sign(asked, operators[1]), first);
    });

    it("are 255 at most", async function () {
      this.timeout(300_000);
      const { world, operators, consumer } = stage();
      await consumer.behave(0);
      const asked = await ask(stage());
      const first = await world.answer(asked, operators[0]);
      const { networkHelpers, ethers } = world.connection;
      const enlist = async (index: number) => {
        const address = computeAddress(keyOf(`crowd ${index}`));
        await networkHelpers.impersonateAccount(address);
        await networkHelpers.setBalance(address, parseEther("2"));
        const key = keyOf(`crowd key ${index}`);
        const coordinator = world.coordinator.connect(await ethers.getSigner(address));
        await coordinator.stake({ value: PARAMETERS.minStake });
        await coordinator.addKey(world.bind(key, address));
        return { address, key };
      };
      let last = first;
      for (let live = 1; live < 255; live++) {
        last = await world.sign(asked, await enlist(live));
        await world.assertBeside(asked, last, first);
      }
      const one = await world.sign(asked, await enlist(255));
      await expect(world.assertBeside(asked, one, first))
        .to.be.revertedWithCustomError(world.coordinator, "TooManyAssertions")
        .withArgs(asked.id);
      await world.arbiter.reject(world.ref(asked, last), ZeroAddress);
      await world.assertBeside(asked, one, first);
    });
  });

  describe("in batches", () => {
    it("pass over what was answered or closed meanwhile, and do the rest", async () => {
      const { world, operators } = stage();
      const [operator, rival] = operators;
      const [answered, expired, open] = [await ask(stage()), await ask(stage()), await ask(stage())];
      const items = [];
      for (const asked of [answered, expired, open, open]) {
        items.push({ ...(await world.sign(asked, operator)), request: asked.request });
      }
      await world.answer(answered, rival);
      await world.time.increase(ANSWER_PERIOD);
      await world.coordinator.expire(expired.request);
      const late = await ask(stage());
      items[2] = { ...(await world.sign(late, operator)), request: late.request };
      items[3] = items[2];
      const receipt = await mined(world.coordinator.assertResults(items));
      expect(world.event(receipt, "Asserted").args.requestId).to.equal(late.id);
      expect((await world.coordinator.operatorOf(operator.address)).locked).to.equal(PARAMETERS.operatorBond);
    });

    it("settle all before the first callback", async () => {
      const { world, operators, consumer } = stage();
      const asked = [await ask(stage()), await ask(stage())];
      const items = [];
      for (const one of asked) items.push({ ...(await world.sign(one, operators[0])), request: one.request });
      const receipt = await mined(world.coordinator.assertResults(items));
      const names = receipt.logs.map((log) => world.coordinator.interface.parseLog(log)?.name);
      expect(names).to.deep.equal(["Asserted", "Asserted", "Delivered", "Delivered"]);
      expect(await consumer.calls()).to.equal(2n);
    });

    it("are refused whole for an item that is wrong", async () => {
      const { world, operators } = stage();
      const asked = [await ask(stage()), await ask(stage())];
      const items = [];
      for (const one of asked) items.push({ ...(await world.sign(one, operators[0])), request: one.request });
      const [first, second] = items;
      if (first === undefined || second === undefined) throw new Error("two items");
      await expect(world.coordinator.assertResults([first, { ...second, output: "0x" }]))
        .to.be.revertedWithCustomError(world.coordinator, "OutputLengthMismatch")
        .withArgs(96n, 0n);
      expect((await world.coordinator.operatorOf(operators[0].address)).locked).to.equal(0n);
    });

    it("of nothing do nothing", async () => {
      const { coordinator } = stage().world;
      expect((await mined(coordinator.assertResults([]))).logs).to.deep.equal([]);
      expect((await mined(coordinator.finaliseBatch([]))).logs).to.deep.equal([]);
    });
  });

  it("to a model that cannot be disputed say so", async () => {
    const { world, operators, consumer } = stage();
    const modelId = await world.register(world.signer(7), artefactSpec(world.signer(7).address));
    const asked = await world.ask(modelId, {
      from: consumer,
      policy: policyOf({ provisional: true, callbackGas: 400_000 }),
      input: INPUT,
    });
    await world.answer(asked, operators[0]);
    expect(await consumer.lastDisputable()).to.equal(false);
    const disputable = await ask(stage());
    await world.answer(disputable, operators[0]);
    expect(await consumer.lastDisputable()).to.equal(true);
  });
});
