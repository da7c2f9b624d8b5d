/** `assay model compile`, `run` and `inspect` as processes: without a configuration, a chain or a key. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { type Outcome, Workspace } from "../../test/assay.ts";
import { matmulModel, reshapeModel } from "../../test/onnxModels.ts";
import { compile } from "../model/compile.ts";
import { pack } from "../model/tensor.ts";
import { chunkRoot } from "../vm/chunkTree.ts";
import { rootsOf } from "../vm/programRoots.ts";
import { evaluateProgram } from "../vm/reference.ts";
import { parseNpy } from "./npy.ts";

const VOLATILITY = fileURLToPath(new URL("../../models/volatility.onnx", import.meta.url));
const RETURNS = Array.from({ length: 24 }, (_, i) => ((i * 7) % 11) / 400 - 0.012);

const COMMANDS = {
  compile: ["compile", VOLATILITY, "--json", "--out", "build/"],
  compileText: ["compile", "reshape.onnx", "--bind", "shape=[3,2]"],
  run: ["run", VOLATILITY, "--input", "returns.json", "--runtime", "onnxruntime", "--json", "--out", "out"],
  runBound: [
    "run",
    "reshape.onnx",
    "--bind",
    "shape=shape.json",
    "--input",
    "[1,2,3,4,5,6]",
    "--runtime",
    "onnxruntime",
  ],
  inspect: ["inspect", VOLATILITY, "--json", "--samples", "2"],
  inspectText: ["inspect", "matmul.onnx"],
  unbound: ["compile", "reshape.onnx"],
  boundWrongly: ["compile", "reshape.onnx", "--bind", "shape=[[3,2]]"],
  boundUnknown: ["compile", "reshape.onnx", "--bind", "form=[3,2]"],
  unreadable: ["inspect", "text.onnx"],
  missingInput: ["run", VOLATILITY],
  wrongFile: ["run", VOLATILITY, "--input", "returns.pb"],
} as const;

describe("model commands", function () {
  this.timeout(120_000);
  const workspace = new Workspace();
  const outcomes = new Map<string, Outcome>();
  after(() => workspace.remove());
  before(async () => {
    workspace.write("returns.json", JSON.stringify(RETURNS));
    workspace.write("returns.pb", "no tensor");
    workspace.write("shape.json", "[3, 2]");
    workspace.write("text.onnx", "this is no model");
    workspace.write("reshape.onnx", reshapeModel([2, 3], 2));
    workspace.write("matmul.onnx", matmulModel(2, 100, 3));
    const all = await workspace.callAll(Object.values(COMMANDS).map((args) => ({ args: ["model", ...args] })));
    for (const [i, name] of Object.keys(COMMANDS).entries()) outcomes.set(name, all[i] as Outcome);
  });

  function succeeded(name: keyof typeof COMMANDS): string {
    const { code, stdout, stderr } = outcomes.get(name) as Outcome;
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    return stdout;
  }

  function failed(name: keyof typeof COMMANDS, code: number, error: RegExp): void {
    const outcome = outcomes.get(name) as Outcome;
    expect(outcome.stderr).to.match(error);
    expect(outcome.stdout).to.equal("");
    expect(outcome.code).to.equal(code);
  }

  const program = compile(readFileSync(VOLATILITY), { run: evaluateProgram });

  it("compile: prints and writes what registration states", () => {
    const printed = JSON.parse(succeeded("compile"));
    const { roots } = rootsOf(program);
    const numbers = { traceChunks: 16, outputChunks: 1, weightsChunks: Number(roots.weightsChunks) };
    expect(printed).to.deep.include({ ...roots, ...numbers, version: 1, compilerOptions: '{"bind":{},"dims":{}}' });
    expect(printed.outputs).to.deep.equal([{ name: "volatility", dtype: "f32", dims: [1, 1] }]);
    expect(JSON.parse(workspace.read("build/program.json"))).to.deep.equal(printed);
  });

  it("compile: binds inputs, which the program does not take any more", () => {
    const text = succeeded("compileText");
    expect(text)
      .to.match(/^inputs +x f32 \[2, 3\]$/m)
      .and.match(/^outputs +y f32 \[3, 2\]$/m);
    expect(text).to.match(/^compiler +version \S+, options \{"bind":\{"shape":\{"data":"0x0300/m);
  });

  it("run: gives the canonical output, its roots, and ONNX Runtime's output beside", () => {
    const result = JSON.parse(succeeded("run"));
    const input = pack("f32", RETURNS);
    const trace = evaluateProgram(program.kernels, program.weights, input);
    const output = trace.subarray(15 * 256, 15 * 256 + 4);
    expect(result).to.include({
      inputRoot: chunkRoot(input),
      outputRoot: chunkRoot(output),
      traceRoot: chunkRoot(trace),
    });
    expect(pack("f32", result.outputs[0].values)).to.deep.equal(Uint8Array.from(output));
    expect(result.onnxRuntime.maxAbs).to.be.lessThan(1e-6);
    const written = parseNpy(readFileSync(join(workspace.folder, "out", "volatility.npy")));
    expect({ ...written, bytes: Uint8Array.from(written.bytes) }).to.deep.equal({
      dtype: "f32",
      dims: [1, 1],
      bytes: Uint8Array.from(output),
    });
  });

  it("run: gives bound inputs to ONNX Runtime as well", () => {
    expect(succeeded("runBound")).to.match(
      /^y f32 \[3, 2\] = 1, 2, 3, 4, 5, 6\nONNX Runtime: y f32 \[3, 2\] = 1, 2, 3, 4, 5, 6\nONNX Runtime differs by at most 0/,
    );
  });

  it("inspect: sizes, work, what a dispute takes, and the sentinel's tolerance", () => {
    const found = JSON.parse(succeeded("inspect"));
    expect(found).to.deep.include({ kernels: 16, traceChunks: 16, traceBytes: 4096, longestReduction: 24 });
    expect(found.costliest).to.include({ moves: 5 });
    expect(found.sentinel).to.include({ tolerance: 1e-6 });
    const text = succeeded("inspectText");
    expect(text).to.match(/^work +about 600 MACs; 600 steps/m);
    expect(text).to.match(/^dispute +about 7 moves and [\d,]+ gas at most, .* \(an estimate; /m);
    expect(text).to.match(/^tolerance sentinel: \{ atol: 1e-\d, rtol: 1e-\d \}$/m);
  });

  it("say what is wrong, and where", () => {
    failed(
      "unbound",
      1,
      /^error: reshape.onnx: node \S+ \(Reshape, opset \d+\): .*: bind shape with --bind NAME=VALUE\n$/,
    );
    failed("boundWrongly", 2, /^error: input shape i64 \[2\]: the value has dimensions \[1, 2\]\n$/);
    failed(
      "boundUnknown",
      2,
      /^error: say which input form=\[3,2\] binds: NAME=VALUE; they are x f32 \[2, 3\], shape i64/,
    );
    failed("unreadable", 1, /^error: text.onnx: not an ONNX model/);
    failed("missingInput", 2, /^error: input returns f32 \[1, 24\] is missing\n$/);
    failed("wrongFile", 2, /^error: returns.pb: not a TensorProto/);
    expect(existsSync(workspace.path("assay.yaml")), "no configuration was needed").to.equal(false);
  });
});
