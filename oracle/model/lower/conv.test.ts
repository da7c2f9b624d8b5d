import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../../test/budget.ts";
import { f32, runNode } from "../../../test/operators.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const product = (values: readonly number[]) => values.reduce((all, value) => all * value, 1);

/** Small integers in f32: every sum is exact, whatever its order. */
const small = (count: number) => fc.array(fc.integer({ min: -4, max: 4 }), { minLength: count, maxLength: count });

const shapes = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 2 }),
  depth: fc.integer({ min: 1, max: 3 }),
  maps: fc.integer({ min: 1, max: 2 }),
  input: fc.tuple(fc.integer({ min: 3, max: 5 }), fc.integer({ min: 3, max: 5 })),
  kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  pads: fc.tuple(...range(4).map(() => fc.integer({ min: 0, max: 2 }))),
});

const cases = shapes
  .filter(({ input, kernel, dilations, pads }) =>
    [0, 1].every(
      (i) => (input[i] ?? 0) + (pads[i] ?? 0) + (pads[i + 2] ?? 0) > ((kernel[i] ?? 0) - 1) * (dilations[i] ?? 1),
    ),
  )
  .chain((shape) => {
    const { batch, group, depth, maps, input, kernel } = shape;
    const x = small(batch * group * depth * product(input));
    return fc.record({
      shape: fc.constant(shape),
      x,
      w: small(maps * group * depth * product(kernel)),
      bias: small(maps * group),
    });
  });

describe("Conv", function () {
  this.timeout(runs(60_000, 3_600_000));

  it(`is the sum over the window, for groups, strides, dilations and pads (seed ${seed})`, () => {
    const property = fc.property(cases, ({ shape, x, w, bias }) => {
      const { batch, group, depth, maps, input, kernel, strides, dilations, pads } = shape;
      const [height, width] = input;
      const size = [0, 1].map((i) => {
        const extent = ((kernel[i] ?? 0) - 1) * (dilations[i] ?? 1) + 1;
        return Math.floor(((input[i] ?? 0) + (pads[i] ?? 0) + (pads[i + 2] ?? 0) - extent) / (strides[i] ?? 1)) + 1;
      });
      const [rows = 0, columns = 0] = size;
      const at = (n: number, c: number, row: number, column: number) =>
        row < 0 || row >= height || column < 0 || column >= width
          ? 0
          : (x[((n * group * depth + c) * height + row) * width + column] ?? 0);
      const taps = range(depth).flatMap((d) =>
        range(kernel[0]).flatMap((row) => range(kernel[1]).map((column) => [d, row, column])),
      );
      const expected = range(batch).flatMap((n) =>
        range(maps * group).flatMap((m) =>
          range(rows).flatMap((r) =>
            range(columns).map((c) =>
              taps.reduce((sum, [d = 0, row = 0, column = 0]) => {
                const weight = w[((m * depth + d) * kernel[0] + row) * kernel[1] + column] ?? 0;
                const channel = Math.floor(m / maps) * depth + d;
                const [y, x] = [
                  r * strides[0] + row * dilations[0] - (pads[0] ?? 0),
                  c * strides[1] + column * dilations[1] - (pads[1] ?? 0),
                ];
                return sum + weight * at(n, channel, y, x);
              }, bias[m] ?? 0),
            ),
          ),
        ),
      );
      const ints = (values: readonly number[]) => values.map(BigInt);
      const [y] = runNode({
        operator: "Conv",
        inputs: [
          f32([batch, group * depth, ...input], x),
          f32([maps * group, depth, ...kernel], w),
          f32([maps * group], bias),
        ],
        attributes: { group: BigInt(group), strides: ints(strides), dilations: ints(dilations), pads: ints(pads) },
      });
      expect(y?.dims).to.deep.equal([batch, maps * group, rows, columns]);
      expect(y?.values.map(Number)).to.deep.equal(expected);
    });
    fc.assert(property, { numRuns: runs(15, 2000), seed });
  });

  it("sums in binary64 and rounds once", () => {
    const [y] = runNode({
      operator: "Conv",
      inputs: [f32([1, 3, 1], [2 ** 60, 1, -(2 ** 60)]), f32([1, 3, 1], [1, 2 ** 8, 1])],
    });
    expect(y?.values).to.deep.equal([256]);
  });

  it("refuses groups and kernels that do not fit", () => {
    const conv = (attributes: Record<string, bigint | bigint[]>) => () =>
      runNode({ operator: "Conv", inputs: [f32([1, 2, 2], [0, 0, 0, 0]), f32([2, 2, 1], [0, 0, 0, 0])], attributes });
    expect(conv({ group: 2n })).to.throw("in 2 groups");
    expect(conv({ kernel_shape: [2n] })).to.throw("with weights [2, 2, 1]");
    expect(conv({ strides: [0n] })).to.throw("a size below 1");
  });
});

describe("pools", () => {
  const x = f32([1, 1, 4], [1, -2, 3, 5]);
  const pool = (operator: string, attributes: Record<string, bigint | bigint[]>, outputs = 1) =>
    runNode({ operator, inputs: [x], attributes, outputs }).map(({ values }) => values);

  it("never take padding for a maximum", () => {
    const negative = { operator: "MaxPool", inputs: [f32([1, 1, 2], [-1, -2])] };
    expect(runNode({ ...negative, attributes: { kernel_shape: [2n], pads: [1n, 1n] } })[0]?.values).to.deep.equal([
      -1, -1, -2,
    ]);
  });

  it("say where the maxima are", () => {
    expect(pool("MaxPool", { kernel_shape: [2n] }, 2)).to.deep.equal([
      [1, 3, 5],
      [0n, 2n, 3n],
    ]);
  });

  it("average what is there, or with the padding", () => {
    const attributes = { kernel_shape: [3n], pads: [1n, 1n], strides: [3n] };
    expect(pool("AveragePool", attributes)).to.deep.equal([[-0.5, 4]]);
    expect(pool("AveragePool", { ...attributes, count_include_pad: 1n })).to.deep.equal([
      [Math.fround(-1 / 3), Math.fround(8 / 3)],
    ]);
  });

  it("cover the end in ceil_mode", () => {
    expect(pool("MaxPool", { kernel_shape: [3n], strides: [2n], ceil_mode: 1n })).to.deep.equal([[3, 5]]);
  });
});
