// The game on the chain against the game on paper, which were written from the same document by different hands.
import { expect } from "chai";
import { parseEther } from "ethers";
import { Random } from "../../scripts/models/random.ts";
import { runs, seed } from "../budget.ts";
import { Dice } from "../coordinator/dice.ts";
import { type Arena, deployArena, type Operator, PARAMETERS, RULES } from "./arena.ts";
import { Board } from "./board.ts";
import { type GameBuilder, game } from "./game.ts";
import { assertTraced, flipAndRecompute, flipBit, flipOutput, garbage } from "./lies.ts";
import { falseFrom } from "./lyingOperator.ts";
import { randomToy } from "./randomToy.ts";
import { Replay } from "./replay.ts";
import { LONG, MALFORMED, MIDDLING, PADDING, toy, WINDOWS } from "./toyPrograms.ts";

type Model = Awaited<ReturnType<Arena["register"]>>;

const EXACT = { atol: 0, rtol: 0 };

describe(`disputes on the chain as on paper (seed ${seed})`, function () {
  this.timeout(0);
  const board = new Board(toy());
  let arena: Arena;
  let operator: Operator;
  let model: Model;

  before(async () => {
    arena = await deployArena({ network: { override: { allowBlocksWithSameTimestamp: true } } });
    operator = await arena.enlist(arena.signer(1), parseEther("5000"));
    model = await register(board);
  });

  function register({ execution: { program }, registered: { roots, rootPreimage } }: Board, tolerance = EXACT) {
    const spec = { roots, compilerVersion: "1", compilerOptions: "{}", tolerance };
    return arena.register({ registered: { program, spec, rootPreimage } });
  }

  /** Asserts the answer on the chain, plays the game on paper, and repeats it on the chain. */
  async function replay(builder: GameBuilder, { id: modelId, encoded } = model, { input } = board): Promise<Replay> {
    const { output, traceRoot } = builder.answer();
    const asked = await arena.ask(modelId, input, { atolClass: 63 });
    const { id, result } = await arena.answer(asked, operator, output, { traceRoot });
    const start = await arena.time.latest();
    const outcome = builder.play({
      result,
      assertionId: id,
      parameters: {
        clock: Number(RULES.clock),
        increment: Number(RULES.increment),
        payoutDelay: Number(RULES.payoutDelay),
        receiptUse: Number(RULES.receiptUse),
        challengeBond: RULES.challengeBond,
        priceCap: RULES.priceCap,
        tip: RULES.tip,
      },
      windowEnd: start + Number(PARAMETERS.window),
      spec: Uint8Array.from(Buffer.from(encoded.slice(2), "hex")),
      start: start + 1,
    });
    const onChain = new Replay(arena, outcome);
    await onChain.run();
    return onChain;
  }
  const names = (...indices: number[]) => indices.map((index) => arena.signer(index).address);

  it("ends with every kind of proof", async () => {
    for (const [proof, builder] of [
      ["proveElement", game(board).lie(flipBit(WINDOWS, 40))],
      ["proveElement", game(board).lie(flipBit(MALFORMED, 3))],
      ["proveTail", game(board).lie(flipBit(WINDOWS + 1, 2_000))],
      ["provePadding", game(board).lie(flipBit(PADDING, 3))],
      ["proveOutput", game(board).lie(flipOutput(3)).eager()],
      ["proveSegment", game(board).lie(flipBit(MIDDLING, 3))],
      ["proveSegment", game(board).lie(flipBit(LONG, 64)).sums(falseFrom(17))],
      ["timeout", game(board).lie(garbage(1, 3))],
    ] as const) {
      const { taken } = await replay(builder.challengers(...names(2)));
      expect(taken.at(-1)).to.equal(proof);
    }
  });

  it("judges outputs by the model's tolerance", async () => {
    const tolerance = { atol: 2 ** -10, rtol: 0 };
    const tolerant = await register(board, tolerance);
    const lies = [flipOutput(1), flipOutput(30), flipOutput(300 * 8), flipOutput(303 * 8 + 6), flipOutput(520 * 8)];
    const ends = [];
    for (const lie of lies) {
      const { taken } = await replay(
        game(board)
          .lie(lie)
          .tolerance(tolerance.atol)
          .challengers(...names(2)),
        tolerant,
      );
      ends.push(taken.at(-1));
    }
    // The lowest bits of a float, and behind the last one, are within it; an integer's never. Where nothing is wrong,
    // nobody has anything to say after the commitment.
    expect(ends).to.deep.equal(["commit", "proveOutput", "commit", "proveOutput", "proveOutput"]);
  });

  it("goes on the same way with any program", async () => {
    const dice = new Dice(BigInt(seed));
    for (let i = 0; i < runs(3, 100); i++) {
      const other = new Board(randomToy(new Random(dice.word())));
      const registered = await register(other);
      const { depth } = other.execution.trees.trace;
      const lie = flipBit(dice.below(2 ** depth), dice.below(2_048));
      const wrong = game(other)
        .lie(lie)
        .seed(dice.below(2 ** 31));
      await replay(wrong.challengers(...names(2, 3)).mischief(...names(4)), registered, other);
      await replay(game(other).mischief(...names(4)), registered, other);
    }
  });

  it("goes on the same way, whoever plays how", async () => {
    const dice = new Dice(BigInt(seed));
    const flip = (lie: typeof flipBit) => lie(dice.below(board.execution.program.traceChunks), dice.below(2_048));
    const games = runs(8, 300);
    const times = new Map<string, number>();
    for (let i = 0; i < games; i++) {
      const builder = game(board)
        .seed(dice.below(2 ** 31))
        .eager(dice.chance(0.5));
      if (i % 3 > 0) {
        const lies = dice.pick([
          [flip(flipBit)],
          [flipBit(LONG, dice.below(128))],
          [flip(flipBit), assertTraced],
          [flip(flipAndRecompute)],
          [garbage(1, dice.below(64))],
        ]);
        builder
          .lie(...lies)
          .sums(falseFrom(dice.below(63)))
          .late(dice.pick([0, 0, Number(RULES.clock)]))
          .challengers(...names(2, 3));
      }
      if (dice.chance(0.2)) builder.withhold(dice.pick(["commit", "reveal", "revealSums"]), dice.below(3));
      const { taken } = await replay(builder.mischief(...names(4)));
      for (const type of taken) times.set(type, (times.get(type) ?? 0) + 1);
    }
    console.log(`      ${games} games: ${[...times].map(([type, count]) => `${count} ${type}`).join(", ")}`);
  });
});
