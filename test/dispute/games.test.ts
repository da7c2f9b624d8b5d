// Every way to the end of a dispute, move by move. The toy's tree has seven levels: two frontiers.
import { expect } from "chai";
import type { Move } from "../../oracle/dispute/move.ts";
import { Board } from "./board.ts";
import { game } from "./game.ts";
import { assertTraced, flipAndRecompute, flipBit, flipOutput, garbage } from "./lies.ts";
import { falseFrom } from "./lyingOperator.ts";
import { BYTES, deepToy, FLOATS, LONG, MALFORMED, MIDDLING, PADDING, tinyToy, toy, WINDOWS } from "./toyPrograms.ts";

type Kind = Move["type"];

const WAY_DOWN: readonly Kind[] = ["open", "commit", "pick", "reveal", "pick", "reveal"];

describe("disputes on paper", () => {
  const board = new Board(toy());
  const alone = () => game(board).challengers("alice");

  it("end with an element whose steps fit one proof", () => {
    for (const lie of [
      flipBit(3, 5),
      flipBit(WINDOWS, 40),
      flipAndRecompute(WINDOWS + 1, 3),
      flipBit(BYTES + 1, 300),
    ]) {
      expect(alone().lie(lie).play().moves).to.deep.equal([...WAY_DOWN, "proveElement"]);
    }
  });

  it("end with a segment, after one cut or two", () => {
    const once: Kind[] = [...WAY_DOWN, "pickElement", "revealSums", "proveSegment"];
    const twice: Kind[] = [...once.slice(0, -1), "pickSegment", "revealSums", "proveSegment"];
    expect(alone().lie(flipBit(MIDDLING, 3)).play().moves).to.deep.equal(once);
    expect(alone().lie(flipBit(MIDDLING, 3)).sums(falseFrom(0)).play().moves).to.deep.equal(once);
    // The last of 64 segments has 23 steps, the others 79.
    expect(alone().lie(flipBit(LONG, 64)).play().moves).to.deep.equal(once);
    for (const from of [0, 17, 62]) {
      expect(alone().lie(flipBit(LONG, 64)).sums(falseFrom(from)).play().moves).to.deep.equal(twice);
    }
  });

  it("end with a tail, a malformed kernel's byte or padding", () => {
    expect(
      alone()
        .lie(flipBit(WINDOWS + 1, 2_000))
        .play().moves,
    ).to.deep.equal([...WAY_DOWN, "proveTail"]);
    expect(alone().lie(flipBit(MALFORMED, 3)).play().moves).to.deep.equal([...WAY_DOWN, "proveElement"]);
    expect(alone().lie(flipBit(PADDING, 3)).play().moves).to.deep.equal([...WAY_DOWN.slice(0, 4), "provePadding"]);
    expect(
      alone()
        .lie(flipBit(PADDING + 7, 3))
        .play().moves,
    ).to.deep.equal(["open", "commit", "provePadding"]);
  });

  it("end with the output, if the trace is right", () => {
    expect(alone().lie(flipOutput(3)).play().moves).to.deep.equal(["open", "commit", "proveOutput"]);
    expect(alone().lie(flipOutput(3)).eager().withhold("commit").play().moves).to.deep.equal(["open", "proveOutput"]);
  });

  it("take no walk where nothing but the output is another one", () => {
    const lie = () => alone().lie(flipBit(FLOATS + 1, 3), assertTraced);
    expect(lie().play().moves).to.deep.equal(["open", "commit", "proveElement"]);
    expect(lie().eager().withhold("commit").play().moves).to.deep.equal(["open", "proveElement"]);
  });

  it("end with a time-out, whatever the operator keeps to itself", () => {
    const withheld = (move: Kind, after: number) =>
      alone().lie(flipBit(MIDDLING, 3)).withhold(move, after).play().moves.slice(-2);
    expect(withheld("commit", 0)).to.deep.equal(["open", "timeout"]);
    expect(withheld("reveal", 0)).to.deep.equal(["pick", "timeout"]);
    expect(withheld("reveal", 1)).to.deep.equal(["pick", "timeout"]);
    expect(withheld("revealSums", 0)).to.deep.equal(["pickElement", "timeout"]);
    expect(alone().lie(garbage(1, 3)).play().moves.slice(-2)).to.deep.equal(["pick", "timeout"]);
    expect(alone().lie(garbage(5, 1)).play().moves).to.deep.equal(["open", "timeout"]);
  });

  it("need no tree in a trace of one chunk", () => {
    const tiny = new Board(tinyToy());
    const { moves } = game(tiny).lie(flipBit(0, 3)).challengers("alice").play();
    expect(moves).to.deep.equal(["open", "commit", "pick", "reveal", "proveElement"]);
  });

  it("go down six levels at a time, and past what another session has brought out", () => {
    const deep = new Board(deepToy());
    const wrong = () => game(deep).lie(flipBit(4_000, 9));
    const { moves } = wrong().challengers("alice").play();
    expect(moves).to.deep.equal([...WAY_DOWN, "pick", "reveal", "proveElement"]);
    const { entries } = wrong().challengers("alice", "bob").seed(3).play();
    const picks = (name: string) => entries.filter(({ by, move }) => by === name && move.type === "pick");
    const reveals = entries.filter(({ move }) => move.type === "reveal");
    expect(picks("alice").length + picks("bob").length).to.equal(reveals.length);
    // Not three for each.
    expect(reveals.length).to.be.lessThan(6);
  });

  it("judge outputs by the model's tolerance, and traces by none", () => {
    // The second lowest bit of a float of about 1.
    const slightly = flipOutput(1);
    const { game: tolerated } = game(board).lie(slightly).tolerance(1e-3).challengers("alice").play();
    expect(tolerated.isRefuted).to.equal(false);
    // Its exponent's.
    const { moves } = game(board).lie(flipOutput(30)).tolerance(1e-3).challengers("alice").play();
    expect(moves).to.deep.equal(["open", "commit", "proveOutput"]);
    const { game: wrongTrace } = alone().lie(flipBit(FLOATS, 1), assertTraced).tolerance(1e-3).play();
    expect(wrongTrace.isRefuted).to.equal(true);
  });

  it("are lost by whoever is wrong about a right answer", () => {
    const { moves, game: paper } = game(board).challengers("alice").play();
    expect(moves).to.deep.equal(["open", "commit", "timeout"]);
    expect(paper.isRefuted).to.equal(false);
  });
});
