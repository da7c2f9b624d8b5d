import { expect } from "chai";
import { f32, i64, runNode, type TestNode, type TestTensor } from "../../../test/operators.ts";

const MAX = 2n ** 63n - 1n;
const count = (dims: readonly number[]) => dims.reduce((size, dim) => size * dim, 1);
/** The elements 0, 1, 2, ... */
const numbered = (...dims: readonly number[]): TestTensor =>
  i64(
    dims,
    Array.from({ length: count(dims) }, (_, i) => BigInt(i)),
  );
const ints = (...values: (number | bigint)[]) => i64([values.length], values.map(BigInt));

/** Runs a node whose inputs from the second one on are known when compiling. */
function run(operator: string, inputs: readonly TestTensor[], attributes: TestNode["attributes"] = {}, outputs = 1) {
  const bound = inputs.slice(1).map((_, i) => i + 1);
  return runNode({ operator, inputs, attributes, outputs, bound }).map(({ dims, values }) => ({
    dims,
    values: values.map(Number),
  }));
}

describe("operators that move data", () => {
  it("Reshape copies a dimension for 0 and finds the one for -1", () => {
    expect(run("Reshape", [numbered(2, 3, 4), ints(0, -1)])[0]?.dims).to.deep.equal([2, 12]);
    expect(() => run("Reshape", [numbered(2, 3), ints(4, -1)])).to.throw("[2, 3] to shape [4, -1]");
  });

  it("Slice goes backwards, and to the end that 64 bits can say", () => {
    const slice = (start: bigint, end: bigint, step: bigint) =>
      run("Slice", [numbered(5), ints(start), ints(end), ints(0), ints(step)])[0]?.values;
    expect(slice(-1n, -MAX, -2n)).to.deep.equal([4, 2, 0]);
    expect(slice(1n, MAX, 2n)).to.deep.equal([1, 3]);
    expect(slice(-100n, 100n, 1n)).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it("a transposed, sliced and reshaped tensor is read in its own order", () => {
    const transposed = run("Transpose", [numbered(2, 3)])[0];
    expect(transposed).to.deep.equal({ dims: [3, 2], values: [0, 3, 1, 4, 2, 5] });
  });

  it("Split, Tile and Expand", () => {
    const parts = run("Split", [numbered(5), ints(2, 3)], {}, 2);
    expect(parts.map(({ values }) => values)).to.deep.equal([
      [0, 1],
      [2, 3, 4],
    ]);
    expect(run("Tile", [numbered(1, 2), ints(2, 2)])[0]).to.deep.equal({
      dims: [2, 4],
      values: [0, 1, 0, 1, 0, 1, 0, 1],
    });
    expect(run("Expand", [numbered(2, 1), ints(1, 3)])[0]?.values).to.deep.equal([0, 0, 0, 1, 1, 1]);
  });

  it("Constant keeps all 64 bits", () => {
    const [y] = runNode({ operator: "Constant", inputs: [], attributes: { value_int: MAX } });
    expect(y?.values).to.deep.equal([MAX]);
  });

  it("a shape that an input decides names the input to bind", () => {
    expect(() => runNode({ operator: "Reshape", inputs: [numbered(2), ints(1, 2)] })).to.throw(
      "input 1 (x1) must be known when compiling: bind x1",
    );
  });
});

describe("operators that place by index", () => {
  it("Gather counts negative indices from the end, and gives 0 outside", () => {
    const [y] = runNode({ operator: "Gather", inputs: [numbered(3, 2), ints(-1, 0, 3, -4)], attributes: { axis: 0n } });
    expect(y).to.deep.equal({ dtype: "i64", dims: [4, 2], values: [4n, 5n, 0n, 1n, 0n, 0n, 0n, 0n] });
  });

  it("Concat joins more parts than one kernel has room for, empty ones too", () => {
    const parts = Array.from({ length: 30 }, (_, i) => i64([1, 2], [BigInt(i), BigInt(-i)]));
    const [y] = runNode({ operator: "Concat", inputs: parts, attributes: { axis: 0n } });
    expect(y?.dims).to.deep.equal([30, 2]);
    expect(y?.values).to.deep.equal(parts.flatMap(({ values }) => values));
  });

  it("Pad mirrors, repeats, wraps and crops", () => {
    const pad = (mode: string, before: number, after: number) =>
      run("Pad", [numbered(3), ints(before, after), i64([], [9n])], { mode })[0]?.values;
    expect(pad("constant", 2, 1)).to.deep.equal([9, 9, 0, 1, 2, 9]);
    expect(pad("reflect", 2, 2)).to.deep.equal([2, 1, 0, 1, 2, 1, 0]);
    expect(pad("edge", 1, 2)).to.deep.equal([0, 0, 1, 2, 2, 2]);
    expect(pad("wrap", 1, 2)).to.deep.equal([2, 0, 1, 2, 0, 1]);
    expect(pad("constant", -1, 1)).to.deep.equal([1, 2, 9]);
  });

  it("Range is exact where doubles are not", () => {
    const range = (start: bigint, limit: bigint, delta: bigint) =>
      runNode({
        operator: "Range",
        inputs: [i64([], [start]), i64([], [limit]), i64([], [delta])],
        bound: [0, 1, 2],
      })[0]?.values;
    expect(range(MAX - 3n, MAX, 2n)).to.deep.equal([MAX - 3n, MAX - 1n]);
    expect(range(3n, -3n, -2n)).to.deep.equal([3n, 1n, -1n]);
  });

  it("refuses pads that no tensor has room for, and modes that only sound like one", () => {
    const pad = (mode: string, ...amounts: bigint[]) =>
      runNode({ operator: "Pad", inputs: [f32([2], [0, 0]), i64([2], amounts)], bound: [1], attributes: { mode } });
    expect(() => pad("constant", 2n ** 62n, -(2n ** 62n))).to.throw("pads");
    expect(() => pad("constructor", 0n, 0n)).to.throw("mode constructor");
  });

  it("refuses what cannot be joined", () => {
    const inputs = [f32([1, 2], [0, 0]), f32([1, 3], [0, 0, 0])];
    expect(() => runNode({ operator: "Concat", inputs, attributes: { axis: 0n } })).to.throw("[1, 3] after [1, 2]");
  });
});
