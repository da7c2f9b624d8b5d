// The command that re-runs answers, against an operator that lies and one that does not.
import { expect } from "chai";
import { formatManifest } from "../../oracle/chain/manifest.ts";
import { type Outcome, Workspace } from "../assay.ts";
import { ask } from "../fixture.ts";
import { flipBit, flipOutput } from "./lies.ts";
import type { Story } from "./lyingEngine.ts";
import { returnsOf, Theatre, VOLATILITY } from "./theatre.ts";

describe("assay verify", function () {
  this.timeout(120_000);
  let theatre: Theatre;
  let workspace: Workspace;
  let number = 0;

  before(async () => {
    theatre = await Theatre.open();
    workspace = new Workspace();
    workspace.write("manifest.json", formatManifest(theatre.world.manifest));
    await workspace.writeKey("key.json");
    await workspace.mustCall("init", "--rpc", theatre.server.url, "--keystore", "key.json");
    configureModel(workspace, theatre.model.modelId);
  });
  after(async () => {
    await workspace.remove();
    await theatre.close();
  });

  /** Has an operator answer, and verifies its answer. */
  async function verify(name: string, story?: Story): Promise<Outcome & { assertionId: string }> {
    const operator = await theatre.startOperator(await theatre.operator(name), story);
    const asked = await ask(theatre.world, theatre.model, { tensors: returnsOf(number++) });
    const { assertionId } = await theatre.answerTo(asked);
    await operator.stop();
    const [outcome] = await workspace.callAll([{ args: ["verify", asked.requestId] }]);
    if (outcome === undefined) throw new Error("nothing was verified");
    return { ...outcome, assertionId };
  }

  it("confirms a right answer, and says what that rests on", async () => {
    const { code, stdout, assertionId } = await verify("honest");
    expect(code).to.equal(0);
    expect(stdout).to.match(/^program {4}0x\w{64}: the file compiles to it$/m);
    expect(stdout).to.match(new RegExp(`^answer {5}${assertionId} by 0x\\w{40}, live$`, "m"));
    expect(stdout).to.match(/^output {5}right$/m);
    expect(stdout).to.match(/^trace {6}right$/m);
  });

  it("finds a wrong output", async () => {
    const { code, stdout, stderr } = await verify("liar", { lie: flipOutput(3) });
    expect(code).to.equal(1);
    expect(stdout).to.match(/^output {5}WRONG: the right one has root 0x\w{64}$/m);
    expect(stdout).to.match(/^trace {6}not checked: its operator signed none$/m);
    expect(stderr).to.match(/^error: the answer of 0x\w{40} is wrong$/m);
  });

  it("finds a wrong trace behind a right output", async () => {
    const { code, stdout } = await verify("tracer", { lie: flipBit(2, 9), isEager: true });
    expect(code).to.equal(1);
    expect(stdout).to.match(/^output {5}right$/m);
    expect(stdout).to.match(/^trace {6}WRONG: the right one has root 0x\w{64}$/m);
  });

  it("says what it cannot find out", async () => {
    const unanswered = await ask(theatre.world, theatre.model, { tensors: returnsOf(number++) });
    const unknown = `0x${"12".repeat(32)}`;
    const outcomes = await workspace.callAll([
      { args: ["verify", unanswered.requestId] },
      { args: ["verify", unknown] },
      { args: ["verify", "garbage"] },
      { args: ["verify", unknown, "--config", "absent.yaml"] },
    ]);
    expect(outcomes.map(({ code }) => code)).to.deep.equal([3, 3, 2, 3]);
    expect(outcomes[0]?.stderr).to.equal(`error: nobody has answered ${unanswered.requestId}\n`);
    expect(outcomes[1]?.stderr).to.equal(`error: there is no request ${unknown} here\n`);
  });
});

/** The file is on this machine; what is registered leads nowhere. */
function configureModel(workspace: Workspace, modelId: string): void {
  const config = workspace.read("assay.yaml");
  const models = `  models: [{ id: "${modelId}", uris: ["file:volatility.onnx"] }]`;
  const folder = `  fileRoot: ${JSON.stringify(VOLATILITY.replace(/volatility\.onnx$/, ""))}`;
  const changed = config.replace(/^ {2}(# )?models:.*$/m, models).replace(/^ {2}(# )?fileRoot:.*$/m, folder);
  workspace.write("assay.yaml", changed);
}
