import { expect } from "chai";
import { Board } from "../../test/dispute/board.ts";
import { toy } from "../../test/dispute/toyPrograms.ts";
import { CHUNK_BYTES, pack } from "../model/tensor.ts";
import { outputFault, wrongPart } from "./judgement.ts";

const ZERO = `0x${"00".repeat(32)}` as const;
const OTHER = `0x${"ab".repeat(32)}` as const;
const EXACT = { atol: 0, rtol: 0 };
const TENTH = { atol: 0.1, rtol: 0 };

/** Outputs: 70 floats in two chunks, ten integers in another one. */
describe("judgement of an assertion", () => {
  const { execution, output } = new Board(toy());
  const { root } = execution.trees.trace;
  const changed = (at: number, ...bytes: number[]) => {
    const copy = output.slice();
    copy.set(bytes, at);
    return copy;
  };
  const float = (element: number) => new DataView(output.buffer).getFloat32(4 * element, true);
  const moved = (element: number, by: number) => changed(4 * element, ...pack("f32", [float(element) + by]));

  it("is by output and by root", () => {
    expect(wrongPart(execution, output, EXACT, root)).to.equal(undefined);
    expect(wrongPart(execution, output, EXACT, ZERO)).to.equal(undefined);
    expect(wrongPart(execution, output, EXACT, OTHER)).to.equal("trace");
    expect(wrongPart(execution, changed(0, 99), EXACT, ZERO)).to.equal("output");
    expect(wrongPart(execution, changed(0, 99), EXACT, OTHER)).to.equal("output");
    expect(wrongPart(execution, moved(5, 0.01), TENTH, root)).to.equal(undefined);
    expect(wrongPart(execution, moved(5, 0.01), TENTH, OTHER)).to.equal("trace");
  });

  it("compares bytes in exact mode, also those between tensors", () => {
    expect(outputFault(execution, changed(257, 99), EXACT)).to.deep.equal({ chunk: 1, element: 0 });
    expect(outputFault(execution, changed(300, 1), EXACT)).to.deep.equal({ chunk: 1, element: 0 });
    expect(outputFault(execution, changed(2 * CHUNK_BYTES + 9, 99), EXACT)).to.deep.equal({ chunk: 2, element: 0 });
  });

  it("compares elements with a tolerance, integers exactly", () => {
    expect(outputFault(execution, moved(69, 0.05), TENTH)).to.equal(undefined);
    expect(outputFault(execution, moved(69, 0.2), TENTH)).to.deep.equal({ chunk: 1, element: 5 });
    // Behind the last float: 2^-149, and 2.
    expect(outputFault(execution, changed(300, 1), TENTH)).to.equal(undefined);
    expect(outputFault(execution, changed(303, 0x40), TENTH)).to.deep.equal({ chunk: 1, element: 11 });
    const integer = output[2 * CHUNK_BYTES + 9] ?? 0;
    const oneMore = changed(2 * CHUNK_BYTES + 9, integer + 1);
    expect(outputFault(execution, oneMore, TENTH)).to.deep.equal({ chunk: 2, element: 9 });
  });
});
