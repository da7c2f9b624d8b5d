// The reader and the lowering on models that nobody meant: an error of theirs or a legal program, in bounded time and memory.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { compile } from "../oracle/model/compile.ts";
import * as errors from "../oracle/model/onnx/errors.ts";
import type { ConstantTensor } from "../oracle/model/onnx/graph.ts";
import { runProgram } from "../oracle/vm/engine/executor.ts";
import { validate } from "../oracle/vm/validate.ts";
import { modelFolders, readCases } from "../scripts/conformance/cases.ts";
import { Random } from "../scripts/models/random.ts";
import { runs, seed } from "./budget.ts";
import { oneOf } from "./kernels/edges.ts";
import { mutatedModel } from "./mutateModel.ts";
import { describeShared } from "./shared.ts";

type Bindings = Readonly<Record<string, ConstantTensor>>;

/** Compiles; throws whatever is no error of the compiler's own. */
function tryToCompile(onnx: Uint8Array, bind: Bindings): void {
  try {
    const program = compile(onnx, { bind, run: runProgram });
    for (const { descriptor, chunks } of program.kernels) {
      expect(validate(descriptor, chunks).malformed).to.equal(undefined);
    }
  } catch (error) {
    const cause = error instanceof errors.NodeError ? error.cause : error;
    const isOwn = Object.values(errors).some((kind) => cause instanceof kind);
    if (!isOwn) throw error;
  }
}

function tryMutations(random: Random, onnx: Uint8Array, bind: Bindings): void {
  const mutated = mutatedModel(random, onnx);
  tryToCompile(mutated, random.below(2) === 0 ? bind : {});
}

describe("mutated models", () => {
  it(`are compiled or refused: credit scores and volatilities (seed ${seed})`, function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    const models = ["credit", "volatility"].map((name) => readFileSync(`models/${name}.onnx`));
    for (let i = 0; i < runs(40, 20_000); i++) tryMutations(random, oneOf(random, models), {});
  });
});

describeShared("mutated operator tests", (shared) => {
  it(`are compiled or refused (seed ${seed})`, function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    const folders = modelFolders([`${shared}onnx-node-tests`]);
    for (let i = 0; i < runs(300, 200_000); i++) {
      const folder = oneOf(random, folders);
      const [first] = readCases(folder);
      const inputs = [...(first?.inputs ?? [])].filter(() => random.below(4) > 0);
      tryMutations(random, readFileSync(`${folder}/model.onnx`), Object.fromEntries(inputs));
    }
  });
});
