import { expect } from "chai";
import { ZeroHash } from "ethers";
import { pack } from "../../oracle/model/tensor.ts";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import { mined } from "../coordinator/world.ts";
import { identityModel, matmulModel } from "../onnxModels.ts";
import { deployArena, PARAMETERS } from "./arena.ts";
import { Scene, type SceneOptions, staged } from "./scene.ts";
import { chunkProof, malformedProgram, nodePath, Subject } from "./subject.ts";

const GROUNDS = { element: 0n, tail: 1n, padding: 2n, output: 3n };

/** 130 floats in three chunks: the third has two of them and a tail, and a fourth leaf is padding. */
const copied = new Subject(
  identityModel("f32", [130]),
  pack(
    "f32",
    Array.from({ length: 130 }, (_, i) => i - 5),
  ),
);

/** An operator bound to its trace by what it signed: proofs need no session. */
const eager = (subject: Subject, trace: Uint8Array, options: SceneOptions = {}) =>
  staged(async () => {
    const traceRoot = new ChunkTree(trace).root;
    return Scene.of(await deployArena(), subject, { trace, ...options, result: { traceRoot, ...options.result } });
  });

async function refutation(scene: Scene, sent: ReturnType<Scene["sendProveElement"]>) {
  const { args } = scene.arena.event(await mined(sent), "Refuted");
  return { ground: args.ground, chunk: args.chunk };
}

const outputProof = (scene: Scene, chunk: number, element = 0, traced = chunk) => {
  const asserted = chunkProof(new ChunkTree(scene.output), chunk);
  return scene.game.proveOutput(
    scene.result,
    scene.model.encoded,
    asserted,
    chunkProof(scene.tree, traced),
    element,
    [],
  );
};

const tailProof = (scene: Scene, chunk: number) =>
  scene.game.proveTail(
    scene.result,
    scene.model.encoded,
    scene.subject.kernelProof(0),
    chunkProof(scene.tree, chunk),
    [],
  );

