import { readFileSync } from "node:fs";
import { expect } from "chai";
import { InferenceSession } from "onnxruntime-node";
import { runOnnx } from "./onnxCheck.ts";

const models = new URL("../../models/", import.meta.url);

describe("credit.onnx as a scorer", () => {
  let session: InferenceSession;

  before(async () => {
    session = await InferenceSession.create(readFileSync(new URL("credit.onnx", models)));
  });
  after(() => session.release());

  async function assess(
    income: number,
    debt: number,
    loan: number,
    ...history: number[]
  ): Promise<{ probability: number; score: number }> {
    const outputs = await runOnnx(session, {
      income: Float32Array.of(income),
      debt: Float32Array.of(debt),
      loan: Float32Array.of(loan),
      history: BigInt64Array.from(history, BigInt),
    });
    return { probability: outputs.default_probability?.[0] ?? NaN, score: outputs.score?.[0] ?? NaN };
  }

  const readme = readFileSync(new URL("README.md", models), "utf8");
  const examples = [
    ...readme.matchAll(/^\| ([\d,]+) +\| ([\d,]+) +\| ([\d,]+) +\| (\d.*?) +\| ([\d.]+) % +\| (\d+) +\|$/gm),
  ];

  it("gives the README's examples", async () => {
    expect(examples).to.have.length(4);
    for (const [row, income = "", debt = "", loan = "", history = "", percent, score] of examples) {
      const [amounts, counts] = [
        [income, debt, loan].map((text) => Number(text.replace(",", ""))),
        history.split(", ").map(Number),
      ];
      const [a = NaN, b = NaN, c = NaN] = amounts;
      const assessed = await assess(a, b, c, ...counts);
      expect((100 * assessed.probability).toFixed(1), row).to.equal(percent);
      expect(`${assessed.score}`, row).to.equal(score);
    }
  });

  it("ties the score to the probability: 600 + 50 log2(odds / 15)", async () => {
    for (const late of [0, 1, 2, 4, 8, 16]) {
      const { probability, score } = await assess(42_000, 20_000, 10_000, 120, late, 3);
      const points = 600 + 50 * Math.log2((1 - probability) / probability / 15);
      expect(Math.abs(score - points)).to.be.at.most(0.501);
    }
  });

  it("thinks less of a borrower with more late payments, more debt or a larger loan", async () => {
    const scores = async (runs: readonly Promise<{ score: number }>[]): Promise<number[]> =>
      (await Promise.all(runs)).map(({ score }) => score);
    const falling = [
      await scores([0, 1, 2, 4, 8].map((late) => assess(42_000, 20_000, 10_000, 120, late, 3))),
      await scores([0, 20_000, 80_000, 200_000].map((debt) => assess(42_000, debt, 10_000, 120, 0, 3))),
      await scores([10_000, 20_000, 40_000, 80_000].map((loan) => assess(42_000, 20_000, loan, 120, 0, 3))),
    ];
    for (const row of falling) expect(row).to.deep.equal([...row].sort((a, b) => b - a));
  });

  it("takes a NaN for the worst of its range and stays within 300 and 850", async () => {
    const history = [120, 0, 3];
    expect(await assess(NaN, 0, 0, ...history)).to.deep.equal(await assess(1000, 0, 0, ...history));
    expect(await assess(42_000, NaN, 0, ...history)).to.deep.equal(await assess(42_000, 1e7, 0, ...history));
    expect(await assess(42_000, 0, NaN, ...history)).to.deep.equal(await assess(42_000, 0, 1e7, ...history));
    expect((await assess(0, Infinity, Infinity, 0, 24, 30)).score).to.equal(300);
    expect((await assess(Infinity, 0, 0, 420, 0, 2)).score).to.be.within(700, 850);
  });
});
