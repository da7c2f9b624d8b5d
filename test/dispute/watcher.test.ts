// Watchers against operators that lie, on a chain: they find out, play, and the liars pay.
import { expect } from "chai";
import { encodeSpec } from "../../oracle/chain/modelSpec.ts";
import type { Ground } from "../../oracle/dispute/event.ts";
import { pack } from "../../oracle/model/tensor.ts";
import { Workspace } from "../assay.ts";
import { ask } from "../fixture.ts";
import { matmulModel } from "../onnxModels.ts";
import { assertTraced, flipAndRecompute, flipBit, flipOutput, garbage, type Lie } from "./lies.ts";
import type { Story } from "./lyingEngine.ts";
import { falseFrom } from "./lyingOperator.ts";
import { returnsOf, Theatre } from "./theatre.ts";

describe("a watcher", function () {
  this.timeout(120_000);
  let theatre: Theatre;
  let watcher: Awaited<ReturnType<Theatre["startWatcher"]>>;
  let returns = 0;

  before(async () => {
    theatre = await Theatre.open();
    watcher = await theatre.startWatcher("watcher");
  });
  after(() => theatre.close());

  /** Another request for each: what is asked again is answered as before. */
  const askAnew = () => ask(theatre.world, theatre.model, { tensors: returnsOf(returns++) });

  const STORIES: Record<string, { story: Story; ground: Ground; silentAfter?: "Opened" | "Picked" }> = {
    "another output than the trace's": { story: { lie: flipOutput(3) }, ground: "Output" },
    "another output, signed with the right trace": { story: { lie: flipOutput(3), isEager: true }, ground: "Output" },
    "the right output with a wrong trace": { story: { lie: flipBit(2, 9), isEager: true }, ground: "Element" },
    "a corruption and what follows from it": { story: { lie: flipAndRecompute(1, 30) }, ground: "Element" },
    "a trace that it never commits to": {
      story: { lie: flipOutput(3), withholds: ({ type }) => type === "commit" },
      ground: "Timeout",
      silentAfter: "Opened",
    },
    "a trace that it never shows": {
      story: { lie: flipAndRecompute(1, 30), withholds: ({ type }) => type === "reveal" },
      ground: "Timeout",
      silentAfter: "Picked",
    },
    // No commitment has a frontier of it: the chain refuses each.
    "a trace of garbage": {
      story: { lie: both(flipOutput(3), garbage(1, 0)) },
      ground: "Timeout",
      silentAfter: "Opened",
    },
  };

  for (const [name, { story, ground, silentAfter }] of Object.entries(STORIES)) {
    it(`wins against ${name}`, async () => {
      const { world } = theatre;
      const keys = await theatre.operator(name);
      const liar = await theatre.startOperator(keys, story);
      const asked = await askAnew();
      const refuted = await theatre.refutation(asked, { silentAfter });
      await liar.stop();
      expect(refuted).to.deep.include({ ground, prover: watcher.wallet.address });
      // Alone on the refuted path, it gets its bond back and its share at once.
      await theatre.until("the bond's return", async () => (await theatre.openBonds(watcher)) === 0n);
      expect((await world.coordinator.operatorOf(keys.operator)).slashed).to.equal(true);
      expect(watcher.alarms.recent[0]).to.include({ kind: "wrong", assertionId: refuted.assertionId });
      const opened = await theatre.game.queryFilter(theatre.game.filters.Opened(refuted.assertionId));
      expect(opened).to.have.length(story.isEager && ground === "Output" ? 0 : 1);
    });
  }

  it("leaves right answers alone, to which a request comes that was answered wrongly", async () => {
    const { world } = theatre;
    const liar = await theatre.startOperator(await theatre.operator("first"), { lie: flipOutput(3) });
    const asked = await askAnew();
    await theatre.refutation(asked);
    await liar.stop();
    const { operator, privateKey } = await theatre.operator("second");
    const honest = await theatre.startOperator({ operator, privateKey });
    const { assertionId } = await theatre.answerTo(asked, operator);
    await theatre.until(
      "its verdict",
      async () => (await watcher.disputes.assertion(assertionId))?.verdict === "right",
    );
    await theatre.passTime();
    const finals = () => world.coordinator.queryFilter(world.coordinator.filters.Finalised(asked.requestId));
    await theatre.until("the end", async () => (await finals())[0]?.args.operator === operator);
    await honest.stop();
    expect(watcher.alarms.recent.filter((alarm) => alarm.assertionId === assertionId)).to.deep.equal([]);
  });

  it("does not spend more than its budget, and says so", async () => {
    const poor = await theatre.startWatcher("poor", { watches: { maxBondsWei: 1n } });
    await watcher.stop();
    const liar = await theatre.startOperator(await theatre.operator("lucky"), { lie: flipOutput(3) });
    const asked = await askAnew();
    const { assertionId } = await theatre.answerTo(asked);
    const alarms = () => poor.alarms.recent.filter((alarm) => alarm.assertionId === assertionId);
    await theatre.until("two alarms", async () => alarms().length === 2);
    expect(alarms().map(({ kind }) => kind)).to.deep.equal(["budget", "wrong"]);
    expect(await theatre.game.queryFilter(theatre.game.filters.Opened(assertionId))).to.have.length(0);
    await Promise.all([poor.stop(), liar.stop()]);
    watcher = await theatre.startWatcher("watcher");
  });
});

describe("an honest operator", function () {
  this.timeout(120_000);
  let theatre: Theatre;
  afterEach(() => theatre.close());

  it("defends its answer, and is paid for it", async () => {
    theatre = await Theatre.open();
    const { world, model, game } = theatre;
    const honest = await theatre.operator("honest");
    const node = await theatre.startOperator(honest);
    const asked = await ask(world, model, { tensors: returnsOf(0) });
    const { assertionId, result } = await theatre.answerTo(asked);
    const { challengeBond } = world.manifest.dispute;
    await game.connect(world.stranger).open(result, encodeSpec(model.spec), { value: challengeBond });
    await theatre.until("a commitment", async () => (await game.queryFilter(game.filters.Committed())).length > 0);
    await theatre.passTime();
    await theatre.until(
      "the silent one's loss",
      async () => (await game.queryFilter(game.filters.SessionLost())).length > 0,
    );
    const [lost] = await game.queryFilter(game.filters.SessionLost(assertionId));
    expect(lost?.args.refund).to.be.above(0n);
    await theatre.passTime();
    const finals = () => world.coordinator.queryFilter(world.coordinator.filters.Finalised(asked.requestId));
    await theatre.until("the end", async () => (await finals()).length > 0);
    expect(node.alarms.recent).to.deep.equal([]);
  });
});

describe("an operator's sums", function () {
  this.timeout(120_000);
  const workspace = new Workspace();
  let theatre: Theatre;
  after(async () => {
    await theatre.close();
    await workspace.remove();
  });

  it("convict it if they are false", async () => {
    theatre = await Theatre.open(workspace.write("matmul.onnx", matmulModel(1, 300, 2)));
    await theatre.startWatcher("watcher");
    const story = { lie: both(flipBit(0, 5), assertTraced), distort: falseFrom(1) };
    await theatre.startOperator(await theatre.operator("liar"), story);
    const input = pack(
      "f32",
      Array.from({ length: 300 }, (_, i) => i / 7),
    );
    const asked = await ask(theatre.world, theatre.model, { tensors: [input] });
    expect(await theatre.refutation(asked)).to.include({ ground: "Segment" });
  });
});

/** One lie, and another one on top. */
function both(first: Lie, second: Lie): Lie {
  return (draft) => {
    first(draft);
    second(draft);
  };
}
