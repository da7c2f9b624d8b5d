import { expect } from "chai";
import { pack } from "../model/tensor.ts";
import type { Hex } from "../vm/keccak.ts";
import { Answering, NO_TRACE, type ProgramServing } from "./answering.ts";
import { ExecutionError, type RunnableModel, type Tensor } from "./ports.ts";

const TRACE: Hex = `0x${"77".repeat(32)}`;
const LIMITS = { deadlineMs: 1, memoryMb: 1 };
const SERVING: ProgramServing = { sentinel: { atol: 0.5, rtol: 0 }, answers: "canonical", checkEvery: 1 };
const ZERO: Hex = `0x${"00".repeat(32)}`;

const y = { name: "y", dtype: "f32", dims: [2] } as const;
const n = { name: "n", dtype: "i64", dims: [1] } as const;
const outputs = (first: number, second: number, integer: bigint): Tensor[] => [
  { ...y, bytes: pack("f32", [first, second]) },
  { ...n, bytes: pack("i64", [integer]) },
];
const bytesOf = (tensors: Tensor[]) => {
  const flat = new Uint8Array(264);
  flat.set(tensors[0]?.bytes ?? [], 0);
  flat.set(tensors[1]?.bytes ?? [], 256);
  return flat;
};
const canonical = outputs(1, 2, 3n);

function modelWith(tolerance = { atol: 0, rtol: 0 }): RunnableModel {
  const roots = {
    kernelRoot: ZERO,
    kernelCount: 1,
    traceChunks: 1n,
    outputChunks: 1n,
    weightsRoot: ZERO,
    weightsChunks: 0n,
  };
  const program = { roots, compilerVersion: "", compilerOptions: "", tolerance };
  return { modelId: "0x01", path: "", inputs: [], outputs: [y, n], program };
}

/** What ONNX Runtime and the program give; errors are thrown. */
function answering(onnx: Tensor[] | ExecutionError, program: Tensor[] | ExecutionError = canonical) {
  const calls = { onnx: 0, canonical: 0, load: 0 };
  const give = <T>(value: T | ExecutionError) =>
    value instanceof ExecutionError ? Promise.reject(value) : Promise.resolve(value);
  const it = new Answering({
    executor: {
      run: () => {
        calls.onnx++;
        return give(onnx);
      },
    },
    canonical: {
      run: () => {
        calls.canonical++;
        return give(program).then((tensors) => ({ outputs: tensors, traceRoot: TRACE }));
      },
      load: () => {
        calls.load++;
        return give(program).then(() => undefined);
      },
    },
  });
  return { it, calls };
}

async function failure(answer: Promise<unknown>): Promise<string> {
  const error = await answer.then(() => undefined).catch((reason: unknown) => reason);
  expect(error).to.be.instanceOf(ExecutionError);
  const { failure, message } = error as ExecutionError;
  return `${failure}: ${message}`;
}

describe("answering", () => {
  it("for an artefact alone: ONNX Runtime's outputs, and no trace", async () => {
    const { it, calls } = answering(outputs(5, 6, 7n));
    const model = { ...modelWith(), program: undefined };
    expect(await it.answer(model, [], LIMITS, SERVING)).to.deep.equal({
      bytes: bytesOf(outputs(5, 6, 7n)),
      traceRoot: NO_TRACE,
    });
    expect(calls).to.deep.equal({ onnx: 1, canonical: 0, load: 0 });
  });

  it("for a program: its own bits, however near the sentinel is", async () => {
    const { it } = answering(outputs(1.25, 1.75, 3n));
    expect(await it.answer(modelWith(), [], LIMITS, SERVING)).to.deep.equal({
      bytes: bytesOf(canonical),
      traceRoot: TRACE,
    });
  });

  const disagreements: [string, Tensor[], string][] = [
    ["a number beyond the tolerance", outputs(1, 2.75, 3n), "y[1]"],
    ["a NaN", outputs(Number.NaN, 2, 3n), "y[0]"],
    ["another integer", outputs(1, 2, 4n), "n[0]"],
    ["an output of another length", [{ ...y, bytes: new Uint8Array(4) }], "y[0]"],
  ];
  for (const [what, sentinel, where] of disagreements) {
    it(`refuses a program's output when the sentinel has ${what}`, async () => {
      const { it } = answering(sentinel);
      expect(await failure(it.answer(modelWith(), [], LIMITS, SERVING))).to.equal(
        `sentinel: ONNX Runtime and the canonical program disagree on ${where} by more than atol 0.5, rtol 0`,
      );
    });
  }

  it("refuses every difference at a tolerance of 0", async () => {
    const serving = { ...SERVING, sentinel: { atol: 0, rtol: 0 } };
    const { it } = answering(outputs(1 + 2 ** -23, 2, 3n));
    expect(await failure(it.answer(modelWith(), [], LIMITS, serving))).to.match(/^sentinel: .* disagree on y\[0\]/);
  });

  it("lets integers differ by a whole tolerance", async () => {
    const serving = { ...SERVING, sentinel: { atol: 1, rtol: 0 } };
    const { it } = answering(outputs(1, 2, 4n));
    expect((await it.answer(modelWith(), [], LIMITS, serving)).bytes).to.deep.equal(bytesOf(canonical));
  });

  it("has the program's failure before ONNX Runtime's, and needs both", async () => {
    const [program, onnx] = [new ExecutionError("program", "other roots"), new ExecutionError("timeout", "too slow")];
    expect(await failure(answering(onnx, program).it.answer(modelWith(), [], LIMITS, SERVING))).to.match(/^program/);
    expect(await failure(answering(onnx).it.answer(modelWith(), [], LIMITS, SERVING))).to.match(/^timeout/);
  });

  describe("with ONNX Runtime's outputs", () => {
    const serving: ProgramServing = { ...SERVING, answers: "onnxRuntime" };
    const near = outputs(1.25, 2, 3n);

    it("takes a model that is registered with a tolerance", async () => {
      const { it } = answering(near);
      expect(await failure(it.answer(modelWith(), [], LIMITS, serving))).to.match(/^model: .*without a tolerance/);
    });

    it("gives them within that tolerance, whatever the sentinel's", async () => {
      const strict = { ...serving, sentinel: { atol: 0, rtol: 0 } };
      const { it } = answering(near);
      expect(await it.answer(modelWith({ atol: 0.25, rtol: 0 }), [], LIMITS, strict)).to.deep.equal({
        bytes: bytesOf(near),
        traceRoot: NO_TRACE,
      });
    });

    it("refuses them beyond it, and other integers always", async () => {
      const beyond = answering(near).it.answer(modelWith({ atol: 0.125, rtol: 0 }), [], LIMITS, serving);
      expect(await failure(beyond)).to.match(/^sentinel: .* y\[0\] by more than atol 0.125/);
      const other = answering(outputs(1, 2, 4n)).it.answer(modelWith({ atol: 9, rtol: 9 }), [], LIMITS, serving);
      expect(await failure(other)).to.match(/^sentinel: .* n\[0\]/);
    });

    it("holds one of so many against the program, which is the registered one every time", async () => {
      const { it, calls } = answering(near);
      const model = modelWith({ atol: 0.25, rtol: 0 });
      for (let i = 0; i < 7; i++) await it.answer(model, [], LIMITS, { ...serving, checkEvery: 3 });
      expect(calls).to.deep.equal({ onnx: 7, canonical: 3, load: 4 });
    });
  });
});
