/** The oracle from end to end: a person's commands, a node as its own process, a model's answer on chain. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { formatManifest } from "../oracle/chain/manifest.ts";
import { pack, unpack } from "../oracle/model/tensor.ts";
import { evaluateProgram } from "../oracle/vm/reference.ts";
import { type AssayProcess, configure, type LocalChain, readyOperator, startChain, type Workspace } from "./assay.ts";
import { heavyModel, identityModel } from "./onnxModels.ts";
import { compiled } from "./programs.ts";

const VOLATILITY = fileURLToPath(new URL("../models/volatility.onnx", import.meta.url));
const RETURNS = Array.from({ length: 24 }, (_, i) => ((i * 7) % 11) / 400 - 0.012);

describe("a node", function () {
  this.timeout(120_000);
  let chain: LocalChain;
  let workspace: Workspace;
  let node: AssayProcess;
  let url: string;
  let modelId: string;
  let heavyId: string;

  before(async () => {
    chain = await startChain();
    workspace = await readyOperator(chain);
    workspace.write("models/volatility.onnx", readFileSync(VOLATILITY));
    workspace.write("models/heavy.onnx", heavyModel(2_000, 400));
    modelId = await registered("models/volatility.onnx", "--uri", "http://127.0.0.1:59999/volatility.onnx");
    // The registered address is nobody's, and not public: the configured one comes first.
    heavyId = await registered("models/heavy.onnx", "--semantics", "0", "--uri", "http://127.0.0.1:59999/heavy.onnx");
    configure(workspace, {
      "  models:": `  models:\n    - { id: "${modelId}", uris: ["file:volatility.onnx"] }\n    - { id: "${heavyId}", uris: ["file:heavy.onnx"] }`,
      "  fileRoot:": "  fileRoot: models",
      "  deadlineMs:": "  deadlineMs: 6000",
    });
    await workspace.mustCall("operator", "offer", modelId, "--price-gwei", "1000000", "--latency", "20");
    await workspace.mustCall("operator", "offer", heavyId);
    node = workspace.start(["start"]);
    url = String((await node.logged("started")).url);
  });

  after(async () => {
    await workspace?.remove();
    await chain.close();
  });

  async function registered(...args: string[]): Promise<string> {
    return JSON.parse(await workspace.mustCall("model", "register", ...args, "--json")).modelId;
  }

  async function get(path: string) {
    const response = await fetch(`${url}${path}`);
    return { code: response.status, body: await response.text() };
  }

  it("finds nothing wrong before it starts", async () => {
    const checks = await workspace.mustCall("doctor");
    expect(checks.match(/^\w+/gm)).to.deep.equal(Array(12).fill("ok"));
    expect(checks).to.include(
      `model ${modelId}: canonical, disputable program, offered for 1000000 gwei, its file is there and compiles to what is registered`,
    );
    expect(checks).to.match(/: not disputable, offered for \d+ gwei, its file is there and loads$/m);
  });

  it("becomes ready", async () => {
    for (;;) {
      const { code, body } = await get("/ready");
      if (code === 200) {
        expect(JSON.parse(body).checks.map(({ name }: { name: string }) => name)).to.deep.equal([
          "rpc",
          "cursor",
          "rounds",
          "executor",
          "stake",
        ]);
        return;
      }
    }
  });

  it("brings the fee back when nobody answers", async () => {
    workspace.write("models/other.onnx", identityModel("f32", [1]));
    const otherId = await registered("models/other.onnx");
    const asked = await workspace.run(["request", otherId, "--input", "[1]", "--fee", "0.5", "--answer-period", "1"]);
    expect(asked.stderr).to.match(/\nerror: nobody answered 0x\w{64} in time; the fee came back to 0x\w{40}\n$/);
    expect(asked.code).to.equal(1);
    const { operator, key } = JSON.parse(await workspace.mustCall("status", "--json"));
    expect(operator.owedWei).to.equal("0");
    expect(Number(key.balanceWei) / 1e18).to.be.within(7.9, 8);
  });

  it("answers a request with the bits of the program, and gets paid", async () => {
    const asked = await workspace.mustCall(
      "request",
      modelId,
      "--input",
      JSON.stringify(RETURNS),
      "--wait",
      "final",
      "--json",
    );
    const { disputable, stage, outputs } = JSON.parse(asked);
    expect({ disputable, stage }).to.deep.equal({ disputable: true, stage: "final" });

    const { program } = compiled(readFileSync(VOLATILITY));
    const trace = evaluateProgram(program.kernels, program.weights, pack("f32", RETURNS));
    const expected = trace.subarray(trace.length - 256).slice(0, 4);
    expect(outputs).to.have.length(1);
    expect(outputs[0]).to.deep.include({ name: "volatility", dtype: "f32", dims: [1, 1] });
    expect(pack("f32", outputs[0].values)).to.deep.equal(expected);
    expect(unpack("f32", expected)[0]).to.be.within(0.001, 0.05);

    await node.logged("request closed");
    const { operator, jobs } = JSON.parse((await get("/status")).body);
    expect(operator).to.include({ owedWei: "1000000000000000", lockedWei: "0", isLive: true });
    expect(jobs.done).to.equal(1);
  });

  it("gives up on a model that takes too long, and goes on", async () => {
    const heavy = workspace.run(["request", heavyId, "--input", "[0]", "--fee", "0.001", "--timeout", "10"]);
    await node.logged("run failed");
    const quick = await workspace.mustCall("request", modelId, "--input", JSON.stringify(RETURNS));
    expect(quick).to.match(/^volatility f32 \[1, 1\] = 0\.0\d+\n$/);
    const { code, stderr } = await heavy;
    expect(code).to.equal(1);
    expect(stderr).to.match(/error: no provisional answer to 0x\w+ within 10 s\n$/);
  });

  it("shows how it stands", async () => {
    const text = await workspace.mustCall("status");
    expect(text).to.match(
      /^operator {2}0x\w{40}, live\nstake {5}2 ETH, locked .*, free .*\nowed {6}0\.00\d+ ETH\nkey /m,
    );
    expect(text).to.include(`model     ${modelId}, canonical, disputable program, offered for 1000000 gwei, 20 s`);
    expect(text).to.match(/^node {6}running, \d+ blocks behind\njobs {6}.*[12] done/m);
    const status = JSON.parse(await workspace.mustCall("status", "--json"));
    expect(status.node.state).to.equal("running");
    expect(status.models[0]).to.deep.include({ id: modelId, disputable: true, isRegistered: true });
  });

  it("counts what it does", async () => {
    const { body } = await get("/metrics");
    expect(body).to.match(/^assay_requests_seen_total\{served="yes"\} 3$/m);
    expect(body).to.match(/^assay_runs_failed_total\{failure="timeout"\} [1-9]/m);
    expect(body)
      .to.match(/^assay_tx_finished_total\{state="mined"\} [1-9]/m)
      .and.match(/^process_resident_memory_bytes /m);
  });

  it("does not start twice on one store", async () => {
    const { code, stderr } = await workspace.run(["start"]);
    expect(stderr).to.match(
      /^error: .*assay.db is in use by another process; one node at a time may run on a store\n$/,
    );
    expect(code).to.equal(1);
  });

  it("finds mistakes before they cost anything", async () => {
    const id = `0x${"12".repeat(32)}`;
    const unwantedId = await registered("models/volatility.onnx", "--salt", id);
    const outcomes = await workspace.callAll(
      [
        ["model", "register", VOLATILITY],
        ["request", id, "--input", "[1]"],
        ["request", modelId, "--input", "[1]"],
        ["request", unwantedId, "--input", JSON.stringify(RETURNS)],
        ["request", modelId, "--input", JSON.stringify(RETURNS), "--fee", "0.1", "--answer-period", "999999999"],
        ["request", modelId, "--input", JSON.stringify(RETURNS), "--fee", "1000000"],
        ["operator", "offer", id],
        ["operator", "exit", "100"],
        ["operator", "exit", "--complete"],
        ["operator", "key", "--retire", `0x${"34".repeat(20)}`],
      ].map((args) => ({ args })),
    );
    expect(outcomes.map(({ code }) => code)).to.deep.equal([1, 1, 2, 1, 1, 1, 1, 1, 1, 1]);
    const said = outcomes.map(({ stderr }) => stderr);
    for (const [i, error] of [
      /^error: it is registered already: 0x\w{64}; --salt makes another one of it\n$/,
      /^error: no model 0x12\w+ is registered here\n$/,
      /^error: input returns f32 \[1, 24\]: it has 24 elements, and 1 are given\n$/,
      /^error: nobody offers this model; --fee asks nevertheless\n$/,
      /^error: reverted with PolicyMalformed\(answerPeriod\)\n$/,
      /^error: .*funds/,
      /^error: reverted with UnknownModel\(0x12\w+\)\n$/,
      /^error: reverted with StakeTooLow\(\d+, \d+\)\n$/,
      /^error: reverted with NoExitPending\(0x\w+\)\n$/,
      /^error: reverted with (UnknownKey|NotKeyOwner)\(0x\w+.*\)\n$/,
    ].entries()) {
      expect(said[i]).to.match(error);
    }
  });

  it("stops when it is told to, and leaves no process behind", async () => {
    const asked = workspace.run(["request", heavyId, "--input", "[1]", "--fee", "0.001", "--wait", "none"]);
    await asked;
    await node.logged("run failed");
    node.child.kill("SIGTERM");
    const { code, stdout, stderr } = await node.ended();
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    expect(stdout).to.include('"msg":"stopping"');
    expect(stdout).to.not.include("correct horse");
    const { node: after } = JSON.parse(await workspace.mustCall("status", "--json"));
    expect(after.state).to.equal("not running");
    expect(after.jobs.done).to.be.at.least(1);
  });

  it("takes everything out again", async () => {
    expect(await workspace.mustCall("operator", "withdraw")).to.match(/^withdrew 0\.00\d+ ETH to 0x/);
    const { stderr } = await workspace.run(["operator", "withdraw"]);
    expect(stderr).to.match(/^error: nothing is owed to 0x/);
    await workspace.mustCall("operator", "live", "off");
    await workspace.mustCall("operator", "offer", modelId, "--remove");
    expect(await workspace.mustCall("operator", "exit", "0.5")).to.match(/^asked for 0.5 ETH; complete it in 600 s/);
    const early = await workspace.run(["operator", "exit", "--complete"]);
    expect(early.stderr).to.match(/^error: reverted with ExitPending\(\d+\)\n$/);
    const { key } = JSON.parse(await workspace.mustCall("status", "--json"));
    await workspace.mustCall("operator", "key", "--retire", key.address);
    const { stdout } = await workspace.run(["doctor"]);
    expect(stdout).to.match(/^FAIL {2}key: 0x\w+ signs for nobody: assay operator key$/m);
    expect(stdout).to.match(/^FAIL {2}stake: no request is assigned to this operator: assay operator live on$/m);
    expect(stdout).to.match(new RegExp(`^FAIL  model ${modelId}: not offered: assay operator offer ${modelId}$`, "m"));
  });

  it("refuses somebody else's key, and shows what the right wallet has to send", async () => {
    configure(workspace, { "  address:": `  address: "${chain.manifest.deployer}"` });
    const { code, stderr } = await workspace.run(["operator", "stake", "1"]);
    expect(code).to.equal(1);
    expect(stderr).to.match(
      /^error: this is for the operator 0x\w+, and the key is 0x\w+: give the operator's with --keystore/,
    );
    const { from, to, data, value } = JSON.parse(await workspace.mustCall("operator", "stake", "1", "--print"));
    expect({ from: from.toLowerCase(), value }).to.deep.equal({
      from: chain.manifest.deployer.toLowerCase(),
      value: "1000000000000000000",
    });
    await (await chain.rich.sendTransaction({ to, data, value })).wait();
    const { operator, key } = JSON.parse(await workspace.mustCall("status", "--json"));
    expect(operator.stakeWei).to.equal("1000000000000000000");
    expect(key.operator).to.not.equal(operator.address);
  });

  it("does not take another deployment for its own", async () => {
    const { manifest } = chain;
    const other = { ...manifest, parameters: { ...manifest.parameters, window: 999 } };
    workspace.write("manifest.json", formatManifest(other));
    const doctor = await workspace.run(["doctor"]);
    expect(doctor.stdout).to.include("parameters.window: 999, on chain 2");
    const start = await workspace.run(["start"]);
    expect(start.code).to.equal(1);
    expect(start.stderr).to.match(
      /^error: the chain is not the one of the manifest\n {2}parameters.window: 999, on chain 2\n$/,
    );
    workspace.write("manifest.json", formatManifest({ ...manifest, chainId: 1 }));
    expect((await workspace.run(["start"])).stderr).to.match(
      /^error: no endpoint answers .*: serves another chain than 1\n$/,
    );
  });
});
