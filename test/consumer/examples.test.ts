// The examples with the models they are made for: ONNX Runtime answers what they ask, as in an operator's node.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { id, MaxUint256, parseEther, parseUnits, sha256, Wallet } from "ethers";
import { tensorBytes } from "../../oracle/chain/modelSpec.ts";
import { POLICY, packWord } from "../../oracle/chain/words.ts";
import { bindDims } from "../../oracle/model/onnx/bindDims.ts";
import { readSignature } from "../../oracle/model/onnx/signature.ts";
import { joinTensors, splitTensors } from "../../oracle/model/tensor.ts";
import type { RunnableModel } from "../../oracle/roles/ports.ts";
import { OnnxRuntime } from "../../oracle/runtime/onnxRuntime.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import {
  type Asked,
  answer,
  deployed,
  finalise,
  type Registered,
  register,
  requestIn,
  stakeOperator,
  type World,
} from "../fixture.ts";
import { attest } from "./attest.ts";

const HOUR = 3600;
const LIMITS = { deadlineMs: 30_000, memoryMb: 1_000 };

/** 200,000 gas for each callback asked for. */
const policyOf = (callbacks: { provisional: boolean; final: boolean }) =>
  packWord(POLICY, {
    ...callbacks,
    callbackGas: 200_000,
    callbackGasPrice: 0n,
    answerPeriod: HOUR,
    minBond: 0n,
    atolClass: 0,
    rtolClass: 0,
  });

describe("the examples and their models", () => {
  let world: World;
  let runtime: OnnxRuntime;

  before(() => {
    runtime = new OnnxRuntime({ processes: 1, maxModels: 2 });
  });
  after(() => runtime.close());
  beforeEach(async () => {
    world = await deployed();
    await stakeOperator(world);
  });

  async function registered(name: string): Promise<Registered & { readonly path: string }> {
    const path = fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));
    const onnx = readFileSync(path);
    const model = await register(world, { ...bindDims(readSignature(onnx), {}), artefactHash: sha256(onnx) as Hex });
    return { ...model, path };
  }

  /** Runs the model on what was asked and makes its answer final. */
  async function settle({ spec, modelId, path }: Awaited<ReturnType<typeof registered>>, asked: Asked) {
    const model: RunnableModel = { modelId, path, inputs: spec.inputs, outputs: spec.outputs };
    const packed = splitTensors(asked.input, spec.inputs.map(tensorBytes));
    const inputs = spec.inputs.map((input, i) => ({ ...input, bytes: packed[i] ?? new Uint8Array() }));
    const outputs = await runtime.run(model, inputs, LIMITS);
    const output = joinTensors(outputs.map(({ bytes }) => bytes));
    return finalise(world, asked, await answer(world, asked, output));
  }

  it("a pool is dearer after a wild day than after a calm one", async () => {
    const model = await registered("volatility");
    const token0 = await world.ethers.deployContract("FaucetToken", ["WETH", 18]);
    const token1 = await world.ethers.deployContract("FaucetToken", ["USDC", 6]);
    const pool = await world.ethers.deployContract("VolatilityPool", [
      world.coordinator,
      token0,
      token1,
      {
        modelId: model.modelId,
        acceptNotDisputable: true,
        policy: policyOf({ provisional: true, final: true }),
        initialFee: 3_000,
        minFee: 1,
        maxFee: 100_000,
        maxStep: 100_000,
        sensitivity: 300_000,
      },
    ]);
    const trader = world.requester;
    for (const token of [token0, token1]) {
      await token.mint(trader, parseEther("1000000"));
      await token.connect(trader).approve(pool, MaxUint256);
    }
    const trading = pool.connect(trader);
    await trading.addLiquidity(parseEther("1000"), parseUnits("2000000", 6), 0n, trader);

    const feeAfter = async (perCent: number) => {
      for (let hour = 0; hour < 24; hour++) {
        await world.networkHelpers.time.increase(HOUR);
        // A reserve that grows by x moves the price by twice that.
        const [token, reserve] = hour % 2 ? [token0, await pool.reserve0()] : [token1, await pool.reserve1()];
        await trading.swap(token, (reserve * BigInt(perCent * 100)) / 20_000n, 0n, trader);
      }
      await world.networkHelpers.time.increase(HOUR);
      await settle(model, await requestIn(world, await trading.requestFee({ value: parseEther("0.01") })));
      return Number(await pool.fee());
    };
    // 0.3 times an hourly volatility of about as many per cent: 3,000 parts per million for 1 %.
    expect(await feeAfter(0.2)).to.be.within(300, 1_200);
    expect(await feeAfter(2)).to.be.within(3_000, 12_000);
  });

  it("a desk lends to those whom the table in models/README.md says", async () => {
    const model = await registered("credit");
    const token = await world.ethers.deployContract("FaucetToken", ["USD", 6]);
    const attester = new Wallet(id("attester"));
    const desk = await world.ethers.deployContract("LendingDesk", [
      world.coordinator,
      token,
      {
        modelId: model.modelId,
        acceptNotDisputable: true,
        policy: policyOf({ provisional: false, final: true }),
        lender: world.owner,
        attester,
        minScore: 650,
        maxDefaultPpm: 32_000,
        interestBps: 300,
        decisionPeriod: HOUR,
        drawPeriod: HOUR,
        loanPeriod: HOUR,
      },
    ]);
    await token.mint(desk, parseUnits("100000", 6));
    const readme = readFileSync(new URL("../../models/README.md", import.meta.url), "utf8");
    const rows = [
      ...readme.matchAll(/^\| ([\d,]+) +\| ([\d,]+) +\| ([\d,]+) +\| ([\d, ]+?) +\| ([\d.]+) % +\| (\d+) +\|$/gm),
    ];
    expect(rows).to.have.lengthOf(4);
    const borrowers = (await world.ethers.getSigners()).slice(-rows.length);

    for (const [i, [, income = "", debt = "", loan = "", history = "", risk, score]] of rows.entries()) {
      const [monthsOfHistory, latePayments, creditLines] = history.split(", ").map(BigInt);
      const money = (text: string) => parseUnits(text.replaceAll(",", ""), 6);
      const borrower = borrowers[i] ?? world.requester;
      const facts = {
        borrower: borrower.address,
        income: money(income),
        debt: money(debt),
        loan: money(loan),
        monthsOfHistory: monthsOfHistory ?? 0n,
        latePayments: latePayments ?? 0n,
        creditLines: creditLines ?? 0n,
        expiresAt: 2n ** 40n,
      };
      const attestation = await attest(facts, attester, desk, world.manifest.chainId);
      const sent = await desk.connect(borrower).applyForLoan(facts, attestation, { value: parseEther("0.01") });
      const { hash } = await settle(model, await requestIn(world, sent));
      const receipt = await world.ethers.provider.getTransactionReceipt(hash);
      const [decided] = await desk.queryFilter(desk.filters.Decided(), receipt?.blockNumber);
      expect(decided?.args.score).to.equal(BigInt(score ?? 0));
      expect((Number(decided?.args.defaultPpm) / 10_000).toFixed(1)).to.equal(risk);
      expect(decided?.args.approved).to.equal(Number(score) >= 650);
      expect(decided?.args.disputable).to.equal(false);
    }
  });
});
