import { readFileSync } from "node:fs";
import { expect } from "chai";
import { InferenceSession } from "onnxruntime-node";
import { runOnnx } from "./onnxCheck.ts";
import { Random } from "./random.ts";

const HOURS = 24;

describe("volatility.onnx as a forecaster", () => {
  let session: InferenceSession;

  before(async () => {
    session = await InferenceSession.create(readFileSync(new URL("../../models/volatility.onnx", import.meta.url)));
  });
  after(() => session.release());

  async function forecast(returns: readonly number[]): Promise<number> {
    const { volatility } = await runOnnx(session, { returns: Float32Array.from(returns) });
    return volatility?.[0] ?? NaN;
  }

  const random = new Random(11n);
  const normal = (deviation: number): number[] => Array.from({ length: HOURS }, () => deviation * random.normal());

  it("scales with the returns and does not depend on their signs", async () => {
    for (let i = 0; i < 20; i++) {
      const returns = normal(0.01);
      const base = await forecast(returns);
      expect(Math.abs((await forecast(returns.map((value) => 3 * value))) - 3 * base)).to.satisfy(
        (error: number) => error <= 1e-5 * base,
      );
      expect(await forecast(returns.map((value) => -value))).to.equal(base);
    }
  });

  it("stays between e^-1.5 and e^1.5 times the root mean square", async () => {
    for (let i = 0; i < 200; i++) {
      const returns = normal(0.01).map((value) => value * random.uniform(0, 1) ** 4);
      const level = Math.sqrt(returns.reduce((sum, value) => sum + value * value, 0) / HOURS + 1e-10);
      expect((await forecast(returns)) / level).to.be.within(Math.exp(-1.5) - 1e-5, Math.exp(1.5) + 1e-5);
    }
  });

  it("minds a recent shock more than an old one", async () => {
    const calm = normal(0.002);
    const [recent, old] = [await forecast(calm.with(-1, 0.05)), await forecast(calm.with(0, 0.05))];
    expect(recent).to.be.above(2 * old);
    expect(old).to.be.above(await forecast(calm));
  });

  it("is small and positive where no price moved, and bounded where they went mad", async () => {
    const same = (value: number): Promise<number> => forecast(new Array<number>(HOURS).fill(value));
    expect(await same(0)).to.be.within(2e-6, 5e-5);
    const mad = await same(Infinity);
    expect(mad).to.be.within(1, 4.5);
    for (const value of [-Infinity, 1e30, NaN]) expect(await same(value)).to.equal(mad);
  });
});
