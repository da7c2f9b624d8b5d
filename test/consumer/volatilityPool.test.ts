// What a model's answers do to the pool's fee, and what nothing does to it. Swaps and shares: VolatilityPool.t.sol.
import { expect } from "chai";
import { getBytes, hexlify, MaxUint256, parseEther, parseUnits, ZeroHash } from "ethers";
import { pack, unpack } from "../../oracle/model/tensor.ts";
import type { TestToken, VolatilityPool } from "../../types/index.ts";
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

const HOUR = 3600;
/** Ten past, so that hours do not change where a test does not mean them to. */
const START = Date.UTC(2026, 0, 1, 0, 10) / 1000;
const CALLBACK_GAS = 100_000;
const POLICY = callbacks({ provisional: true, final: true }, { callbackGas: CALLBACK_GAS, callbackGasPrice: 2n });
const PAID = FEE + callbackCost(POLICY);
const SIGNATURE = {
  inputs: [{ name: "returns", dtype: F32, dims: [1, 24] }],
  outputs: [{ name: "volatility", dtype: F32, dims: [1, 1] }],
};
/** Fees in parts per million: 0.3 times the volatility of an hour. */
const TERMS = {
  acceptNotDisputable: false,
  policy: POLICY,
  initialFee: 3_000,
  minFee: 500,
  maxFee: 10_000,
  maxStep: 1_000,
  sensitivity: 300_000,
};
const MODE = { honest: 0, revert: 1, returnFalse: 2, takeFee: 3 };

/** The model's answer, a standard deviation per hour. */
const volatility = (value: number) => hexlify(pack("f32", [value]));

