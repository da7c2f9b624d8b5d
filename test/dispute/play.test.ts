import { expect } from "chai";
import { concat, parseEther, ZeroHash } from "ethers";
import { pack } from "../../oracle/model/tensor.ts";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import { mined } from "../coordinator/world.ts";
import { matmulModel } from "../onnxModels.ts";
import { type Arena, deployArena, Phase } from "./arena.ts";
import { chunkProof, frontier, nodePath, Subject } from "./subject.ts";

/** 72 chunks, so that a tree of depth 7 has two frontiers; 128 steps in two segments. */
const [ROWS, DEPTH, COLUMNS] = [72, 128, 64];

describe("a dispute", () => {
  const subject = new Subject(
    matmulModel(ROWS, DEPTH, COLUMNS),
    pack(
      "f32",
      Array.from({ length: ROWS * DEPTH }, (_, i) => ((i * 7) % 31) - 15),
    ),
  );
  let arena: Arena;
  before(async () => {
    arena = await deployArena();
  });

  it("convicts an operator that withholds its trace, move by move", async () => {
    const { game, coordinator } = arena;
    const operator = await arena.enlist(arena.signer(1));
    const challenger = arena.signer(2);
    const model = await arena.register(subject);
    const asked = await arena.ask(model.id, subject.input);
    const [chunk, kernel] = [70, 0];
    const wrong = new ChunkTree(subject.corrupted(chunk * 256 + 8));
    const trace = subject.corrupted(chunk * 256 + 8);
    const element = chunk * 64 + 2;
    const { result } = await arena.answer(asked, operator, subject.output(trace));
    const rules = await game.disputeParameters();

    const opened = await arena.played(
      game.connect(challenger).open(result, model.encoded, { value: rules.challengeBond }),
    );
    await mined(game.connect(operator.account).commit(result, wrong.root, frontier(wrong, wrong.depth, 0), "0x"));
    const high = await arena.played(
      game
        .connect(challenger)
        .pick(opened.session, 1, chunk >> 1, wrong.node(1, chunk >> 1), nodePath(wrong, 1, chunk >> 1)),
    );
    const leaves = await arena.played(game.reveal(high.session, concat(frontier(wrong, 1, chunk >> 1))));
    const low = await arena.played(
      game.connect(challenger).pick(leaves.session, 0, chunk, wrong.node(0, chunk), nodePath(wrong, 0, chunk, 1)),
    );
    const shown = await arena.played(game.reveal(low.session, wrong.chunk(chunk)));
    expect(shown.session.phase).to.equal(BigInt(Phase.Chunk));
    const picked = await mined(
      game
        .connect(challenger)
        .pickElement(
          shown.session,
          result,
          model.encoded,
          subject.kernelProof(kernel),
          chunkProof(wrong, chunk, 0),
          element,
        ),
    );
    const { args } = arena.event(picked, "FocusPicked");
    const [session, focus] = [args.session.toObject(), args.focus.toObject()];
    const sums = concat(subject.sums(subject.canonical, kernel, element));
    const summed = await arena.played(game.connect(operator.account).revealSums(session, focus, sums, "0x"));
    const witness = subject.witness(trace, kernel, { element, from: 64, to: 128 });
    const { chunks, descriptor } = subject.leaf(kernel);
    const owed = await game.owedTo(challenger.address);
    const proof = await mined(
      game
        .connect(challenger)
        .proveSegment(summed.session, result, model.encoded, focus, sums, 1, chunks, descriptor, witness),
    );
    const refuted = arena.event(proof, "Refuted");
    expect(refuted.args.operator).to.equal(operator.address);
    const after = await game.owedTo(challenger.address);
    expect(after - owed).to.be.greaterThan(rules.challengeBond);
    expect((await coordinator.operatorOf(operator.address)).stake).to.equal(parseEther("9.5"));
    expect(await game.sessionStateOf(await game.sessionIdOf(session.assertionId, 0))).to.equal(ZeroHash);
  });
});
