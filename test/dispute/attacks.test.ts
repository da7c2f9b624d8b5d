import { expect } from "chai";
import { parseEther } from "ethers";
import { pack } from "../../oracle/model/tensor.ts";
import { mined } from "../coordinator/world.ts";
import { identityModel } from "../onnxModels.ts";
import { deployArena, digestOf, PARAMETERS, RULES, type Session } from "./arena.ts";
import { Scene, staged } from "./scene.ts";
import { Subject } from "./subject.ts";

const subject = new Subject(
  identityModel("f32", [130]),
  pack(
    "f32",
    Array.from({ length: 130 }, (_, i) => i + 1),
  ),
);
const WRONG_ELEMENT = 5;
/** Sessions at once. */
const CROWD = 500;

describe("attacks on a dispute", function () {
  this.timeout(600_000);
  const scene = staged(async () => Scene.of(await deployArena(), subject, { trace: subject.corrupted(4 * 5) }));

  it("a copied proof pays whoever sent it its gas, and the session that it names the rest", async () => {
    const { game, arena, challenger, stranger } = scene();
    const session = await scene().open();
    await scene().commit();
    await mined(scene().sendProveElement(0, WRONG_ELEMENT, { from: stranger, sessions: [session] }));
    expect(await game.owedTo(challenger.address)).to.be.greaterThan(RULES.challengeBond);
    expect(await game.owedTo(stranger.address)).to.equal(0n);
    expect(await arena.coordinator.owedTo(challenger.address)).to.equal(0n);
  });

  it("a puppet that loses first takes nothing from the challenger after it", async () => {
    const { arena, game, challenger, stranger } = scene();
    const puppet = await scene().open(stranger);
    await scene().commit();
    await arena.time.increase(RULES.clock - 10n);
    const session = await scene().open();
    await arena.time.increase(20n);
    await mined(scene().sendTimeout(puppet));
    await mined(scene().sendProveElement(0, WRONG_ELEMENT, { from: challenger, sessions: [session] }));
    expect(await game.owedTo(challenger.address)).to.be.greaterThan(RULES.challengeBond + parseEther("0.2"));
    expect(await game.owedTo(stranger.address)).to.equal(0n);
  });

  it("a session of another answer wins nothing by a proof", async () => {
    const { arena, model, game, asserted } = scene();
    const other = await arena.enlist(arena.signer(6));
    const asks = await arena.ask(model.id, subject.input);
    const wrong = await arena.answer(asks, other, scene().output);
    const { session } = await arena.played(game.open(wrong.result, model.encoded, { value: RULES.challengeBond }));
    await scene().open();
    await scene().commit();
    await expect(scene().sendProveElement(0, WRONG_ELEMENT, { sessions: [session] }))
      .to.be.revertedWithCustomError(game, "ResultMismatch")
      .withArgs(wrong.id, asserted.id);
  });

  it("a commitment signed for another answer, or in another contract's domain, binds nobody", async () => {
    const { arena, game, operator, stranger, asserted, tree } = scene();
    await scene().open();
    const traceRoot = tree.root;
    const other = { assertionId: `0x${"42".repeat(32)}`, traceRoot };
    const foreign = { ...arena.domain, verifyingContract: await game.getAddress() };
    for (const digest of [
      digestOf(arena.domain, "Commit", other),
      digestOf(foreign, "Commit", { assertionId: asserted.id, traceRoot }),
    ]) {
      const signature = operator.key.sign(digest).serialized;
      await expect(scene().sendCommit({ from: stranger, signature })).to.be.revertedWithCustomError(
        game,
        "NotOperator",
      );
    }
  });

  it("a crowd of idle sessions costs its owners their bonds, the operator nothing, and delays no more than one", async () => {
    const { arena, game, operator, stranger, asked, asserted, result } = scene();
    const assertedAt = await arena.time.latest();
    const sessions: Session[] = [];
    for (let i = 0; i < CROWD; i++) sessions.push(await scene().open(stranger));
    await scene().commit();
    await arena.time.increase(RULES.clock + 1n);
    let spent = 0n;
    for (const session of sessions) spent += (await mined(scene().sendTimeout(session, operator.account))).fee;
    expect(await game.owedTo(operator.address)).to.be.greaterThanOrEqual(spent);
    // Window, both clocks, and an increment for the commitment; a second for each time-out's block.
    await arena.time.increaseTo(Math.max(await arena.time.latest(), assertedAt + Number(PARAMETERS.window)) + 1);
    await mined(arena.coordinator.finalise(asked.request, result, asserted.result.outputRoot, "0x"));
    const { window } = PARAMETERS;
    const limit = Number(window + 2n * RULES.clock + RULES.increment) + CROWD;
    expect((await arena.time.latest()) - assertedAt).to.be.at.most(limit);
  });
});
