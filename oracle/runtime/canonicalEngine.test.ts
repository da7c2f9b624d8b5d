import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { heavyModel, matmulModel, oneFloat, reshapeModel } from "../../test/onnxModels.ts";
import { programSpec, runnableProgram } from "../../test/programs.ts";
import { joinTensors, pack } from "../model/tensor.ts";
import { ExecutionError, type RunLimits, type RunnableModel } from "../roles/ports.ts";
import { chunkRoot } from "../vm/chunkTree.ts";
import { evaluateProgram } from "../vm/reference.ts";
import { CanonicalEngine } from "./canonicalEngine.ts";

const LIMITS: RunLimits = { deadlineMs: 60_000, memoryMb: 2_000 };
const VOLATILITY = new URL("../../models/volatility.onnx", import.meta.url).pathname;

describe("CanonicalEngine", function () {
  this.timeout(120_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-canonical-"));
  });
  const engine = new CanonicalEngine({ processes: 1, maxModels: 2 });
  after(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  function written(name: string, onnx: Uint8Array): string {
    writeFileSync(join(folder, name), onnx);
    return join(folder, name);
  }

  const tensorsOf = ({ inputs }: RunnableModel, packed: readonly Uint8Array[]) =>
    inputs.map((input, i) => ({ ...input, bytes: packed[i] as Uint8Array }));

  async function failure(model: RunnableModel, limits = LIMITS, packed = [oneFloat]): Promise<string> {
    const error = await engine.run(model, tensorsOf(model, packed), limits).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ExecutionError);
    return `${(error as ExecutionError).failure}: ${(error as ExecutionError).message}`;
  }

  const returns = pack(
    "f32",
    Array.from({ length: 24 }, (_, i) => (i % 5) / 100 - 0.02),
  );

  it("gives what the reference evaluator gives, and the root of the trace", async () => {
    const { model, program } = runnableProgram(VOLATILITY);
    const { outputs, traceRoot } = await engine.run(model, tensorsOf(model, [returns]), LIMITS);
    const trace = evaluateProgram(program.kernels, program.weights, joinTensors([returns]));
    const at = trace.length - 256 * program.outputChunks;
    expect(outputs[0]?.bytes).to.deep.equal(Uint8Array.from(trace.subarray(at, at + 4)));
    expect(traceRoot).to.equal(chunkRoot(trace));
    expect((await engine.run(model, tensorsOf(model, [returns]), LIMITS)).traceRoot).to.equal(traceRoot);
  });

  it("compiles with the registered options", async () => {
    const bind = { shape: { dtype: "i64", dims: [2], bytes: pack("i64", [3, 2]) } } as const;
    const { model } = runnableProgram(written("reshape.onnx", reshapeModel([2, 3], 2)), { bind });
    const x = pack("f32", [1, 2, 3, 4, 5, 6]);
    const { outputs } = await engine.run(model, tensorsOf(model, [x]), LIMITS);
    expect(outputs).to.deep.equal([{ name: "y", dtype: "f32", dims: [3, 2], bytes: x }]);
  });

  describe("refuses a program", () => {
    const { model } = runnableProgram(VOLATILITY);
    const spec = programSpec(model);
    const zero = `0x${"00".repeat(32)}` as const;
    const cases: Record<string, [RunnableModel, RegExp]> = {
      "with another kernel root": [
        { ...model, program: { ...spec, roots: { ...spec.roots, kernelRoot: zero } } },
        /^program: the artefact does not compile to the registered program: kernelRoot is 0x\w{64}, not 0x0{64}$/,
      ],
      "with other weights": [
        { ...model, program: { ...spec, roots: { ...spec.roots, weightsRoot: zero } } },
        /^program: .*: weightsRoot is 0x\w{64}, not 0x0{64}$/,
      ],
      "with another count": [
        { ...model, program: { ...spec, roots: { ...spec.roots, weightsChunks: 1n } } },
        /^program: .*: weightsChunks is \d+, not 1$/,
      ],
      "of another compiler": [
        { ...model, program: { ...spec, compilerVersion: "9" } },
        /^program: it is registered for compiler version 9, and this node has/,
      ],
      "with options that do not fit": [
        { ...model, program: { ...spec, compilerOptions: '{"bind":{},"dims":{"n":3}}' } },
        /^program: n = 3: no dimension has this name$/,
      ],
      "whose outputs are stated with other dimensions": [
        { ...model, outputs: [{ name: "volatility", dtype: "f32", dims: [1] }] },
        /^program: the program's outputs are volatility f32 \[1, 1\], not volatility f32 \[1\]$/,
      ],
    };
    for (const [i, [what, [other, error]]] of Object.entries(cases).entries()) {
      it(what, async () => {
        const modelId = `0x${i}` as const;
        expect(await failure({ ...other, modelId }, LIMITS, [returns])).to.match(error);
      });
    }

    it("of a file that is no model", async () => {
      const path = written("text.onnx", readFileSync(import.meta.filename));
      expect(await failure({ ...model, path }, LIMITS, [returns])).to.match(/^program: not an ONNX model/);
    });
  });

  it("kills a run that takes too long, and goes on", async () => {
    const { model } = runnableProgram(written("small.onnx", matmulModel(1, 8, 1)));
    const { model: heavy } = runnableProgram(written("heavy.onnx", heavyModel(800, 40)));
    expect(await failure(heavy, { ...LIMITS, deadlineMs: 300 })).to.equal("timeout: killed after 300 ms");
    const { outputs } = await engine.run(model, tensorsOf(model, [new Uint8Array(32)]), LIMITS);
    expect(outputs[0]?.bytes).to.deep.equal(new Uint8Array(4));
  });

  it("kills a process that takes too much memory", async () => {
    const { model } = runnableProgram(written("large.onnx", heavyModel(800, 60)));
    expect(await failure(model, { ...LIMITS, memoryMb: 200 })).to.equal(
      "outOfMemory: killed above 200000000 bytes of memory",
    );
  });
});
