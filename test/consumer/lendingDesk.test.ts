import { expect } from "chai";
import { getBytes, hexlify, id, MaxUint256, parseUnits, Wallet, ZeroAddress, ZeroHash } from "ethers";
import { joinTensors, pack, splitTensors, unpack } from "../../oracle/model/tensor.ts";
import type { LendingDesk, TestToken } from "../../types/index.ts";
import {
  type Asked,
  artefactSpec,
  callbackCost,
  callbacks,
  deployWorld,
  F32,
  FEE,
  kernelSpec,
  mined,
  type Operator,
  PARAMETERS,
  policyOf,
  type World,
} from "../coordinator/world.ts";
import { attest, type Facts } from "./attest.ts";

const I64 = 9;
const CALLBACK_GAS = 100_000;
const POLICY = callbacks({ final: true }, { callbackGas: CALLBACK_GAS, callbackGasPrice: 2n });
const PAID = FEE + callbackCost(POLICY);
const one = (name: string, dtype: number) => ({ name, dtype, dims: [1, 1] });
const SIGNATURE = {
  inputs: [one("income", F32), one("debt", F32), one("loan", F32), { name: "history", dtype: I64, dims: [1, 3] }],
  outputs: [one("default_probability", F32), one("score", I64)],
};
const dollars = (amount: string) => parseUnits(amount, 6);
const TERMS = {
  acceptNotDisputable: false,
  policy: POLICY,
  minScore: 650,
  maxDefaultPpm: 30_000,
  interestBps: 333,
  decisionPeriod: 20_000,
  drawPeriod: 10_000,
  loanPeriod: 1_000_000,
};
const STATUS = { none: 0n, pending: 1n, approved: 2n, denied: 3n, cancelled: 4n, drawn: 5n, repaid: 6n };
const LOAN = dollars("10000");
const MODE = { revert: 1, returnFalse: 2 };

/** The model's answer. */
const answerOf = (probability: number, score: bigint) =>
  hexlify(joinTensors([pack("f32", [probability]), pack("i64", [score])]));
const GOOD = answerOf(0.024, 672n);
const BAD = answerOf(0.091, 571n);

