import { AssertionError } from "node:assert";
import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { expect } from "chai";
import { ModelProtoSchema } from "../../oracle/model/onnx/onnx_pb.ts";
import { readSignature, type Signature } from "../../oracle/model/onnx/signature.ts";
import { creditStudy } from "./creditStudy.ts";
import type { Mlp } from "./mlp.ts";
import { checkOnnx } from "./onnxCheck.ts";
import { replaceReport, report } from "./report.ts";
import type { Result } from "./study.ts";
import { volatilityStudy } from "./volatilityStudy.ts";

const models = new URL("../../models/", import.meta.url);
const readme = readFileSync(new URL("README.md", models), "utf8");
const tiny = { samples: 500, epochs: 2 };
const silent = (): void => undefined;

const SIGNATURES: Readonly<Record<string, Signature>> = {
  volatility: {
    inputs: [{ name: "returns", dtype: "f32", dims: [1, 24] }],
    outputs: [{ name: "volatility", dtype: "f32", dims: [1, 1] }],
  },
  credit: {
    inputs: [
      { name: "income", dtype: "f32", dims: [1, 1] },
      { name: "debt", dtype: "f32", dims: [1, 1] },
      { name: "loan", dtype: "f32", dims: [1, 1] },
      { name: "history", dtype: "i64", dims: [1, 3] },
    ],
    outputs: [
      { name: "default_probability", dtype: "f32", dims: [1, 1] },
      { name: "score", dtype: "i64", dims: [1, 1] },
    ],
  },
};

/** What the README claims, in ratios of errors, to be found again on samples nobody has seen. */
const CLAIMS: Readonly<Record<string, (errorsOf: (forecaster: string) => readonly number[]) => void>> = {
  volatility(errorsOf) {
    const [rmse = NaN, qlike = NaN, nll = NaN] = errorsOf("volatility.onnx");
    const naive = errorsOf("naive: sample standard deviation");
    const truth = errorsOf("the truth");
    expect(rmse, "relative RMSE").to.be.below(0.7 * (naive[0] ?? NaN));
    expect(qlike, "QLIKE").to.be.below(0.45 * (naive[1] ?? NaN));
    expect(nll, "NLL").to.be.within(truth[2] ?? NaN, naive[2] ?? NaN);
    expect(truth.slice(0, 2)).to.deep.equal([0, 0]);
    for (const decay of [0.94, 0.9]) {
      const ewma = errorsOf(`EWMA, decay ${decay}`);
      expect(rmse, `relative RMSE against EWMA ${decay}`).to.be.below(0.95 * (ewma[0] ?? NaN));
      expect(qlike, `QLIKE against EWMA ${decay}`).to.be.below(0.7 * (ewma[1] ?? NaN));
    }
  },
  credit(errorsOf) {
    const [logLoss = NaN, brier = NaN, auc = NaN] = errorsOf("credit.onnx");
    const naive = errorsOf("naive: the base rate for everyone");
    const truth = errorsOf("the truth");
    /** 0 at the naive forecast, 1 at the truth. */
    const achieved = (error: number, measure: number): number =>
      ((naive[measure] ?? NaN) - error) / ((naive[measure] ?? NaN) - (truth[measure] ?? NaN));
    expect(achieved(logLoss, 0), "log loss").to.be.within(0.93, 1);
    expect(achieved(brier, 1), "Brier score").to.be.within(0.9, 1);
    expect(achieved(auc, 2), "AUC").to.be.within(0.97, 1);
    expect(naive[2]).to.equal(0.5);
  },
};

for (const study of [volatilityStudy, creditStudy]) {
  describe(`models/${study.name}.onnx`, () => {
    const onnx = readFileSync(new URL(`${study.name}.onnx`, models));
    let mlp: Mlp;

    before("train it again", function () {
      this.timeout(300_000);
      mlp = study.train(study.seed, study.fullBudget, silent);
    });

    it("is what its seed gives, byte for byte", () => {
      expect(Buffer.from(study.toOnnx(mlp)).equals(onnx), "npm run models gives another file").to.equal(true);
    });

    it("has in the README what the training reports", () => {
      expect(replaceReport(readme, study, report(study, mlp, onnx))).to.equal(readme);
    });

    it("is below 100 kB and says whose it is", () => {
      expect(onnx.length).to.be.below(100_000);
      const { irVersion, opsetImport, producerName, docString, metadataProps } = fromBinary(ModelProtoSchema, onnx);
      expect({ irVersion, producerName }).to.deep.equal({ irVersion: 10n, producerName: "assay" });
      expect(opsetImport.map(({ domain, version }) => [domain, version])).to.deep.equal([["", 21n]]);
      expect(docString).not.to.equal("");
      expect(Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]))).to.deep.equal({
        author: "Assay",
        licence: "MIT",
        seed: String(study.seed),
      });
    });

    it("has static inputs and outputs", () => {
      expect(readSignature(onnx)).to.deep.equal(SIGNATURES[study.name]);
    });

    it("keeps what the README claims on samples nobody has seen", () => {
      const results: readonly Result[] = study.evaluate(mlp, 0xf2e5n, 50_000);
      const errorsOf = (name: string): readonly number[] =>
        results.find(({ forecaster }) => forecaster === name)?.errors ?? [];
      CLAIMS[study.name]?.(errorsOf);
    });

    it("is computed by ONNX Runtime as by the float64 that trained it", async () => {
      expect(await checkOnnx(study, mlp, onnx, 7n)).to.be.above(100);
    });

    it("is told from another model", async () => {
      const other = study.train(study.seed, tiny, silent);
      const error: unknown = await checkOnnx(study, other, onnx, 7n).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(AssertionError);
    });
  });

  describe(`training ${study.name}`, () => {
    it("gives the same file for the same seed and another for another", () => {
      const train = (seed: bigint): Uint8Array => study.toOnnx(study.train(seed, tiny, silent));
      expect(train(1n)).to.deep.equal(train(1n));
      expect(train(1n)).not.to.deep.equal(train(2n));
    });
  });
}
