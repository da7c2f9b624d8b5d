import { expect } from "chai";
import { AbiCoder, ZeroHash } from "ethers";
import { pack } from "../../oracle/model/tensor.ts";
import { mined } from "../coordinator/world.ts";
import { identityModel } from "../onnxModels.ts";
import { type Asserted, deployArena, Phase, RULES, type Session } from "./arena.ts";
import { Scene, staged } from "./scene.ts";
import { Subject } from "./subject.ts";

const subject = new Subject(
  identityModel("f32", [130]),
  pack(
    "f32",
    Array.from({ length: 130 }, (_, i) => i),
  ),
);
const HELD = 2n;
const LIVE = 1n;

describe("a contest between two answers", () => {
  const scene = staged(async () => Scene.of(await deployArena(), subject, { trace: subject.corrupted(4) }));

  const encode = (result: Asserted["result"]) =>
    AbiCoder.defaultAbiCoder().encode(scene().game.interface.getFunction("open").inputs, [
      result,
      scene().model.encoded,
    ]);
  /** Another operator answers rightly beside the wrong answer. */
  const contested = async ({ value = RULES.challengeBond, data = encode(scene().result), as = 4 } = {}) => {
    const { arena, asked, asserted } = scene();
    const challenger = await arena.enlist(arena.signer(as));
    const mine = await arena.sign(asked, challenger, subject.output(subject.canonical));
    const { result, output, signature } = mine;
    const assertion = { request: asked.request, answer: result, output, signature };
    const rivalRoot = asserted.result.outputRoot;
    const send = () => arena.coordinator.assertBeside(assertion, asserted.result, rivalRoot, data, { value });
    return { challenger, mine, send };
  };
  const begun = async () => {
    const { challenger, mine, send } = await contested();
    const { args } = scene().arena.event(await mined(send()), "Opened");
    return { challenger, mine, session: args.session.toObject() as Session };
  };
  const stateOf = async ({ result }: Asserted) =>
    (await scene().arena.coordinator.assertionStateOf(result.requestId, result.operator)) & 3n;

  it("is a session of the challenger's operator against its rival", async () => {
    const { game, asserted } = scene();
    const { challenger, mine, session } = await begun();
    expect([session.assertionId, session.owner, session.contender]).to.deep.equal([
      asserted.id,
      challenger.address,
      mine.id,
    ]);
    expect((await game.caseOf(asserted.id)).holds).to.equal(1n);
    expect((await game.caseOf(mine.id)).holds).to.equal(1n);
    expect([await stateOf(asserted), await stateOf(mine)]).to.deep.equal([LIVE | HELD, LIVE | HELD]);
  });

  it("is opened by the coordinator, with the rival's Result and the bond", async () => {
    const { game, asserted, stranger, result } = scene();
    const ref = { assertionId: asserted.id, requestId: result.requestId, operator: result.operator };
    await expect(game.connect(stranger).contest(ref, ref, "0x"))
      .to.be.revertedWithCustomError(game, "NotCoordinator")
      .withArgs(stranger.address);
    const { send: sendShort } = await contested({ value: 1n });
    await expect(sendShort()).to.be.revertedWithCustomError(game, "WrongBond").withArgs(RULES.challengeBond, 1n);
    const other = { ...result, issuedAt: result.issuedAt + 1n };
    const { send: sendOther } = await contested({ data: encode(other), as: 5 });
    await expect(sendOther())
      .to.be.revertedWithCustomError(game, "ResultMismatch")
      .withArgs(asserted.id, await game.assertionIdOf(other));
  });

  it("is played by the operator or its keys", async () => {
    const { game, arena, stranger } = scene();
    const { challenger, session } = await begun();
    await scene().commit();
    await expect(scene().sendPick(session, 0, 0, { from: stranger }))
      .to.be.revertedWithCustomError(game, "NotOwner")
      .withArgs(challenger.address, stranger.address);
    const { ethers, networkHelpers } = arena.connection;
    const key = new ethers.Wallet(challenger.key, ethers.provider);
    await networkHelpers.setBalance(key.address, 10n ** 18n);
    const call = game.interface.encodeFunctionData("pick", [
      session,
      0,
      0,
      scene().tree.node(0, 0),
      [scene().tree.node(0, 1), scene().tree.node(1, 1)],
    ]);
    await expect(key.sendTransaction({ to: game, data: call })).to.emit(game, "Picked");
  });

  it("won, rejects the rival and frees the challenger's answer", async () => {
    const { asserted, arena, asked, game } = scene();
    const { challenger, mine, session } = await begun();
    await scene().commit();
    const receipt = await mined(scene().sendProveElement(0, 1, { sessions: [session] }));
    expect(arena.event(receipt, "Claimed").args.owner).to.equal(challenger.address);
    expect([await stateOf(asserted), await stateOf(mine)]).to.deep.equal([0n, LIVE]);
    await arena.time.increase(4_000);
    await arena.coordinator.finalise(asked.request, mine.result, mine.result.outputRoot, "0x");
    expect((await game.caseOf(mine.id)).holds).to.equal(0n);
  });

  it("lost, frees both answers", async () => {
    const { asserted, arena } = scene();
    const { mine, session } = await begun();
    await scene().commit();
    await arena.time.increase(RULES.clock + 1n);
    await mined(scene().sendTimeout(session));
    expect([await stateOf(asserted), await stateOf(mine)]).to.deep.equal([LIVE, LIVE]);
  });

  it("ends when its session joins or is claimed, if somebody else won", async () => {
    const { game } = scene();
    const { mine, session } = await begun();
    const other = await scene().open();
    await scene().commit();
    await mined(scene().sendProveElement(0, 1, { sessions: [other] }));
    expect(await stateOf(mine)).to.equal(LIVE | HELD);
    const { session: joined } = await scene().arena.played(game.claim(session));
    expect(joined.phase).to.equal(BigInt(Phase.Joined));
    expect(await stateOf(mine)).to.equal(LIVE);
  });

  it("leaves a challenger alone that was itself refuted, and one that others hold", async () => {
    const { game, arena, model, stranger } = scene();
    const { mine, session } = await begun();
    const against = await arena.played(
      game.connect(stranger).open(mine.result, model.encoded, { value: RULES.challengeBond }),
    );
    expect((await game.caseOf(mine.id)).holds).to.equal(2n);
    await scene().commit();
    await mined(scene().sendProveElement(0, 1, { sessions: [session] }));
    expect(await stateOf(mine)).to.equal(LIVE | HELD);
    await arena.time.increase(RULES.clock + 1n);
    await mined(game.timeout(against.session, mine.result));
    expect(await stateOf(mine)).to.equal(0n);
  });

  it("outlives its challenger's own refutation", async () => {
    const { game, arena, model, stranger, asserted } = scene();
    const { mine, session } = await begun();
    const against = await arena.played(
      game.connect(stranger).open(mine.result, model.encoded, { value: RULES.challengeBond }),
    );
    await scene().commit();
    await arena.time.increase(RULES.clock + 1n);
    await mined(game.timeout(against.session, mine.result));
    await mined(scene().sendTimeout(session));
    expect([await stateOf(asserted), await stateOf(mine)]).to.deep.equal([LIVE, 0n]);
    expect(await game.sessionStateOf(await game.sessionIdOf(asserted.id, 0))).to.equal(ZeroHash);
  });
});
