import { expect } from "chai";
import { concat, keccak256, ZeroHash } from "ethers";
import { pack } from "../../oracle/model/tensor.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { eventsOf, mined } from "../coordinator/world.ts";
import { matmulModel } from "../onnxModels.ts";
import { deployArena, digestOf, Phase, RULES } from "./arena.ts";
import { Scene, staged } from "./scene.ts";
import { frontier, nodePath, Subject } from "./subject.ts";

/** 72 chunks, so that a tree of depth 7 has two frontiers; 128 steps in two segments. */
const [ROWS, DEPTH, COLUMNS] = [72, 128, 64];
const WRONG_CHUNK = 70;
const WRONG_ELEMENT = WRONG_CHUNK * 64 + 2;
const [KERNEL, HEIGHT] = [0, 7];

const subject = new Subject(
  matmulModel(ROWS, DEPTH, COLUMNS),
  pack(
    "f32",
    Array.from({ length: ROWS * DEPTH }, (_, i) => ((i * 7) % 31) - 15),
  ),
);
const wrongTrace = subject.corrupted(WRONG_CHUNK * 256 + 8);

describe("moves of a dispute", () => {
  const scene = staged(async () => Scene.of(await deployArena(), subject, { trace: wrongTrace }));

  const picked = async () => {
    const session = await scene().open();
    await scene().commit();
    return scene().pick(session, 1, WRONG_CHUNK >> 1);
  };
  const shown = async () => {
    const leaves = await scene().reveal(await picked());
    return scene().reveal(await scene().pick(leaves, 0, WRONG_CHUNK));
  };
  const focused = async () => scene().pickElement(await shown(), KERNEL, WRONG_ELEMENT);
  const rightSums = concat(subject.sums(wrongTrace, KERNEL, WRONG_ELEMENT));

  describe("open", () => {
    it("states the session, keeps its hash and holds the answer", async () => {
      const { arena, game, asserted, result, challenger } = scene();
      const receipt = await mined(scene().sendOpen());
      const { args } = arena.event(receipt, "Opened");
      const session = args.session.toObject();
      const since = await arena.time.latest();
      expect(session).to.deep.equal({
        assertionId: asserted.id,
        operator: result.operator,
        owner: challenger.address,
        serial: 0n,
        bond: RULES.challengeBond,
        chunks: 72n,
        phase: BigInt(Phase.Commit),
        height: BigInt(HEIGHT),
        index: 0n,
        node: ZeroHash,
        focus: ZeroHash,
        since: BigInt(since),
        ownerClock: RULES.clock,
        operatorClock: RULES.clock,
        ownerCost: session.ownerCost,
        operatorCost: 0n,
        contender: ZeroHash,
      });
      expect(session.ownerCost).to.be.greaterThan(0n);
      const id = await game.sessionIdOf(asserted.id, 0);
      expect(args.sessionId).to.equal(id);
      expect(await game.sessionStateOf(id)).to.equal(scene().arena.stateOf(session));
      expect([...(await game.caseOf(asserted.id))]).to.deep.equal([1n, 1n, 1n, 0n, 0n, 72n, false]);
      expect(arena.event(receipt, "Held", arena.coordinator).args.assertionId).to.equal(asserted.id);
    });

    it("counts sessions, and holds an answer once", async () => {
      const { game, asserted } = scene();
      await scene().open();
      const second = await scene().open(scene().stranger);
      expect(second.serial).to.equal(1n);
      const { opened, live, holds } = await game.caseOf(asserted.id);
      expect({ opened, live, holds }).to.deep.equal({ opened: 2n, live: 2n, holds: 2n });
    });

    it("takes exactly the bond", async () => {
      for (const value of [0n, RULES.challengeBond - 1n, RULES.challengeBond + 1n]) {
        await expect(scene().sendOpen(scene().challenger, value))
          .to.be.revertedWithCustomError(scene().game, "WrongBond")
          .withArgs(RULES.challengeBond, value);
      }
    });

    it("is for live answers, inside their window", async () => {
      const { arena, game, result, model, asserted, asked } = scene();
      const value = RULES.challengeBond;
      const other = { ...result, outputRoot: ZeroHash };
      await expect(game.open(other, model.encoded, { value }))
        .to.be.revertedWithCustomError(game, "NotLive")
        .withArgs(await game.assertionIdOf(other));
      const state = await arena.coordinator.assertionStateOf(asked.id, result.operator);
      const end = Number((state >> 8n) & 0xffffffffffn);
      await arena.time.setNextBlockTimestamp(end);
      await expect(scene().sendOpen()).to.be.revertedWithCustomError(game, "WindowOver").withArgs(end);
      expect(await game.assertionIdOf(result)).to.equal(asserted.id);
    });

    it("opens in the last second of the window", async () => {
      const { arena, asked, result } = scene();
      const state = await arena.coordinator.assertionStateOf(asked.id, result.operator);
      await arena.time.setNextBlockTimestamp(Number((state >> 8n) & 0xffffffffffn) - 1);
      expect((await scene().open()).serial).to.equal(0n);
    });

    it("wants the model's description", async () => {
      const { game, result, arena, model } = scene();
      const encoded = arena.encode({ ...model.spec, kernelCount: 2 });
      await expect(game.open(result, encoded, { value: RULES.challengeBond })).to.be.revertedWithCustomError(
        arena.contracts.verdict,
        "SpecMismatch",
      );
    });

    it("cannot be paid for twice by one call", async () => {
      const { game, result, model } = scene();
      const call = game.interface.encodeFunctionData("open", [result, model.encoded]);
      await expect(game.multicall([call, call]))
        .to.be.revertedWithCustomError(game, "WrongBond")
        .withArgs(RULES.challengeBond, 0n);
    });
  });

  describe("commit", () => {
    it("serves all sessions, whose turn it then is", async () => {
      const { game, asserted, tree } = scene();
      const [first, second] = [await scene().open(), await scene().open(scene().challenger)];
      const receipt = await mined(scene().sendCommit());
      const { args } = scene().arena.event(receipt, "Committed");
      expect(args.toObject()).to.deep.equal({
        assertionId: asserted.id,
        traceRoot: tree.root,
        nodes: frontier(tree, HEIGHT, 0),
      });
      expect(await game.traceRootOf(asserted.id)).to.equal(tree.root);
      for (const session of [first, second]) {
        expect((await scene().pick(session, 1, 3)).phase).to.equal(BigInt(Phase.Reveal));
      }
    });

    it("makes sessions opened later begin with the owner's turn", async () => {
      await scene().open();
      await scene().commit();
      const { session } = await scene().arena.played(scene().sendOpen(scene().stranger));
      expect(session.phase).to.equal(BigInt(Phase.Pick));
      expect(session.node).to.equal(scene().tree.root);
      expect(session.operatorClock).to.equal(RULES.clock);
    });

    it("is the operator's: sent by it or a key, or signed", async () => {
      const { arena, game, operator, stranger, asserted, tree } = scene();
      await scene().open();
      await expect(scene().sendCommit({ from: stranger }))
        .to.be.revertedWithCustomError(game, "NotOperator")
        .withArgs(operator.address, stranger.address);
      const sign = (traceRoot: string) =>
        operator.key.sign(digestOf(arena.domain, "Commit", { assertionId: asserted.id, traceRoot })).serialized;
      await expect(scene().sendCommit({ from: stranger, signature: sign(ZeroHash) })).to.be.revertedWithCustomError(
        game,
        "NotOperator",
      );
      await mined(scene().sendCommit({ from: stranger, signature: sign(tree.root) }));
      expect(await game.traceRootOf(asserted.id)).to.equal(tree.root);
    });

    it("happens once, of a disputed answer, with the nodes of its root", async () => {
      const { game, asserted, tree } = scene();
      await expect(scene().sendCommit()).to.be.revertedWithCustomError(game, "NotLive").withArgs(asserted.id);
      await scene().open();
      const nodes = frontier(tree, HEIGHT, 0);
      await expect(scene().sendCommit({ nodes: nodes.slice(0, 32) }))
        .to.be.revertedWithCustomError(game, "FrontierMismatch")
        .withArgs(64 * 32, 32 * 32);
      await expect(scene().sendCommit({ nodes: nodes.toReversed() })).to.be.revertedWithCustomError(
        game,
        "NodeMismatch",
      );
      await scene().commit();
      await expect(scene().sendCommit()).to.be.revertedWithCustomError(game, "AlreadyCommitted").withArgs(asserted.id);
    });
  });

  describe("pick", () => {
    it("goes to a node and gives the turn to the operator", async () => {
      const session = await picked();
      const { tree } = scene();
      expect(session.node).to.equal(toHex(tree.node(1, WRONG_CHUNK >> 1)));
      expect([session.height, session.index, session.phase]).to.deep.equal([1n, 35n, BigInt(Phase.Reveal)]);
    });

    it("may skip levels, to a chunk", async () => {
      const session = await scene().open();
      await scene().commit();
      expect((await scene().pick(session, 0, WRONG_CHUNK)).height).to.equal(0n);
    });

    it("refuses nodes above the frontier, of padding, and elsewhere", async () => {
      const { game, tree } = scene();
      const session = await scene().open();
      await scene().commit();
      const refused = async (height: number, index: number) => {
        const path = Array.from({ length: HEIGHT - height }, () => ZeroHash);
        await expect(scene().sendPick(session, height, index, { node: new Uint8Array(32), path }))
          .to.be.revertedWithCustomError(game, "NodeOutOfRange")
          .withArgs(height, index);
      };
      await refused(7, 0);
      await refused(2, 3);
      await refused(1, 36);
      await refused(0, 72);
      const leaves = await scene().reveal(await scene().pick(session, 1, 35));
      await expect(scene().sendPick(leaves, 0, 69, { path: [ZeroHash] }))
        .to.be.revertedWithCustomError(game, "NodeOutOfRange")
        .withArgs(0, 69);
      await expect(scene().sendPick(leaves, 1, 35, { path: [] }))
        .to.be.revertedWithCustomError(game, "NodeOutOfRange")
        .withArgs(1, 35);
      await expect(scene().sendPick(leaves, 0, 70, { node: tree.node(0, 71) })).to.be.revertedWithCustomError(
        game,
        "NodeMismatch",
      );
      await expect(scene().sendPick(leaves, 0, 70, { path: [] }))
        .to.be.revertedWithCustomError(scene().arena.contracts.verdict, "ProofLengthMismatch")
        .withArgs(1, 0);
    });

    it("is the owner's, in its phase", async () => {
      const { game, stranger, challenger } = scene();
      const session = await scene().open();
      await expect(scene().sendPick(session, 1, 0))
        .to.be.revertedWithCustomError(game, "WrongPhase")
        .withArgs(Phase.Commit);
      await scene().commit();
      await expect(scene().sendPick(session, 1, 0, { from: stranger }))
        .to.be.revertedWithCustomError(game, "NotOwner")
        .withArgs(challenger.address, stranger.address);
      const next = await scene().pick(session, 1, 0);
      await expect(scene().sendPick(next, 0, 0))
        .to.be.revertedWithCustomError(game, "WrongPhase")
        .withArgs(Phase.Reveal);
      await expect(scene().sendPick(session, 1, 0))
        .to.be.revertedWithCustomError(game, "StateMismatch")
        .withArgs(
          await game.sessionIdOf(session.assertionId, 0),
          scene().arena.stateOf(next),
          scene().arena.stateOf(session),
        );
    });
  });

  describe("reveal", () => {
    it("is anybody's, and leads to a chunk", async () => {
      const session = await picked();
      const leaves = await scene().reveal(session);
      expect([leaves.phase, leaves.height]).to.deep.equal([BigInt(Phase.Pick), 1n]);
      const low = await scene().pick(leaves, 0, WRONG_CHUNK);
      const chunk = await scene().reveal(low);
      expect(chunk.phase).to.equal(BigInt(Phase.Chunk));
      expect(chunk.operatorCost).to.be.greaterThan(leaves.operatorCost);
    });

    it("refuses what does not hash to the node", async () => {
      const { game, tree } = scene();
      const session = await picked();
      for (const bytes of [0, 32, 63, 65, 128]) {
        await expect(scene().sendReveal(session, new Uint8Array(bytes)))
          .to.be.revertedWithCustomError(game, "FrontierMismatch")
          .withArgs(64, bytes);
      }
      await expect(scene().sendReveal(session, new Uint8Array(64))).to.be.revertedWithCustomError(game, "NodeMismatch");
      const low = await scene().pick(await scene().reveal(session), 0, WRONG_CHUNK);
      await expect(scene().sendReveal(low, new Uint8Array(255)))
        .to.be.revertedWithCustomError(game, "FrontierMismatch")
        .withArgs(256, 255);
      await expect(scene().sendReveal(low, subject.canonical.slice(70 * 256, 71 * 256)))
        .to.be.revertedWithCustomError(game, "NodeMismatch")
        .withArgs(toHex(tree.node(0, 70)), keccak256(subject.canonical.slice(70 * 256, 71 * 256)));
    });

    it("happens in its phase", async () => {
      const session = await scene().open();
      await scene().commit();
      await expect(scene().sendReveal(session, "0x"))
        .to.be.revertedWithCustomError(scene().game, "WrongPhase")
        .withArgs(Phase.Pick);
    });
  });

  describe("pickElement", () => {
    it("states the whole reduction with the element as the trace has it", async () => {
      const { session, focus } = await focused();
      expect(session.phase).to.equal(BigInt(Phase.Sums));
      expect(focus).to.deep.include({
        firstChunk: 0n,
        element: BigInt(WRONG_ELEMENT),
        from: 0n,
        to: 128n,
        steps: 128n,
      });
      const bytes = wrongTrace.slice(WRONG_ELEMENT * 4, WRONG_ELEMENT * 4 + 4);
      expect(focus.after_).to.equal(concat([bytes, new Uint8Array(4)]));
      expect([focus.stepsPerProof, focus.accumulator]).to.deep.equal([64n, 2n]);
    });

    it("may come without a reveal", async () => {
      const session = await scene().open();
      await scene().commit();
      const { session: next } = await scene().pickElement(session, KERNEL, WRONG_ELEMENT);
      expect([next.height, next.index]).to.deep.equal([0n, BigInt(WRONG_CHUNK)]);
    });

    it("is the owner's, of the session's answer and below its node", async () => {
      const { game, stranger, challenger, result, asserted } = scene();
      const chunk = await shown();
      await expect(scene().sendPickElement(chunk, KERNEL, WRONG_ELEMENT, { from: stranger }))
        .to.be.revertedWithCustomError(game, "NotOwner")
        .withArgs(challenger.address, stranger.address);
      const other = { ...result, issuedAt: result.issuedAt + 1n };
      await expect(scene().sendPickElement(chunk, KERNEL, WRONG_ELEMENT, { result: other }))
        .to.be.revertedWithCustomError(game, "ResultMismatch")
        .withArgs(asserted.id, await game.assertionIdOf(other));
      await expect(scene().sendPickElement(chunk, KERNEL, WRONG_ELEMENT, { chunk: 71 }))
        .to.be.revertedWithCustomError(game, "NodeOutOfRange")
        .withArgs(0, 71);
      const { verdict } = scene().arena.contracts;
      await expect(scene().sendPickElement(chunk, KERNEL, 0, { chunk: WRONG_CHUNK }))
        .to.be.revertedWithCustomError(verdict, "ElementElsewhere")
        .withArgs(0, WRONG_CHUNK);
    });

    it("happens in its phases", async () => {
      await expect(scene().sendPickElement(await picked(), KERNEL, WRONG_ELEMENT))
        .to.be.revertedWithCustomError(scene().game, "WrongPhase")
        .withArgs(Phase.Reveal);
    });
  });

  describe("revealSums", () => {
    it("is the operator's: sent, or signed over the state", async () => {
      const { arena, game, operator, stranger } = scene();
      const { session, focus } = await focused();
      await expect(scene().sendRevealSums(session, focus, rightSums, { from: stranger }))
        .to.be.revertedWithCustomError(game, "NotOperator")
        .withArgs(operator.address, stranger.address);
      const message = {
        sessionId: await game.sessionIdOf(session.assertionId, session.serial),
        state: scene().arena.stateOf(session),
        sums: keccak256(rightSums),
      };
      const signature = operator.key.sign(digestOf(arena.domain, "Sums", message)).serialized;
      const receipt = await mined(scene().sendRevealSums(session, focus, rightSums, { from: stranger, signature }));
      const { args } = arena.event(receipt, "SumsRevealed");
      expect(args.session.phase).to.equal(BigInt(Phase.Segment));
      expect(args.sums).to.equal(rightSums);
    });

    it("takes as many sums as there are cuts, a NaN in its one form", async () => {
      const { game, operator } = scene();
      const { session, focus } = await focused();
      for (const bytes of [0, 7, 16]) {
        await expect(scene().sendRevealSums(session, focus, `0x${"00".repeat(bytes)}`))
          .to.be.revertedWithCustomError(game, "SumsMismatch")
          .withArgs(8, bytes);
      }
      for (const sum of ["0x010000000000f07f", "0x000000000000f8ff", "0x000000000000f4ff"]) {
        await expect(scene().sendRevealSums(session, focus, sum))
          .to.be.revertedWithCustomError(game, "SumNotCanonical")
          .withArgs(0, sum);
      }
      const forged = { ...focus, element: 0n };
      await expect(scene().sendRevealSums(session, forged, rightSums)).to.be.revertedWithCustomError(
        game,
        "FocusMismatch",
      );
      for (const sum of ["0x000000000000f87f", "0x000000000000f0ff", "0x000000000000f07f"]) {
        await game.connect(operator.account).revealSums.staticCall(session, focus, sum, "0x");
      }
    });
  });

  describe("segments", () => {
    it("are not picked if they fit a proof", async () => {
      const { game, challenger, stranger } = scene();
      const { session, focus } = await focused();
      const summed = await scene().revealSums(session, focus, rightSums);
      await expect(scene().pickSegment(summed, focus, rightSums, 0))
        .to.be.revertedWithCustomError(game, "SegmentFits")
        .withArgs(64, 64);
      await expect(scene().pickSegment(summed, focus, rightSums, 2))
        .to.be.revertedWithCustomError(game, "SegmentOutOfRange")
        .withArgs(2, 2);
      await expect(scene().pickSegment(summed, focus, rightSums, 0, stranger))
        .to.be.revertedWithCustomError(game, "NotOwner")
        .withArgs(challenger.address, stranger.address);
      await expect(scene().pickSegment(summed, focus, "0x0000000000000000", 0)).to.be.revertedWithCustomError(
        game,
        "FocusMismatch",
      );
    });

    it("are proved wrong, and not where they are right", async () => {
      const { game, arena } = scene();
      const { session, focus } = await focused();
      const run = (segment: number) => ({ element: WRONG_ELEMENT, from: 64 * segment, to: 64 * (segment + 1) });
      const right = await scene().revealSums(session, focus, rightSums);
      await expect(scene().sendProveSegment(right, focus, rightSums, 0, KERNEL, run(0))).to.be.revertedWithCustomError(
        arena.contracts.verdict,
        "NothingRefuted",
      );
      const proved = await mined(scene().sendProveSegment(right, focus, rightSums, 1, KERNEL, run(1)));
      const { args } = arena.event(proved, "Refuted");
      expect([args.ground, args.chunk]).to.deep.equal([4n, BigInt(WRONG_CHUNK)]);
      expect((await game.caseOf(session.assertionId)).refuted).to.equal(true);
    });

    it("need their kernel", async () => {
      const { game, arena, result, model } = scene();
      const { session, focus } = await focused();
      const summed = await scene().revealSums(session, focus, rightSums);
      await expect(
        game.proveSegment(summed, result, model.encoded, focus, rightSums, 0, 72, "0x01", "0x000000"),
      ).to.be.revertedWithCustomError(arena.contracts.verdict, "ProgramMismatch");
      await expect(
        game.proveSegment(session, result, model.encoded, focus, rightSums, 0, 72, "0x01", "0x000000"),
      ).to.be.revertedWithCustomError(game, "StateMismatch");
    });
  });

  describe("several moves", () => {
    it("share a transaction", async () => {
      const { game, challenger } = scene();
      const [first, second] = [await scene().open(), await scene().open()];
      await scene().commit();
      const calls = [first, second].map((session) =>
        game.interface.encodeFunctionData("pick", [
          session,
          1,
          35,
          scene().tree.node(1, 35),
          nodePath(scene().tree, 1, 35),
        ]),
      );
      const receipt = await mined(game.connect(challenger).multicall(calls));
      expect(eventsOf(receipt, game).map(({ name }) => name)).to.deep.equal(["Picked", "Picked"]);
    });
  });
});