describe("LendingDesk", () => {
  let world: World;
  let operator: Operator;
  let rival: Operator;
  let modelId: string;
  let token: TestToken;
  let deployment: LendingDesk;
  let desk: LendingDesk;
  let snapshot: Awaited<ReturnType<World["connection"]["networkHelpers"]["takeSnapshot"]>>;
  const attester = new Wallet(id("attester"));
  const lender = () => world.signer(4);
  const borrower = () => world.signer(5);
  const stranger = () => world.signer(9);

  before(async () => {
    world = await deployWorld();
    operator = await world.enlist(world.signer(1));
    rival = await world.enlist(world.signer(2));
    const owner = world.signer(3);
    // Two outputs, each on a chunk of its own.
    const spec = kernelSpec(owner.address);
    modelId = await world.register(owner, { ...spec, ...SIGNATURE, outputChunks: 2n });
    token = await world.connection.ethers.deployContract("TestToken", ["USD", 6]);
    deployment = await deployDesk();
  });
  beforeEach(async () => {
    desk = deployment;
    snapshot = await world.connection.networkHelpers.takeSnapshot();
  });
  afterEach(() => snapshot.restore());

  async function deployDesk(changes: Partial<typeof TERMS> & { modelId?: string; attester?: string } = {}) {
    const terms = { modelId, lender: lender().address, attester: attester.address, ...TERMS, ...changes };
    const made = await world.connection.ethers.deployContract("LendingDesk", [world.address, token, terms]);
    await token.mint(made, dollars("25000"));
    return made;
  }

  const factsOf = async (changes: Partial<Facts> = {}): Promise<Facts> => ({
    borrower: borrower().address,
    income: dollars("42000"),
    debt: dollars("20000.5"),
    loan: LOAN,
    monthsOfHistory: 120n,
    latePayments: 0n,
    creditLines: 3n,
    expiresAt: BigInt(await world.time.latest()) + 1_000n,
    ...changes,
  });
  const attested = (facts: Facts, by = attester, to = desk) => attest(facts, by, to, world.chainId);

  async function apply(by = borrower(), changes = {}): Promise<Asked> {
    const facts = await factsOf({ borrower: by.address, ...changes });
    return world.asked(await mined(desk.connect(by).applyForLoan(facts, await attested(facts), { value: PAID })));
  }

  const assert = async (asked: Asked, output: string, by = operator) => {
    const signed = await world.sign(asked, by, { output });
    await world.assert(asked, signed);
    return signed;
  };
  const decide = async (asked: Asked, output: string) => {
    const signed = await assert(asked, output);
    await world.time.increase(PARAMETERS.window);
    return world.finalise(asked, signed);
  };
  const statusOf = async ({ id }: Asked) => (await desk.applications(id)).status;
  const deadlineOf = async ({ id }: Asked) => (await desk.applications(id)).deadline;
  const afterDeadline = async (asked: Asked) => world.time.increaseTo((await deadlineOf(asked)) + 1n);
  const books = async () => [await desk.setAside(), await desk.available()];

  describe("an application", () => {
    it("asks the model about what was attested, and sets the loan aside", async () => {
      const asked = await apply();
      const input = getBytes(world.event(asked.receipt, "Requested").args.input);
      const [income, debt, loan, history] = splitTensors(input, [4, 4, 4, 24]);
      expect([income, debt, loan].map((tensor) => unpack("f32", tensor ?? input)[0])).to.deep.equal([
        42_000, 20_000.5, 10_000,
      ]);
      expect([...unpack("i64", history ?? input)]).to.deep.equal([120n, 0n, 3n]);
      expect(await statusOf(asked)).to.equal(STATUS.pending);
      expect(await desk.openApplication(borrower())).to.equal(asked.id);
      expect(await books()).to.deep.equal([LOAN, dollars("15000")]);
    });

    it("is made by its borrower, with an attestation of this desk's attester that is still good", async () => {
      const facts = await factsOf();
      const good = await attested(facts);
      const value = PAID;
      await expect(desk.connect(stranger()).applyForLoan(facts, good, { value }))
        .to.be.revertedWithCustomError(desk, "NotBorrower")
        .withArgs(borrower().address, stranger().address);
      const mine = desk.connect(borrower());
      const forger = new Wallet(id("forger"));
      await expect(mine.applyForLoan(facts, await attested(facts, forger), { value }))
        .to.be.revertedWithCustomError(desk, "NotAttested")
        .withArgs(forger.address);
      await expect(mine.applyForLoan({ ...facts, latePayments: 1n }, good, { value })).to.be.revertedWithCustomError(
        desk,
        "NotAttested",
      );
      const other = await attested(facts, attester, await deployDesk());
      await expect(mine.applyForLoan(facts, other, { value })).to.be.revertedWithCustomError(desk, "NotAttested");
      await world.time.increaseTo(facts.expiresAt);
      await expect(mine.applyForLoan(facts, good, { value }))
        .to.be.revertedWithCustomError(desk, "AttestationExpired")
        .withArgs(facts.expiresAt);
    });

    it("is one at a time", async () => {
      const asked = await apply();
      await expect(apply()).to.be.revertedWithCustomError(desk, "ApplicationOpen").withArgs(asked.id);
      await decide(asked, GOOD);
      await expect(apply()).to.be.revertedWithCustomError(desk, "ApplicationOpen").withArgs(asked.id);
      await desk.connect(borrower()).draw(asked.id, borrower());
      await expect(apply()).to.be.revertedWithCustomError(desk, "ApplicationOpen").withArgs(asked.id);
    });

    it("fits into what is not set aside", async () => {
      await apply(world.signer(6));
      await apply(world.signer(7));
      await expect(apply())
        .to.be.revertedWithCustomError(desk, "InsufficientLiquidity")
        .withArgs(dollars("5000"), LOAN);
      await expect(desk.connect(lender()).withdraw(dollars("5000") + 1n, lender()))
        .to.be.revertedWithCustomError(desk, "InsufficientLiquidity")
        .withArgs(dollars("5000"), dollars("5000") + 1n);
      await desk.connect(lender()).withdraw(dollars("5000"), lender());
      expect(await books()).to.deep.equal([dollars("20000"), 0n]);
    });
  });

  describe("a decision", () => {
    let asked: Asked;

    beforeEach(async () => {
      asked = await apply();
    });

    it("is made by the Final answer, and no earlier", async () => {
      const signed = await assert(asked, GOOD);
      expect(await statusOf(asked)).to.equal(STATUS.pending);
      await expect(desk.connect(borrower()).draw(asked.id, borrower()))
        .to.be.revertedWithCustomError(desk, "WrongStatus")
        .withArgs(asked.id, STATUS.pending);
      await world.time.increase(PARAMETERS.window);
      await expect(world.finalise(asked, signed))
        .to.emit(desk, "Decided")
        .withArgs(asked.id, borrower().address, true, 672n, 24_000n, true);
      expect(await statusOf(asked)).to.equal(STATUS.approved);
      expect(await books()).to.deep.equal([LOAN, dollars("15000")]);
    });

    it("is not made by an answer that is rejected", async () => {
      const wrong = await assert(asked, GOOD);
      await world.arbiter.punish(world.ref(asked, wrong), rival.address, []);
      const right = await assert(asked, BAD, rival);
      await world.time.increase(PARAMETERS.window);
      await world.finalise(asked, right);
      expect(await statusOf(asked)).to.equal(STATUS.denied);
      expect(await books()).to.deep.equal([0n, dollars("25000")]);
      expect(await desk.openApplication(borrower())).to.equal(ZeroHash);
    });

    for (const [what, probability, score, approved] of [
      ["a score of exactly the least", 0.024, 650n, true],
      ["a score below the least", 0.024, 649n, false],
      ["a negative score", 0.024, -(2n ** 63n), false],
      ["a probability of exactly the greatest", 0.03, 700n, true],
      ["a greater probability", 0.0301, 700n, false],
    ] as const) {
      it(`${approved ? "approves" : "denies"} ${what}`, async () => {
        await decide(asked, answerOf(probability, score));
        expect(await statusOf(asked)).to.equal(approved ? STATUS.approved : STATUS.denied);
      });
    }

    it("is not made by a probability that is no number; the application can be cancelled", async () => {
      await expect(decide(asked, answerOf(Number.NaN, 800n)))
        .to.emit(world.coordinator, "DeliveryFailed")
        .withArgs(asked.id, 1n);
      expect(await statusOf(asked)).to.equal(STATUS.pending);
      await afterDeadline(asked);
      await desk.cancel(asked.id);
      expect(await books()).to.deep.equal([0n, dollars("25000")]);
    });

    it("comes from nobody but the coordinator", async () => {
      for (const stage of [0, 1, 2]) {
        await expect(desk.connect(borrower()).onInference(asked.id, stage, true, GOOD))
          .to.be.revertedWithCustomError(desk, "NotCoordinator")
          .withArgs(borrower().address);
      }
    });

    it("that comes after the application was cancelled changes nothing", async () => {
      const signed = await assert(asked, GOOD);
      await afterDeadline(asked);
      await desk.connect(stranger()).cancel(asked.id);
      await expect(world.finalise(asked, signed)).to.emit(desk, "DecidedTooLate").withArgs(asked.id);
      expect(await statusOf(asked)).to.equal(STATUS.cancelled);
      await expect(desk.connect(borrower()).draw(asked.id, borrower()))
        .to.be.revertedWithCustomError(desk, "WrongStatus")
        .withArgs(asked.id, STATUS.cancelled);
      expect(await books()).to.deep.equal([0n, dollars("25000")]);
    });

    it("cannot be cancelled away while there is time", async () => {
      await expect(desk.cancel(asked.id))
        .to.be.revertedWithCustomError(desk, "DeadlineAhead")
        .withArgs(await deadlineOf(asked));
      await decide(asked, GOOD);
      await expect(desk.cancel(asked.id))
        .to.be.revertedWithCustomError(desk, "DeadlineAhead")
        .withArgs(await deadlineOf(asked));
    });
  });

  describe("a loan", () => {
    let asked: Asked;

    beforeEach(async () => {
      asked = await apply();
      await decide(asked, GOOD);
    });

    it("is drawn once, by its borrower, to wherever it likes", async () => {
      await expect(desk.connect(stranger()).draw(asked.id, stranger()))
        .to.be.revertedWithCustomError(desk, "NotBorrower")
        .withArgs(borrower().address, stranger().address);
      const mine = desk.connect(borrower());
      await expect(mine.draw(asked.id, world.signer(8))).to.changeTokenBalances(
        world.connection.ethers,
        token,
        [desk, world.signer(8)],
        [-LOAN, LOAN],
      );
      await expect(mine.draw(asked.id, borrower()))
        .to.be.revertedWithCustomError(desk, "WrongStatus")
        .withArgs(asked.id, STATUS.drawn);
      expect(await books()).to.deep.equal([0n, dollars("15000")]);
    });

    it("lapses when it is not drawn", async () => {
      const deadline = await deadlineOf(asked);
      await afterDeadline(asked);
      await expect(desk.connect(borrower()).draw(asked.id, borrower()))
        .to.be.revertedWithCustomError(desk, "DeadlinePassed")
        .withArgs(deadline);
      await expect(desk.cancel(asked.id)).to.emit(desk, "Cancelled").withArgs(asked.id, borrower().address);
      await expect(desk.cancel(asked.id))
        .to.be.revertedWithCustomError(desk, "WrongStatus")
        .withArgs(asked.id, STATUS.cancelled);
      expect(await books()).to.deep.equal([0n, dollars("25000")]);
      await apply();
    });

    it("is repaid with interest, once, by anyone", async () => {
      await desk.connect(borrower()).draw(asked.id, borrower());
      const amount = dollars("10333");
      await token.mint(stranger(), 2n * amount);
      await token.connect(stranger()).approve(desk, MaxUint256);
      await expect(desk.connect(stranger()).repay(asked.id)).to.changeTokenBalances(
        world.connection.ethers,
        token,
        [desk, stranger()],
        [amount, -amount],
      );
      await expect(desk.connect(stranger()).repay(asked.id))
        .to.be.revertedWithCustomError(desk, "WrongStatus")
        .withArgs(asked.id, STATUS.repaid);
      await apply();
    });

    it("stays approved when the token refuses", async () => {
      const mine = desk.connect(borrower());
      await token.behave(MODE.revert);
      await expect(mine.draw(asked.id, borrower())).to.be.revertedWithCustomError(token, "Refused");
      await token.behave(MODE.returnFalse);
      await expect(mine.draw(asked.id, borrower()))
        .to.be.revertedWithCustomError(desk, "SafeERC20FailedOperation")
        .withArgs(await token.getAddress());
      await token.behave(0);
      await mine.draw(asked.id, borrower());
    });

    it("is not drawn twice through the token", async () => {
      const { interface: abi } = desk;
      for (const call of [
        abi.encodeFunctionData("draw", [asked.id, borrower().address]),
        abi.encodeFunctionData("repay", [asked.id]),
        abi.encodeFunctionData("cancel", [asked.id]),
        abi.encodeFunctionData("reclaim", [asked.id]),
        abi.encodeFunctionData("withdraw", [1n, borrower().address]),
      ]) {
        const before = await world.connection.networkHelpers.takeSnapshot();
        await token.reenterWith(desk, call);
        await desk.connect(borrower()).draw(asked.id, borrower());
        expect(await token.reentered()).to.equal(false);
        expect(abi.parseError(await token.reentryResult())?.name).to.equal("ReentrancyGuardReentrantCall");
        await before.restore();
      }
    });

    it("is not repaid before it is drawn", async () => {
      await expect(desk.repay(asked.id))
        .to.be.revertedWithCustomError(desk, "WrongStatus")
        .withArgs(asked.id, STATUS.approved);
    });
  });

  describe("an application that no operator answers", () => {
    let asked: Asked;

    beforeEach(async () => {
      asked = await apply();
    });
    const expire = async () => {
      await world.time.increase(7_201);
      await world.coordinator.expire(asked.request);
    };

    it("ends, and its borrower is paid back once", async () => {
      await expire();
      await expect(desk.connect(stranger()).reclaim(asked.id)).to.changeEtherBalance(
        world.connection.ethers,
        borrower(),
        PAID,
      );
      expect(await statusOf(asked)).to.equal(STATUS.cancelled);
      expect(await books()).to.deep.equal([0n, dollars("25000")]);
      await expect(desk.reclaim(asked.id)).to.be.revertedWithCustomError(desk, "NothingToReclaim").withArgs(asked.id);
      expect(await world.connection.ethers.provider.getBalance(desk)).to.equal(0n);
      await apply();
    });

    it("is paid back also when it was cancelled before, and does not end another one", async () => {
      await afterDeadline(asked);
      await desk.cancel(asked.id);
      const next = await apply();
      await world.coordinator.expire(asked.request);
      await desk.reclaim(asked.id);
      expect(await desk.openApplication(borrower())).to.equal(next.id);
      expect(await books()).to.deep.equal([LOAN, dollars("15000")]);
    });

    it("is paid back out of its own refund, whoever had that sent", async () => {
      const other = await apply(world.signer(6));
      await expire();
      await world.coordinator.withdrawFor(desk);
      await desk.reclaim(asked.id);
      await expect(desk.reclaim(other.id)).to.be.revertedWithCustomError(desk, "NotExpired").withArgs(other.id, 1n);
    });

    it("is not paid back when it was answered", async () => {
      await decide(asked, GOOD);
      await expect(desk.reclaim(asked.id)).to.be.revertedWithCustomError(desk, "NotExpired").withArgs(asked.id, 3n);
    });

    it("is not paid back to anybody who made a request beside the desk", async () => {
      await expect(desk.reclaim(ZeroHash)).to.be.revertedWithCustomError(desk, "NotExpired").withArgs(ZeroHash, 0n);
      await expect(desk.cancel(ZeroHash))
        .to.be.revertedWithCustomError(desk, "WrongStatus")
        .withArgs(ZeroHash, STATUS.none);
    });
  });

  it("lets nobody but the lender withdraw", async () => {
    await expect(desk.connect(stranger()).withdraw(1n, stranger()))
      .to.be.revertedWithCustomError(desk, "NotLender")
      .withArgs(lender().address, stranger().address);
  });

  for (const [what, field, changes] of [
    ["without the Final callback", "policy", { policy: policyOf() }],
    ["with a Provisional callback", "policy", { policy: callbacks({ provisional: true, final: true }) }],
    [
      "with too little gas for the callback",
      "callbackGas",
      { policy: callbacks({ final: true }, { callbackGas: CALLBACK_GAS - 1 }) },
    ],
    ["without an attester", "attester", { attester: ZeroAddress }],
    ["with less time to decide than to answer", "decisionPeriod", { decisionPeriod: 7_199 }],
  ] as const) {
    it(`is not deployed ${what}`, async () => {
      await expect(deployDesk(changes)).to.be.revertedWithCustomError(desk, "ImpossibleTerms").withArgs(field);
    });
  }

  describe("a model that is not disputable", () => {
    let artefact: string;

    beforeEach(async () => {
      const owner = world.signer(3);
      artefact = await world.register(owner, { ...artefactSpec(owner.address), ...SIGNATURE });
    });

    it("is refused by a desk that was not told to accept it", async () => {
      await expect(deployDesk({ modelId: artefact }))
        .to.be.revertedWithCustomError(desk, "ModelNotDisputable")
        .withArgs(artefact);
    });

    it("is accepted by one that was, whose decisions say it", async () => {
      desk = await deployDesk({ modelId: artefact, acceptNotDisputable: true });
      const asked = await apply();
      await expect(decide(asked, GOOD))
        .to.emit(desk, "Decided")
        .withArgs(asked.id, borrower().address, true, 672n, 24_000n, false);
    });
  });
});