describe("VolatilityPool", () => {
  let world: World;
  let operator: Operator;
  let rival: Operator;
  let modelId: string;
  let token0: TestToken;
  let token1: TestToken;
  let deployment: VolatilityPool;
  let pool: VolatilityPool;
  let snapshot: Awaited<ReturnType<World["connection"]["networkHelpers"]["takeSnapshot"]>>;

  before(async () => {
    world = await deployWorld({ start: START });
    operator = await world.enlist(world.signer(1));
    rival = await world.enlist(world.signer(2));
    const owner = world.signer(3);
    modelId = await world.register(owner, { ...kernelSpec(owner.address), ...SIGNATURE });
    token0 = await world.connection.ethers.deployContract("TestToken", ["WETH", 18]);
    token1 = await world.connection.ethers.deployContract("TestToken", ["USDC", 6]);
    deployment = await deployPool();
  });
  beforeEach(async () => {
    pool = deployment;
    snapshot = await world.connection.networkHelpers.takeSnapshot();
  });
  afterEach(() => snapshot.restore());

  async function deployPool(changes: Partial<typeof TERMS> & { modelId?: string; token1?: TestToken } = {}) {
    const { token1: other = token1, ...terms } = changes;
    const made = await world.connection.ethers.deployContract("VolatilityPool", [
      world.address,
      token0,
      other,
      { modelId, ...TERMS, ...terms },
    ]);
    for (const token of [token0, token1]) {
      await token.mint(world.signer(0), parseEther("1000000"));
      await token.approve(made, MaxUint256);
    }
    return made;
  }

  const addLiquidity = (to = pool) =>
    to.addLiquidity(parseEther("1000"), parseUnits("2000000", 6), 0n, world.signer(0).address);
  const sell = (amount: string) => pool.swap(token0, parseEther(amount), 0n, world.signer(0).address);

  /** Liquidity, then a day and an hour of trades. */
  async function live(): Promise<void> {
    await addLiquidity();
    for (let hour = 0; hour < 24; hour++) {
      await world.time.increase(HOUR);
      await (hour % 3 === 0 ? sell("5") : pool.swap(token1, parseUnits("3000", 6), 0n, world.signer(0).address));
    }
  }

  const requestFee = async (value = PAID): Promise<Asked> => world.asked(await mined(pool.requestFee({ value })));
  const propose = async (asked: Asked, value: number, by = operator) => {
    const signed = await world.sign(asked, by, { output: volatility(value) });
    return { signed, tx: await world.assert(asked, signed) };
  };
  const afterWindow = () => world.time.increase(PARAMETERS.window);
  const fee = async () => Number(await pool.fee());

  describe("a request", () => {
    it("carries the log returns of the last 24 full hours", async () => {
      await addLiquidity();
      const prices = [await price()];
      for (let hour = 0; hour < 26; hour++) {
        await world.time.increaseTo((Math.floor((await world.time.latest()) / HOUR) + 1) * HOUR + hour);
        prices.push(await price());
        // Nobody trades in some hours, and in others twice.
        if (hour % 5 !== 0) await sell(String(1 + (hour % 4) * 20));
        if (hour % 3 === 0) await pool.swap(token1, parseUnits("40000", 6), 0n, world.signer(0).address);
      }
      const expected = prices.slice(-24).map((now, i) => Math.log(now / (prices.at(i - 25) ?? Number.NaN)));
      const { receipt } = await requestFee();
      const { input } = world.event(receipt, "Requested").args;
      const returns = unpack("f32", getBytes(input));
      expect(returns).to.have.lengthOf(24);
      const errors = returns.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
      expect(errors.filter((error, i) => !(error <= 1e-7 + 1e-3 * Math.abs(expected[i] ?? 0)))).to.be.empty;
      expect(Math.max(...returns.map(Math.abs))).to.be.above(0.01);
      expect((await pool.hourlyReturns()).map((value) => Math.fround(Number(value) / 1e18))).to.deep.equal([
        ...returns,
      ]);
    });

    it("waits for liquidity and for a day of prices", async () => {
      await expect(pool.requestFee({ value: PAID })).to.be.revertedWithCustomError(pool, "NoLiquidity");
      await addLiquidity();
      await world.time.increase(23 * HOUR);
      await expect(pool.requestFee({ value: PAID }))
        .to.be.revertedWithCustomError(pool, "HistoryTooShort")
        .withArgs(24n, 25n);
      await world.time.increase(HOUR);
      await requestFee();
    });

    it("must pay for more than its callbacks", async () => {
      await live();
      const cost = callbackCost(POLICY);
      await expect(pool.requestFee({ value: cost }))
        .to.be.revertedWithCustomError(world.coordinator, "Underpaid")
        .withArgs(cost, cost);
    });

    const price = async () => Number(await pool.reserve1()) / Number(await pool.reserve0());
  });

  describe("an answer", () => {
    let asked: Asked;

    beforeEach(async () => {
      await live();
      asked = await requestFee();
    });

    it("sets the fee provisionally, then for good", async () => {
      const { signed, tx } = await propose(asked, 0.012);
      await expect(tx).to.emit(pool, "FeeProposed").withArgs(asked.id, 3_600n, true);
      expect(await fee()).to.equal(3_600);
      await afterWindow();
      await expect(world.finalise(asked, signed)).to.emit(pool, "FeeSettled").withArgs(asked.id, 3_600n, true);
      expect(await fee()).to.equal(3_600);
      expect(await pool.questions(asked.id)).to.deep.equal(["0x0000000000000000000000000000000000000000", 0n, 0n]);
    });

    it("charges swaps what it set", async () => {
      const before = await pool.amountOutFor(token0, parseEther("1"));
      await propose(asked, 0.0001);
      const after = await pool.amountOutFor(token0, parseEther("1"));
      // 0.1 % less fee: that much more comes out.
      expect(((after - before) * 1_000_000n) / before).to.be.closeTo(1_000n, 10n);
    });

    for (const [what, value, expected] of [
      ["a step up", 1, 4_000],
      ["a step down", 0, 2_000],
      ["a step down, if it is negative", -3e38, 2_000],
      ["a step up, if it is absurd", 3e38, 4_000],
      ["nothing, if it asks for the same", 0.01, 3_000],
    ] as const) {
      it(`moves the fee by ${what}`, async () => {
        await propose(asked, value);
        expect(await fee()).to.equal(expected);
      });
    }

    it("stays within the least and the greatest fee", async () => {
      for (const [value, expected] of [
        [0, [2_000, 1_000, 500, 500]],
        [1, [1_500, 2_500, 3_500, 4_500, 5_500, 6_500, 7_500, 8_500, 9_500, 10_000, 10_000]],
      ] as const) {
        for (const step of expected) {
          const { signed } = await propose(asked, value);
          await afterWindow();
          await world.finalise(asked, signed);
          expect(await fee()).to.equal(step);
          asked = await requestFee();
        }
      }
    });

    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      it(`changes nothing if it is ${value}`, async () => {
        const { signed, tx } = await propose(asked, value);
        await expect(tx).to.emit(world.coordinator, "DeliveryFailed").withArgs(asked.id, 0n);
        await afterWindow();
        await expect(world.finalise(asked, signed)).to.emit(world.coordinator, "DeliveryFailed").withArgs(asked.id, 1n);
        expect(await fee()).to.equal(3_000);
      });
    }

    it("is rolled back when it is rejected, and the next one counts", async () => {
      const { signed } = await propose(asked, 0.5);
      await world.arbiter.punish(world.ref(asked, signed), rival.address, []);
      expect(await fee()).to.equal(4_000);
      await expect(world.deliver(asked, signed)).to.emit(pool, "FeeRolledBack").withArgs(asked.id, 3_000n);
      expect(await fee()).to.equal(3_000);
      await propose(asked, 0.009, rival);
      expect(await fee()).to.equal(2_700);
    });

    it("is replaced by the final one, when nobody delivered its rejection", async () => {
      const { signed } = await propose(asked, 0.5);
      await world.arbiter.punish(world.ref(asked, signed), rival.address, []);
      const right = (await propose(asked, 0.009, rival)).signed;
      expect(await fee()).to.equal(4_000);
      await afterWindow();
      await world.finalise(asked, right);
      expect(await fee()).to.equal(2_700);
      await expect(world.deliver(asked, signed))
        .to.be.revertedWithCustomError(world.coordinator, "TermsMismatch")
        .withArgs(asked.id);
      expect(await fee()).to.equal(2_700);
    });

    it("is the first of its hour, or none", async () => {
      const twin = await requestFee();
      const first = (await propose(twin, 0.011)).signed;
      await propose(asked, 0.012);
      expect(await fee()).to.equal(3_300);
      await afterWindow();
      await world.finalise(twin, first);
      expect(await fee()).to.equal(3_300);
    });

    it("gives way to that of a later hour, also while neither is final", async () => {
      const old = (await propose(asked, 0.012)).signed;
      await world.time.increase(HOUR);
      const later = await requestFee();
      const { signed } = await propose(later, 0.0085);
      expect(await fee()).to.equal(2_550);
      await world.finalise(asked, old);
      expect([await fee(), (await pool.fees()).settled]).to.deep.equal([2_550, 3_600n]);
      // Only now the step counts from what the older answer settled.
      await afterWindow();
      await world.finalise(later, signed);
      expect(await fee()).to.equal(2_600);
    });

    it("is ignored when that of a later hour is settled", async () => {
      await world.time.increase(HOUR);
      const later = await requestFee();
      const { signed } = await propose(later, 0.009);
      const old = (await propose(asked, 0.012)).signed;
      await afterWindow();
      for (const final of [() => world.finalise(later, signed), () => world.finalise(asked, old)]) {
        await final();
        expect([await fee(), (await pool.fees()).settled]).to.deep.equal([2_700, 2_700n]);
      }
    });

    it("of an older request that is rejected does not touch a later one's fee", async () => {
      const old = (await propose(asked, 0.012)).signed;
      await world.time.increase(HOUR - 60);
      const later = await requestFee();
      await propose(later, 0.009);
      await world.arbiter.punish(world.ref(asked, old), rival.address, []);
      await world.deliver(asked, old);
      expect(await fee()).to.equal(2_700);
    });

    it("comes from nobody but the coordinator", async () => {
      for (const stage of [0, 1, 2]) {
        await expect(pool.onInference(asked.id, stage, true, volatility(0.012)))
          .to.be.revertedWithCustomError(pool, "NotCoordinator")
          .withArgs(world.signer(0).address);
      }
    });
  });

  describe("a request that nobody answers", () => {
    const payer = () => world.signer(7);
    let asked: Asked;

    beforeEach(async () => {
      await live();
      asked = await world.asked(await mined(pool.connect(payer()).requestFee({ value: PAID })));
    });
    const expire = async () => {
      await world.time.increase(2 * HOUR);
      await world.coordinator.expire(asked.request);
    };

    it("does not keep others back", async () => {
      await world.time.increase(HOUR);
      await propose(await requestFee(), 0.012);
      expect(await fee()).to.equal(3_600);
    });

    for (const first of [false, true]) {
      it(`is paid back, once, to whoever paid${first ? ", also if somebody had the refund sent before" : ""}`, async () => {
        await expire();
        if (first) await world.coordinator.withdrawFor(pool);
        await expect(pool.reclaim(asked.id)).to.changeEtherBalance(world.connection.ethers, payer(), PAID);
        expect(await world.connection.ethers.provider.getBalance(pool)).to.equal(0n);
        await expect(pool.reclaim(asked.id)).to.be.revertedWithCustomError(pool, "NothingToReclaim").withArgs(asked.id);
      });
    }

    it("is not paid back while it is open, nor when it was answered", async () => {
      await expect(pool.reclaim(asked.id)).to.be.revertedWithCustomError(pool, "NotExpired").withArgs(asked.id, 1n);
      const { signed } = await propose(asked, 0.012);
      await expect(pool.reclaim(asked.id)).to.be.revertedWithCustomError(pool, "NotExpired").withArgs(asked.id, 2n);
      await afterWindow();
      await world.finalise(asked, signed);
      await expect(pool.reclaim(asked.id)).to.be.revertedWithCustomError(pool, "NotExpired").withArgs(asked.id, 3n);
    });

    it("is not paid back to anybody who made one beside the pool", async () => {
      await expect(pool.reclaim(ZeroHash)).to.be.revertedWithCustomError(pool, "NotExpired").withArgs(ZeroHash, 0n);
      const own = await world.ask(modelId, { input: world.event(asked.receipt, "Requested").args.input });
      await world.time.increase(3 * HOUR);
      await world.coordinator.expire(own.request);
      await expect(pool.reclaim(own.id)).to.be.revertedWithCustomError(pool, "NothingToReclaim").withArgs(own.id);
    });
  });

  describe("a model that is not disputable", () => {
    let artefact: string;

    before(async () => {
      const owner = world.signer(3);
      artefact = await world.register(owner, { ...artefactSpec(owner.address), ...SIGNATURE });
    });

    it("is refused by a pool that was not told to accept it", async () => {
      await expect(deployPool({ modelId: artefact }))
        .to.be.revertedWithCustomError(pool, "ModelNotDisputable")
        .withArgs(artefact);
    });

    it("is accepted by one that was, whose events say it", async () => {
      pool = await deployPool({ modelId: artefact, acceptNotDisputable: true });
      await live();
      const asked = await requestFee();
      const { signed, tx } = await propose(asked, 0.012);
      await expect(tx).to.emit(pool, "FeeProposed").withArgs(asked.id, 3_600n, false);
      await afterWindow();
      await expect(world.finalise(asked, signed)).to.emit(pool, "FeeSettled").withArgs(asked.id, 3_600n, false);
    });
  });

  for (const [what, field, changes] of [
    ["without a Final callback", "policy", { policy: callbacks({ provisional: true }) }],
    ["without a Provisional callback", "policy", { policy: callbacks({ final: true }) }],
    ["without callbacks", "policy", { policy: policyOf() }],
    [
      "with too little gas for callbacks",
      "callbackGas",
      { policy: callbacks({ provisional: true, final: true }, { callbackGas: CALLBACK_GAS - 1 }) },
    ],
    ["with a fee of all that comes in", "maxFee", { maxFee: 1_000_000 }],
    ["with a first fee below the least", "initialFee", { initialFee: 499 }],
    ["with a first fee above the greatest", "initialFee", { initialFee: 10_001 }],
    ["with a fee that never moves", "maxStep", { maxStep: 0 }],
  ] as const) {
    it(`is not deployed ${what}`, async () => {
      await expect(deployPool(changes)).to.be.revertedWithCustomError(pool, "ImpossibleTerms").withArgs(field);
    });
  }

  it("is not deployed for one token", async () => {
    await expect(deployPool({ token1: token0 }))
      .to.be.revertedWithCustomError(pool, "ImpossibleTerms")
      .withArgs("token1");
  });

  describe("tokens and limits", () => {
    const me = () => world.signer(0).address;

    it("gives no less than asked for", async () => {
      await addLiquidity();
      const out = await pool.amountOutFor(token0, parseEther("1"));
      await expect(pool.swap(token0, parseEther("1"), out + 1n, me()))
        .to.be.revertedWithCustomError(pool, "InsufficientOutput")
        .withArgs(out, out + 1n);
      await expect(pool.swap(token0, 0n, 0n, me()))
        .to.be.revertedWithCustomError(pool, "InsufficientOutput")
        .withArgs(0n, 0n);
      const shares = await pool.balanceOf(me());
      const [have0, have1] = await pool.removeLiquidity.staticCall(shares, 0n, 0n, me());
      await expect(pool.removeLiquidity(shares, have0 + 1n, 0n, me()))
        .to.be.revertedWithCustomError(pool, "InsufficientOutput")
        .withArgs(have0, have0 + 1n);
      await expect(pool.removeLiquidity(shares, 0n, have1 + 1n, me()))
        .to.be.revertedWithCustomError(pool, "InsufficientOutput")
        .withArgs(have1, have1 + 1n);
      const more = await pool.addLiquidity.staticCall(parseEther("1"), parseEther("1"), 0n, me());
      await expect(pool.addLiquidity(parseEther("1"), parseEther("1"), more + 1n, me()))
        .to.be.revertedWithCustomError(pool, "InsufficientShares")
        .withArgs(more, more + 1n);
    });

    it("knows two tokens", async () => {
      await addLiquidity();
      await expect(pool.swap(pool, 1n, 0n, me()))
        .to.be.revertedWithCustomError(pool, "UnknownToken")
        .withArgs(await pool.getAddress());
    });

    it("swaps nothing before there is liquidity", async () => {
      await expect(sell("1")).to.be.revertedWithCustomError(pool, "InsufficientOutput").withArgs(0n, 0n);
    });

    it("fails with a token that reverts or says no, and still takes answers", async () => {
      await live();
      const asked = await requestFee();
      await token0.behave(MODE.revert);
      await expect(sell("1")).to.be.revertedWithCustomError(token0, "Refused");
      await token0.behave(MODE.returnFalse);
      await expect(sell("1"))
        .to.be.revertedWithCustomError(pool, "SafeERC20FailedOperation")
        .withArgs(await token0.getAddress());
      await propose(asked, 0.012);
      expect(await fee()).to.equal(3_600);
    });

    it("refuses a token that takes a fee", async () => {
      await token0.behave(MODE.takeFee);
      const amount = parseEther("1000");
      await expect(addLiquidity())
        .to.be.revertedWithCustomError(pool, "UnsupportedToken")
        .withArgs(await token0.getAddress(), amount, (amount * 99n) / 100n);
    });

    it("is not entered again by a token", async () => {
      await live();
      const { interface: abi } = pool;
      for (const call of [
        abi.encodeFunctionData("swap", [await token1.getAddress(), 1_000_000n, 0n, me()]),
        abi.encodeFunctionData("addLiquidity", [1n, 1n, 0n, me()]),
        abi.encodeFunctionData("removeLiquidity", [1n, 0n, 0n, me()]),
        abi.encodeFunctionData("requestFee"),
        abi.encodeFunctionData("reclaim", [ZeroHash]),
      ]) {
        await token0.reenterWith(pool, call);
        await sell("1");
        expect(await token0.reentered()).to.equal(false);
        expect(abi.parseError(await token0.reentryResult())?.name).to.equal("ReentrancyGuardReentrantCall");
      }
    });

    it("is not moved by tokens sent to it", async () => {
      await live();
      const returns = await pool.hourlyReturns();
      const out = await pool.amountOutFor(token0, parseEther("1"));
      await token0.mint(pool, parseEther("1000000"));
      expect(await pool.hourlyReturns()).to.deep.equal(returns);
      expect(await pool.amountOutFor(token0, parseEther("1"))).to.equal(out);
    });
  });
});
