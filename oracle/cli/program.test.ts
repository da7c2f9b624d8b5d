/** The command line as a process: what it says when it is called wrongly or finds things wrong, and how it ends. */
import { chmodSync, existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { type Outcome, Workspace } from "../../test/assay.ts";
import { heavyModel, onnxFile, onnxValue } from "../../test/onnxModels.ts";
import { formatManifest, MANIFEST_VERSION, type Manifest } from "../chain/manifest.ts";
import { TensorProto_DataType } from "../model/onnx/onnx_pb.ts";

const MODEL = `0x${"12".repeat(32)}`;
const ADDRESS = `0x${"34".repeat(20)}` as const;
const HASH = `0x${"56".repeat(32)}` as const;
const VOLATILITY = fileURLToPath(new URL("../../models/volatility.onnx", import.meta.url));

/** Nobody listens there, and it is a port that fetch does not refuse by itself. */
const DEAD_URL = "http://127.0.0.1:59999";

const all = <T>(value: T) => ({
  coordinator: value,
  modelRegistry: value,
  arbiter: value,
  verdict: value,
  tensorVm: value,
  p256Verifier: value,
  lens: value,
});
const MANIFEST = {
  version: MANIFEST_VERSION,
  chainId: 31337,
  addresses: all(ADDRESS),
  codeHashes: all(HASH),
  parameters: { window: 1, exitDelay: 1, takeoverPeriod: 1, maxAnswerPeriod: 1, minStake: 1n, operatorBond: 1n },
  dispute: { clock: 1, increment: 1, payoutDelay: 1, receiptUse: 1, challengeBond: 1n, priceCap: 1n, tip: 1n },
  block: { number: 1, hash: HASH },
  deployer: ADDRESS,
  compiler: "0.8.37",
} as unknown as Manifest;

interface Case {
  readonly args: readonly string[];
  readonly code: number;
  /** Begins the standard error. */
  readonly error: string | RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Declares a test for each; their commands are run together.
 * @param how as processes, or within this one, which loads once what each process loads again
 */
function cases(workspace: Workspace, how: "runAll" | "callAll", table: Readonly<Record<string, Case>>): void {
  let outcomes: Outcome[];
  before(async () => {
    outcomes = await workspace[how](Object.values(table));
  });
  for (const [i, [name, { code, error }]] of Object.entries(table).entries()) {
    it(name, () => expectFailure(workspace, outcomes[i] as Outcome, code, error));
  }
}

function expectFailure(
  workspace: Workspace,
  { code, stdout, stderr }: Outcome,
  expectedCode: number,
  error: string | RegExp,
): void {
  const said = stderr.replaceAll(workspace.folder, "FOLDER");
  if (typeof error === "string") expect(said.slice(0, error.length)).to.equal(error);
  else expect(said).to.match(error);
  expect(code, said).to.equal(expectedCode);
  expect(said, "no stack").to.not.match(/^ +at /m);
  expect(stdout).to.equal("");
}

describe("command line", function () {
  this.timeout(120_000);
  const workspace = new Workspace();
  after(() => workspace.remove());

  before(async () => {
    workspace.write("manifest.json", formatManifest(MANIFEST));
    await workspace.must("init", "--rpc", DEAD_URL, "--confirmations", "0");
  });

  describe("help", () => {
    it("shows the commands, the exit codes and the first steps", async () => {
      const help = await workspace.mustCall("--help");
      for (const text of ["init", "start", "status", "doctor", "model", "operator", "request", "Exit codes: 0 done"]) {
        expect(help).to.include(text);
      }
    });

    const commands = [
      "init",
      "start",
      "status",
      "doctor",
      "model register",
      "model compile",
      "model run",
      "model inspect",
      "request",
      "operator",
    ];
    it("shows examples for every command", async () => {
      const outcomes = await workspace.callAll(
        commands.map((command) => ({ args: [...command.split(" "), "--help"] })),
      );
      for (const [i, { code, stdout }] of outcomes.entries()) {
        expect(stdout, commands[i])
          .to.match(/Examples:\n {2}assay /)
          .and.include("--config");
        expect(code).to.equal(0);
      }
    });
  });

  describe("called wrongly", () => {
    cases(workspace, "callAll", {
      "without a command": { args: [], code: 2, error: "Usage: assay" },
      "with an unknown command": { args: ["stat"], code: 2, error: "error: unknown command 'stat'\n(Did you mean" },
      "with an unknown option": { args: ["status", "--jsno"], code: 2, error: "error: unknown option '--jsno'" },
      "with garbage": { args: ["start", "; rm -rf", "€"], code: 2, error: "error: too many arguments" },
      "without an argument": { args: ["request"], code: 2, error: "error: missing required argument 'model'" },
      "without an option's value": { args: ["init", "--rpc"], code: 2, error: /argument missing/ },
      "with something that is no id": {
        args: ["request", "volatility"],
        code: 2,
        error: /It is 0x and 64 hexadecimal/,
      },
      "with something that is no amount": { args: ["operator", "stake", "1e18"], code: 2, error: /such as 0.25/ },
      "with something that is no number": {
        args: ["operator", "offer", MODEL, "--latency", "0"],
        code: 2,
        error: /'0' is invalid. It is a whole number from 1 to 65535/,
      },
      "with something that is no choice": { args: ["operator", "live", "yes"], code: 2, error: /choices are on, off/ },
      "with something that is no address": {
        args: ["init", "x", "--operator", "me"],
        code: 2,
        error: /40 hexadecimal/,
      },
      "with dims that are none": {
        args: ["model", "register", "x.onnx", "--dims", "3"],
        code: 2,
        error: /batch=1,length=24/,
      },
      "with an amount and --complete": {
        args: ["operator", "exit", "1", "--complete"],
        code: 2,
        error: "error: give either an amount or --complete\n",
      },
    });
  });

  describe("init", () => {
    it("writes a configuration and a key that only their owner may read", () => {
      for (const name of ["assay.yaml", "keystore.json"]) {
        expect(statSync(workspace.path(name)).mode & 0o777, name).to.equal(0o600);
      }
      expect(existsSync(workspace.path("data"))).to.equal(true);
      const { address } = JSON.parse(workspace.read("keystore.json"));
      expect(workspace.read("assay.yaml").toLowerCase()).to.include(`address: "0x${address}"`);
    });

    it("puts everything into a folder, with paths that work from there", async () => {
      await workspace.mustCall("init", "nodes/a", "--keystore", "keystore.json", "--operator", ADDRESS);
      const config = workspace.read("nodes/a/assay.yaml");
      expect(config)
        .to.match(/manifest: \.\.\/\.\.\/manifest\.json/)
        .and.match(/file: \.\.\/\.\.\/keystore\.json/);
      expect(config).to.include(`address: "${ADDRESS}"`);
      expect(existsSync(workspace.path("nodes/a/keystore.json"))).to.equal(false);
    });

    it("overwrites nothing", async () => {
      const before = workspace.read("assay.yaml");
      expectFailure(
        workspace,
        await workspace.run(["init"]),
        1,
        "error: assay.yaml is there already; nothing was changed\n",
      );
      expect(workspace.read("assay.yaml")).to.equal(before);
      workspace.write("half/keystore.json", "{}");
      expectFailure(workspace, await workspace.run(["init", "half"]), 1, "error: half/keystore.json is there already");
      expect(existsSync(workspace.path("half/assay.yaml"))).to.equal(false);
    });

    cases(workspace, "runAll", {
      "needs a password": {
        args: ["init", "new"],
        env: { ASSAY_KEYSTORE_PASSWORD: "" },
        code: 1,
        error: "error: no password: set ASSAY_KEYSTORE_PASSWORD, or give a password file\n",
      },
      "needs the password file to be there": {
        args: ["init", "new2", "--password-file", "nowhere"],
        code: 1,
        error: "error: cannot read the password file: ENOENT",
      },
      "needs a keystore to be one": {
        args: ["init", "new3", "--keystore", "manifest.json"],
        code: 1,
        error: "error: manifest.json is not a keystore (version 3)\n",
      },
    });
  });

  describe("init that failed", () => {
    it("can be repeated", async () => {
      await workspace.run(["init", "again"], { ASSAY_KEYSTORE_PASSWORD: "" });
      await workspace.must("init", "again");
    });
  });

  describe("configuration", () => {
    before(() => {
      const good = workspace.read("assay.yaml");
      workspace.write("unknown.yaml", good.replace("rpcUrls:", "rpcURLs:"));
      workspace.write("type.yaml", good.replace(/processes: 1/, "processes: many"));
      workspace.write("twice.yaml", `${good}\nlog: {}\n`);
      workspace.write(
        "binary.yaml",
        Uint8Array.from({ length: 1_000 }, (_, i) => i * 7),
      );
      workspace.write("huge.yaml", "#".repeat(2_000_000));
    });

    cases(workspace, "callAll", {
      "is missing": {
        args: ["status", "--config", "nowhere.yaml"],
        code: 1,
        error: "error: nowhere.yaml: ENOENT: no such file or directory",
      },
      "has an unknown key": {
        args: ["start", "-c", "unknown.yaml"],
        code: 1,
        error:
          /^error: unknown.yaml:4: chain.rpcUrls: is missing\nunknown.yaml:8: chain.rpcURLs: unknown key; the keys here are manifest, rpcUrls/,
      },
      "has a value of the wrong type": {
        args: ["status", "-c", "type.yaml"],
        code: 1,
        error: /^error: type.yaml:\d+: execution.processes: expected number, received string\n$/,
      },
      "has a key twice": {
        args: ["status", "-c", "twice.yaml"],
        code: 1,
        error: /^error: twice.yaml:\d+: Map keys must be/,
      },
      "is binary": { args: ["status", "-c", "binary.yaml"], code: 1, error: "error: binary.yaml" },
      "is huge": {
        args: ["status", "-c", "huge.yaml"],
        code: 1,
        error: "error: huge.yaml: is larger than 1000000 bytes",
      },
      "is a folder": { args: ["status", "-c", "data"], code: 1, error: "error: data: EISDIR" },
    });
  });

  describe("start", () => {
    before(async () => {
      await workspace.writeKey("keystore.json");
      const good = workspace.read("assay.yaml");
      workspace.write("noManifest.yaml", good.replace("manifest: manifest.json", "manifest: nowhere.json"));
      workspace.write("badManifest.yaml", good.replace("manifest: manifest.json", "manifest: keystore.json"));
      workspace.write("noKey.yaml", good.replace("file: keystore.json", "file: nowhere.json"));
      workspace.write("passwordFile.yaml", good.replace(/# passwordFile: .*/, "passwordFile: password"));
      workspace.write("password", "\nsecond line\n");
    });

    cases(workspace, "runAll", {
      "with a wrong password": {
        args: ["start"],
        env: { ASSAY_KEYSTORE_PASSWORD: "wrong" },
        code: 1,
        error: "error: the password does not open the keystore FOLDER/keystore.json\n",
      },
      "with an empty password file": {
        args: ["start", "-c", "passwordFile.yaml"],
        code: 1,
        error: "error: the first line of the password file FOLDER/password is empty\n",
      },
      "without a keystore": { args: ["start", "-c", "noKey.yaml"], code: 1, error: "error: cannot read the keystore" },
      "without a manifest": { args: ["start", "-c", "noManifest.yaml"], code: 1, error: /^error: .*nowhere.json/ },
      "with something else for a manifest": {
        args: ["start", "-c", "badManifest.yaml"],
        code: 1,
        error: /keystore.json/,
      },
    });

    it("with no endpoint that answers", async () => {
      const { code, stderr } = await workspace.run(["start"]);
      expect(stderr).to.match(/^error: no endpoint answers eth_\w+: .*\n$/);
      expect(code).to.equal(1);
    });
  });

  describe("model register", () => {
    before(() => {
      workspace.write("text.onnx", "this is no model");
      const open = onnxValue("x", TensorProto_DataType.FLOAT, ["n"]);
      workspace.write(
        "open.onnx",
        onnxFile({
          node: [{ opType: "Identity", input: ["x"], output: ["y"] }],
          input: [open],
          output: [{ ...open, name: "y" }],
        }),
      );
      const half = onnxValue("x", TensorProto_DataType.FLOAT16, [1]);
      const node = [{ opType: "Identity", input: ["x"], output: ["y"] }];
      workspace.write("half.onnx", onnxFile({ node, input: [half], output: [{ ...half, name: "y" }] }));
      const x = onnxValue("x", TensorProto_DataType.FLOAT, [1]);
      workspace.write(
        "strange.onnx",
        onnxFile({
          node: [{ opType: "Frobnicate", input: ["x"], output: ["y"] }],
          input: [x],
          output: [{ ...x, name: "y" }],
        }),
      );
      workspace.write("big.onnx", heavyModel(4, 1));
      workspace.write("small.yaml", workspace.read("assay.yaml").replace("maxMb: 500", "maxMb: 1"));
      workspace.write("large.onnx", new Uint8Array(1_000_001));
    });

    cases(workspace, "callAll", {
      "without the file": {
        args: ["model", "register", "nowhere.onnx"],
        code: 1,
        error: "error: cannot read the model: ENOENT",
      },
      "of something else": {
        args: ["model", "register", "text.onnx"],
        code: 1,
        error: "error: text.onnx: not an ONNX model",
      },
      "of a file that is too large": {
        args: ["model", "register", "large.onnx", "-c", "small.yaml"],
        code: 1,
        error: "error: large.onnx has 1000001 bytes; artefacts.maxMb allows 1000000\n",
      },
      "with dimensions left open": {
        args: ["model", "register", "open.onnx"],
        code: 1,
        error: "error: open.onnx: these dimensions need a size: n; give them with --dims\n",
      },
      "with dimensions that are not open": {
        args: ["model", "register", VOLATILITY, "--dims", "n=3"],
        code: 1,
        error: /n = 3: no dimension has this name/,
      },
      "with an output that it has not": {
        args: ["model", "register", VOLATILITY, "--outputs", "price"],
        code: 1,
        error: /no output is named price; there are volatility/,
      },
      "of a dtype that is not supported": {
        args: ["model", "register", "half.onnx"],
        code: 1,
        error: "error: half.onnx: x is a tensor(float16), which is not supported",
      },
      "of a model that does not load": {
        args: ["model", "register", "strange.onnx"],
        code: 1,
        error: /^error: .*Frobnicate/,
      },
      "with a binding and no program": {
        args: ["model", "register", "big.onnx", "--semantics", "0", "--bind", "x=[1]"],
        code: 2,
        error: "error: --bind takes a program: it does not go with --semantics 0\n",
      },
      "with a tolerance and no program": {
        args: ["model", "register", "big.onnx", "--semantics", "0", "--rtol", "1e-3"],
        code: 2,
        error: "error: a tolerance takes a program: it does not go with --semantics 0\n",
      },
      "with a tolerance that is none": {
        args: ["model", "register", "big.onnx", "--atol", "-1"],
        code: 2,
        error: /It is a number from 0 to 32768, such as 1e-5/,
      },
      "with no endpoint that answers": {
        args: ["model", "register", "big.onnx"],
        code: 1,
        error: "error: no endpoint answers",
      },
    });
  });

  describe("errors", () => {
    it("come with their origin when asked for", async () => {
      const { stderr } = await workspace.run(["status", "--verbose", "-c", "nowhere.yaml"]);
      expect(stderr)
        .to.match(/^error: nowhere.yaml.*\nConfigError: .*\n +at /)
        .and.match(/caused by Error: ENOENT/);
    });

    it("are found by the doctor one by one", async () => {
      chmodSync(workspace.path("keystore.json"), 0o644);
      const { code, stdout, stderr } = await workspace.run(["doctor"]);
      chmodSync(workspace.path("keystore.json"), 0o600);
      expect(code).to.equal(1);
      expect(stdout.match(/^(ok|FAIL) +\w+/gm)?.map((line) => line.replace(/ +/, " "))).to.deep.equal([
        "ok node",
        "ok configuration",
        "ok data",
        "ok manifest",
        "FAIL chain",
        "FAIL clock",
        "FAIL keystore",
        "FAIL stake",
        "FAIL models",
      ]);
      expect(stdout).to.match(/FAIL {2}keystore: others may read .*: chmod 600/);
      expect(stdout).to.include("FAIL  models: none is configured: list them under operator.models");
      expect(stderr).to.equal("error: 5 of 9 checks failed\n");
    });

    it("are found by the doctor in the configuration itself", async () => {
      const { code, stdout } = await workspace.run(["doctor", "-c", "type.yaml"]);
      expect(code).to.equal(1);
      expect(stdout).to.match(
        /^ok {4}node: v24.*\nFAIL {2}configuration: type.yaml:\d+: execution.processes: expected/,
      );
    });
  });
});