describe("verdicts", () => {
  describe("of a trace that is right", () => {
    const scene = eager(copied, copied.canonical);

    it("refute nothing", async () => {
      const { game, model, result, tree, arena } = scene();
      const { verdict } = arena.contracts;
      for (const element of [0, 63, 64, 129]) {
        await expect(scene().sendProveElement(0, element)).to.be.revertedWithCustomError(verdict, "NothingRefuted");
      }
      for (const chunk of [0, 1, 2]) {
        await expect(tailProof(scene(), chunk)).to.be.revertedWithCustomError(verdict, "NothingRefuted");
        await expect(outputProof(scene(), chunk)).to.be.revertedWithCustomError(verdict, "NothingRefuted");
      }
      await expect(
        game.provePadding(result, model.encoded, 0, 3, tree.node(0, 3), nodePath(tree, 0, 3), []),
      ).to.be.revertedWithCustomError(verdict, "NothingRefuted");
    });

    it("want the element where it is", async () => {
      const { verdict, machine } = scene().arena.contracts;
      for (const [element, chunk] of [
        [64, 0],
        [63, 1],
        [0, 2],
      ] as const) {
        await expect(scene().sendProveElement(0, element, { chunk, witness: Uint8Array.of(0, 0, 0) }))
          .to.be.revertedWithCustomError(verdict, "ElementElsewhere")
          .withArgs(element, chunk);
      }
      await expect(scene().sendProveElement(0, 130, { chunk: 2, witness: Uint8Array.of(0, 0, 0) }))
        .to.be.revertedWithCustomError(machine, "ElementOutOfRange")
        .withArgs(130, 130);
      await expect(outputProof(scene(), 0, 0, 1))
        .to.be.revertedWithCustomError(verdict, "ForeignChunk")
        .withArgs(1, 0, 1);
    });

    it("want chunks of these trees", async () => {
      const { game, result, model, arena, subject, tree } = scene();
      const { verdict } = arena.contracts;
      const kernel = subject.kernelProof(0);
      const other = new ChunkTree(subject.corrupted(0));
      const prove = (kernelProof: typeof kernel, traced: ReturnType<typeof chunkProof>) =>
        game.proveElement(result, model.encoded, kernelProof, traced, 0, "0x000000", []);
      await expect(prove(kernel, chunkProof(other, 0)))
        .to.be.revertedWithCustomError(verdict, "TraceRootMismatch")
        .withArgs(tree.root, other.root);
      await expect(prove({ ...kernel, chunks: 4n }, chunkProof(tree, 0))).to.be.revertedWithCustomError(
        verdict,
        "ProgramMismatch",
      );
      await expect(prove({ ...kernel, kernel: 1 }, chunkProof(tree, 0)))
        .to.be.revertedWithCustomError(verdict, "KernelOutOfRange")
        .withArgs(1, 1);
      await expect(prove(kernel, { ...chunkProof(tree, 2), index: 3 }))
        .to.be.revertedWithCustomError(verdict, "ChunkIndexOutOfRange")
        .withArgs(3, 3);
      await expect(
        game.proveElement(result, `${model.encoded}00`, kernel, chunkProof(tree, 0), 0, "0x", []),
      ).to.be.revertedWithCustomError(verdict, "SpecMismatch");
      await expect(game.proveOutput(result, model.encoded, chunkProof(other, 0), chunkProof(tree, 0), 0, []))
        .to.be.revertedWithCustomError(verdict, "OutputRootMismatch")
        .withArgs(result.outputRoot, other.root);
    });

    it("want padding to be behind the trace", async () => {
      const { game, model, result, arena } = scene();
      const { verdict } = arena.contracts;
      const prove = (height: number, index: number, levels: number, node: string = ZeroHash) =>
        game.provePadding(result, model.encoded, height, index, node, Array(levels).fill(ZeroHash), []);
      for (const [height, index] of [
        [0, 2],
        [1, 1],
        [2, 0],
        [3, 1],
      ] as const) {
        await expect(prove(height, index, Math.max(0, 2 - height)))
          .to.be.revertedWithCustomError(verdict, "NotPadding")
          .withArgs(height, index, 3);
      }
      await expect(prove(0, 3, 1))
        .to.be.revertedWithCustomError(verdict, "ProofLengthMismatch")
        .withArgs(2, 1);
      await expect(prove(0, 7, 2))
        .to.be.revertedWithCustomError(verdict, "ChunkIndexOutOfRange")
        .withArgs(7, 4);
      await expect(prove(0, 3, 2)).to.be.revertedWithCustomError(verdict, "TraceRootMismatch");
    });
  });

  describe("of a wrong element", () => {
    const scene = eager(copied, copied.corrupted(4 * 65));

    it("refute it, by anybody and without a session", async () => {
      const { arena, operator, stranger, asserted, game } = scene();
      expect(await refutation(scene(), scene().sendProveElement(0, 65))).to.deep.equal({
        ground: GROUNDS.element,
        chunk: 1n,
      });
      const bond = PARAMETERS.operatorBond;
      const { stake } = await arena.coordinator.operatorOf(operator.address);
      expect(stake).to.equal(10n * 10n ** 18n - bond);
      expect(await arena.coordinator.owedTo(stranger.address)).to.be.greaterThan(0n);
      expect(await game.owedTo(stranger.address)).to.equal(0n);
      await expect(scene().sendProveElement(0, 65))
        .to.be.revertedWithCustomError(game, "AlreadyRefuted")
        .withArgs(asserted.id);
      await expect(scene().sendOpen()).to.be.revertedWithCustomError(game, "AlreadyRefuted").withArgs(asserted.id);
    });

    it("need the chunks that it loads", async () => {
      const { machine } = scene().arena.contracts;
      await expect(scene().sendProveElement(0, 65, { witness: Uint8Array.of(0, 0, 0) }))
        .to.be.revertedWithCustomError(machine, "MissingChunk")
        .withArgs(2, 1);
    });
  });

  describe("of a byte behind the last element", () => {
    const scene = eager(copied, copied.corrupted(2 * 256 + 255), { output: copied.output(copied.canonical) });
    it("refute it", async () => {
      const { verdict } = scene().arena.contracts;
      await expect(tailProof(scene(), 1)).to.be.revertedWithCustomError(verdict, "NothingRefuted");
      expect(await refutation(scene(), tailProof(scene(), 2))).to.deep.equal({ ground: GROUNDS.tail, chunk: 2n });
    });
  });

  describe("of a chunk behind the trace", () => {
    // A fourth chunk where three belong: the root commits to it.
    const trace = new Uint8Array(4 * 256);
    trace.set(copied.canonical);
    trace[4 * 256 - 1] = 1;
    const scene = eager(copied, trace, { output: copied.output(copied.canonical) });
    it("refute it by its node alone", async () => {
      const { game, result, model, tree } = scene();
      const sent = game.provePadding(result, model.encoded, 0, 3, tree.node(0, 3), nodePath(tree, 0, 3), []);
      expect(await refutation(scene(), sent)).to.deep.equal({ ground: GROUNDS.padding, chunk: 3n });
    });
  });

  describe("of an output that is not the trace's", () => {
    const scene = eager(copied, copied.canonical, { output: copied.output(copied.corrupted(4 * 100)) });
    it("refute it, chunk by chunk", async () => {
      const { verdict } = scene().arena.contracts;
      await expect(outputProof(scene(), 0)).to.be.revertedWithCustomError(verdict, "NothingRefuted");
      expect(await refutation(scene(), outputProof(scene(), 1))).to.deep.equal({ ground: GROUNDS.output, chunk: 1n });
    });
  });

  describe("within a tolerance", () => {
    const output = pack(
      "f32",
      Array.from({ length: 130 }, (_, i) => (i === 70 ? i - 5 + 0.25 : i - 5 + 0.125)),
    );
    const policy = { atolClass: 63, rtolClass: 63 };
    const scene = eager(copied, copied.canonical, { output, spec: { atol: 0.0625, rtol: 0.001 }, policy });

    it("pass what is close, and refute what is not", async () => {
      const { verdict } = scene().arena.contracts;
      // |y - c| = 0.125 and 0.0625 + 0.001 |c|: enough from |c| = 62.5 on.
      await expect(outputProof(scene(), 1, 4)).to.be.revertedWithCustomError(verdict, "NothingRefuted");
      await expect(outputProof(scene(), 2, 2)).to.be.revertedWithCustomError(verdict, "NothingRefuted");
      await expect(outputProof(scene(), 1, 64))
        .to.be.revertedWithCustomError(verdict, "ElementElsewhere")
        .withArgs(64, 1);
      for (const [chunk, element] of [
        [0, 67 - 5],
        [1, 6],
      ] as const) {
        await scene().game.proveOutput.staticCall(
          scene().result,
          scene().model.encoded,
          chunkProof(new ChunkTree(output), chunk),
          chunkProof(scene().tree, chunk),
          element,
          [],
        );
      }
      expect(await refutation(scene(), outputProof(scene(), 0))).to.deep.equal({ ground: GROUNDS.output, chunk: 0n });
    });
  });

  describe("of a malformed kernel", () => {
    const subject = new Subject(malformedProgram(2), new Uint8Array(4));
    const scene = eager(subject, subject.corrupted(300));
    it("refute a chunk that is not zero", async () => {
      const { game, result, model, tree, arena } = scene();
      const { verdict } = arena.contracts;
      const prove = (chunk: number) =>
        game.proveElement(result, model.encoded, subject.kernelProof(0), chunkProof(tree, chunk), 0, "0x", []);
      await expect(prove(0)).to.be.revertedWithCustomError(verdict, "NothingRefuted");
      await expect(tailProof(scene(), 1)).to.be.revertedWithCustomError(verdict, "KernelMalformed");
      expect(await refutation(scene(), prove(1))).to.deep.equal({ ground: GROUNDS.element, chunk: 1n });
    });
  });

  describe("of a long reduction", () => {
    const subject = new Subject(matmulModel(1, 65, 2), pack("f32", Array(65).fill(1)));
    const scene = eager(subject, subject.corrupted(0));
    it("need a session", async () => {
      const { machine } = scene().arena.contracts;
      await expect(scene().sendProveElement(0, 0))
        .to.be.revertedWithCustomError(machine, "TooManySteps")
        .withArgs(65, 64);
    });
    it("are not for elements that fit one proof", async () => {
      const small = new Subject(identityModel("f32", [4]), new Uint8Array(16));
      const { verdict } = scene().arena.contracts;
      const model = await scene().arena.register(small);
      await expect(verdict.focusOn(model.id, model.encoded, small.kernelProof(0), 0, new Uint8Array(256), 0))
        .to.be.revertedWithCustomError(verdict, "NeedsNoSession")
        .withArgs(0, 64);
      const malformed = new Subject(malformedProgram(1), new Uint8Array(4));
      const broken = await scene().arena.register(malformed);
      await expect(
        verdict.focusOn(broken.id, broken.encoded, malformed.kernelProof(0), 0, new Uint8Array(256), 0),
      ).to.be.revertedWithCustomError(verdict, "KernelMalformed");
      await expect(
        verdict.focusOn(model.id, model.encoded, small.kernelProof(0), 0, new Uint8Array(255), 0),
      ).to.be.revertedWithCustomError(verdict, "ChunkLengthMismatch");
      const { id } = scene().model;
      await expect(verdict.focusOn(id, scene().model.encoded, subject.kernelProof(0), 0, new Uint8Array(256), 2))
        .to.be.revertedWithCustomError(scene().arena.contracts.machine, "ElementOutOfRange")
        .withArgs(2, 2);
    });
  });

  describe("of a trace that nobody knows", () => {
    const scene = staged(async () => Scene.of(await deployArena(), copied));
    it("wait for the commitment", async () => {
      const { game, asserted } = scene();
      await expect(scene().sendProveElement(0, 0))
        .to.be.revertedWithCustomError(game, "NotCommitted")
        .withArgs(asserted.id);
      const other: Hex = `0x${"11".repeat(32)}`;
      const result = { ...scene().result, traceRoot: other };
      await expect(
        game.proveTail(result, scene().model.encoded, copied.kernelProof(0), chunkProof(scene().tree, 2), []),
      )
        .to.be.revertedWithCustomError(game, "NotLive")
        .withArgs(await game.assertionIdOf(result));
    });
  });

  describe("of a signed trace root", () => {
    const scene = eager(copied, copied.corrupted(0));
    it("hold the commitment to it, by anybody", async () => {
      const { game, stranger, tree, result } = scene();
      await scene().open();
      await expect(scene().sendCommit({ from: stranger, root: ZeroHash }))
        .to.be.revertedWithCustomError(game, "TraceRootFixed")
        .withArgs(result.traceRoot, ZeroHash);
      await mined(scene().sendCommit({ from: stranger }));
      expect(await game.traceRootOf(await game.assertionIdOf(result))).to.equal(tree.root);
    });
  });
});
