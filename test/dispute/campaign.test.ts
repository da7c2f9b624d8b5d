// Games at random. Whatever an operator lies about and however it plays, an honest challenger refutes it; whatever
// challengers do to an honest operator, its answer stands.
import { expect } from "chai";
import fc from "fast-check";
import { deadline, longestSession } from "../../oracle/dispute/clock.ts";
import { RULES, type Side, TURN } from "../../oracle/dispute/rules.ts";
import { Random } from "../../scripts/models/random.ts";
import { runs, seed } from "../budget.ts";
import { Board } from "./board.ts";
import { game, type Outcome } from "./game.ts";
import { assertTraced, flipAndRecompute, flipBit, flipOutput, garbage, type Lie } from "./lies.ts";
import { type Distortion, falseFrom, rightSums } from "./lyingOperator.ts";
import { randomToy } from "./randomToy.ts";
import type { Entry } from "./simulation.ts";
import { LONG, MIDDLING, PADDING, toy } from "./toyPrograms.ts";

const CHUNKS = 128;
const DEPTH = 7;
/** Of the longest reduction. */
const CUTS = 2;

describe(`random disputes on paper (seed ${seed})`, function () {
  this.timeout(0);
  const board = new Board(toy());
  const followed = new Map<string, number>();
  const count = ({ game: paper }: Outcome) => {
    for (const [id, times] of paper.followed) followed.set(id, (followed.get(id) ?? 0) + times);
  };

  const bit = fc.nat(2_047);
  const lie: fc.Arbitrary<readonly Lie[]> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(fc.constantFrom(LONG, MIDDLING), fc.nat(127)).map(([chunk, at]) => [flipBit(chunk, at)]),
    },
    { weight: 6, arbitrary: fc.tuple(fc.nat(CHUNKS - 1), bit).map(([chunk, at]) => [flipBit(chunk, at)]) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.integer({ min: 83, max: PADDING - 1 }), bit)
        .map(([chunk, at]) => [flipBit(chunk, at), assertTraced]),
    },
    { weight: 1, arbitrary: fc.tuple(fc.nat(PADDING - 1), bit).map(([chunk, at]) => [flipAndRecompute(chunk, at)]) },
    { weight: 2, arbitrary: fc.nat(board.output.length * 8 - 1).map((at) => [flipOutput(at)]) },
    {
      weight: 2,
      arbitrary: fc
        .nat(DEPTH)
        .chain((height) => fc.tuple(fc.constant(height), fc.nat(2 ** (DEPTH - height) - 1)))
        .map(([height, index]) => [garbage(height, index)]),
    },
  );
  const sums: fc.Arbitrary<Distortion> = fc.oneof(fc.constant(rightSums), fc.nat(63).map(falseFrom));
  const silence = fc.option(
    fc.record({
      move: fc.constantFrom("commit", "reveal", "revealSums"),
      after: fc.nat(3),
    }),
  );

  it("are won by the honest challenger, whatever the lie and the play", () => {
    const setups = fc.record({
      lie,
      sums,
      silence,
      isEager: fc.boolean(),
      late: fc.constantFrom(0, 0, 3_000),
      honest: fc.constantFrom<readonly string[]>(["alice"], ["alice", "bob"]),
      puppets: fc.constantFrom([], [], ["mallory"]),
      seed: fc.nat(2 ** 31),
    });
    const property = fc.property(setups, ({ silence: withheld, ...setup }) => {
      const builder = game(board)
        .lie(...setup.lie)
        .sums(setup.sums)
        .eager(setup.isEager)
        .late(setup.late)
        .challengers(...setup.honest)
        .mischief(...setup.puppets)
        .seed(setup.seed);
      if (withheld !== null) builder.withhold(withheld.move, withheld.after);
      const outcome = builder.play();
      count(outcome);
      expect(outcome.game.isRefuted, outcome.moves.join(" ")).to.equal(true);
      expect(lostOnTime(outcome, "owner", setup.honest)).to.deep.equal([]);
      const waiting = outcome.game.sessions.filter(({ session }) => setup.honest.includes(session.owner));
      expect(waiting).to.deep.equal([]);
      expectInTime(outcome);
    });
    fc.assert(property, { seed, numRuns: runs(120, 10_000) });
  });

  it("are never lost by the honest operator, whatever is done to it", () => {
    const setups = fc.record({
      isEager: fc.boolean(),
      others: fc.constantFrom(["mallory"], ["mallory", "trudy", "eve"]),
      seed: fc.nat(2 ** 31),
    });
    const property = fc.property(setups, ({ isEager, others, seed: schedule }) => {
      const outcome = game(board)
        .eager(isEager)
        .mischief(...others)
        .seed(schedule)
        .play();
      count(outcome);
      expect(outcome.game.isRefuted, outcome.moves.join(" ")).to.equal(false);
      expect(outcome.game.sessions).to.deep.equal([]);
      expectInTime(outcome);
    });
    fc.assert(property, { seed, numRuns: runs(50, 5_000) });
  });

  it("are won and not lost over random programs as well", () => {
    let played = 0;
    const property = fc.property(fc.nat(2 ** 31), fc.infiniteStream(fc.nat(2 ** 31)), (program, numbers) => {
      const other = new Board(randomToy(new Random(BigInt(program))));
      const next = () => Number(numbers.next().value);
      const { depth, count: chunks } = other.execution.trees.trace;
      for (let i = 0; i < 8; i++) {
        const places = 2 ** depth * 2_048;
        const at = next() % places;
        const lies =
          i % 4 === 0 ? [] : [flipBit(Math.floor(at / 2_048), at % 2_048), ...(i % 2 === 0 ? [assertTraced] : [])];
        const players =
          lies.length === 0
            ? game(other).mischief("mallory")
            : game(other)
                .lie(...lies)
                .challengers("alice");
        const outcome = players.seed(next()).play();
        count(outcome);
        played++;
        const what = `program ${program}, ${chunks} chunks, bit ${at}: ${outcome.moves.join(" ")}`;
        expect(outcome.game.isRefuted, what).to.equal(lies.length > 0);
      }
    });
    fc.assert(property, { seed, numRuns: runs(12, 2_000) });
    console.log(`      ${played} games`);
  });

  it("took every rule", () => {
    for (const { id } of RULES) console.log(`      ${id}: ${followed.get(id) ?? 0}`);
    expect(RULES.filter(({ id }) => !followed.has(id))).to.deep.equal([]);
  });
});

/** The sessions of `owners` that ended because that side's clock ran out. */
function lostOnTime({ entries }: Outcome, side: Side, owners: readonly string[]): Entry[] {
  return entries.filter(({ move, refused }) => {
    const isTimeout = move.type === "timeout" && refused === undefined;
    return isTimeout && TURN[move.session.phase] === side && owners.includes(move.session.owner);
  });
}

/** No clock runs longer than docs/protocol.md, "Clocks", says. */
function expectInTime({ game: { parameters }, entries }: Outcome): void {
  const openedAt = entries
    .filter(({ move, refused }) => move.type === "open" && refused === undefined)
    .map(({ at }) => at);
  for (const { move, refused } of entries) {
    if (move.type !== "timeout" || refused !== undefined) continue;
    const opened = openedAt[move.session.serial] ?? Number.NaN;
    expect((deadline(move.session) ?? 0) - opened).to.be.at.most(longestSession(parameters, DEPTH, CUTS));
  }
}
