import { expect } from "chai";
import { identityModel, matmulModel } from "../../test/onnxModels.ts";
import { compile } from "../model/compile.ts";
import { runProgram } from "../vm/engine/executor.ts";
import { evaluateProgram } from "../vm/reference.ts";
import { profile } from "./profile.ts";

describe("estimate of a dispute", () => {
  const profileOf = (onnx: Uint8Array, inputBytes: number) => {
    const program = compile(onnx, { run: runProgram });
    const input = new Uint8Array(inputBytes);
    return profile(program, input, evaluateProgram(program.kernels, program.weights, input));
  };

  it("has no tree to walk in a trace of one chunk, and no segments to choose", () => {
    const { costliest, traceBytes, longestReduction, macs } = profileOf(identityModel("f32", [4]), 16);
    // open, commit, pick, reveal, prove
    expect({ traceBytes, longestReduction, macs, moves: costliest.moves }).to.deep.equal({
      traceBytes: 256,
      longestReduction: 0,
      macs: 0,
      moves: 5,
    });
    expect(costliest.proofGas).to.be.lessThan(costliest.gas);
  });

  it("walks the tree six levels at a time", () => {
    // 65 chunks: 7 levels; open, commit, two picks and reveals, prove.
    expect(profileOf(identityModel("f32", [65 * 64]), 65 * 256).costliest.moves).to.equal(7);
  });

  it("cuts a reduction until a segment fits a proof", () => {
    // 64 segments of 79 steps each, cut again: element, and two times sums and segment, in a trace of one chunk.
    const { costliest, longestReduction, macs } = profileOf(matmulModel(1, 5_000, 2), 20_000);
    expect({ longestReduction, macs, moves: costliest.moves }).to.deep.equal({
      longestReduction: 5_000,
      macs: 10_000,
      moves: 9,
    });
    // 1 segment of 64 steps, and one of 36.
    expect(profileOf(matmulModel(1, 100, 2), 400).costliest.moves).to.equal(7);
  });

  it("charges every chunk that the element reads", () => {
    const [near, far] = [profileOf(matmulModel(1, 32, 2), 128), profileOf(matmulModel(1, 64, 2), 256)];
    expect(far.costliest.proofGas).to.be.greaterThan(near.costliest.proofGas);
  });
});
