import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../../test/budget.ts";
import { f32, runNode, type TestTensor } from "../../../test/operators.ts";
import type { Dtype } from "../tensor.ts";

const fr = Math.fround;
const tensor = (dtype: Dtype, dims: readonly number[], values: readonly number[]): TestTensor => ({
  dtype,
  dims,
  values,
});
const scalar = (dtype: Dtype, value: number) => tensor(dtype, [], [value]);
const LIMITS = { i8: [-128, 127], u8: [0, 255] } as const;

/** Ties to even, of a number far below 2^52. */
function rne(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The rules of the design, section 4, in the host's IEEE arithmetic. */
const quantised = (x: number, scale: number, zero: number, [low, high]: readonly [number, number]) =>
  Math.min(Math.max(rne(fr(x / scale)) + zero, low), high);
const requantised = (sum: number, scale: number, zero: number, [low, high]: readonly [number, number]) =>
  rne(Math.min(Math.max(fr(fr(sum) * scale), low - zero), high - zero)) + zero;

const byte = (dtype: "i8" | "u8") => fc.integer({ min: LIMITS[dtype][0], max: LIMITS[dtype][1] });
const scales = fc.double({ min: 2 ** -12, max: 4, noNaN: true }).map(fr);
const dtypes = fc.constantFrom("i8" as const, "u8" as const);
const budget = { numRuns: runs(12, 2000), seed };
const bytes = (dtype: "i8" | "u8", length: number) => fc.array(byte(dtype), { minLength: length, maxLength: length });

describe(`quantised operators (seed ${seed})`, function () {
  this.timeout(runs(60_000, 3_600_000));

  it("QuantizeLinear is clamp(rne(fr(x / s)) + zp)", () => {
    const property = fc.property(
      dtypes.chain((dtype) => fc.tuple(fc.constant(dtype), byte(dtype))),
      scales,
      fc.array(fc.integer({ min: -600, max: 600 }), { minLength: 8, maxLength: 8 }),
      ([dtype, zero], scale, halves) => {
        // Multiples of half a scale: as many ties as not.
        const xs = halves.map((half) => fr((half / 2) * scale));
        const inputs = [f32([8], xs), scalar("f32", scale), scalar(dtype, zero)];
        const [y] = runNode({ operator: "QuantizeLinear", inputs });
        expect(y?.values).to.deep.equal(xs.map((x) => quantised(x, scale, zero, LIMITS[dtype])));
        expect(y?.dtype).to.equal(dtype);
      },
    );
    fc.assert(property, budget);
  });

  it("QuantizeLinear saturates at the infinities", () => {
    const inputs = [
      f32([2], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
      scalar("f32", 0.5),
      scalar("i8", 3),
    ];
    expect(runNode({ operator: "QuantizeLinear", inputs })[0]?.values).to.deep.equal([127, -128]);
  });

  it("DequantizeLinear is (x - zp) s", () => {
    const inputs = [tensor("i8", [3], [-128, 0, 127]), scalar("f32", fr(0.1)), scalar("i8", 5)];
    const [y] = runNode({ operator: "DequantizeLinear", inputs });
    expect(y?.values).to.deep.equal([-133, -5, 122].map((x) => fr(x * fr(0.1))));
  });

  const K = 6;
  const matrices = fc.tuple(dtypes, dtypes).chain(([a, b]) =>
    fc.record({
      types: fc.constant([a, b] as const),
      a: bytes(a, 2 * K),
      b: bytes(b, K * 3),
      za: byte(a),
      zb: byte(b),
    }),
  );
  type Matrices = typeof matrices extends fc.Arbitrary<infer T> ? T : never;

  /** The exact product [2, 3] of what lies above the zero points. */
  const product = ({ a, b, za, zb }: Matrices) =>
    [0, 1].flatMap((m) =>
      [0, 1, 2].map((n) =>
        Array.from({ length: K }, (_, k) => ((a[m * K + k] ?? 0) - za) * ((b[k * 3 + n] ?? 0) - zb)).reduce(
          (s, x) => s + x,
        ),
      ),
    );

  it("MatMulInteger is exact", () => {
    const property = fc.property(matrices, (given) => {
      const [ta, tb] = given.types;
      const inputs = [
        tensor(ta, [2, K], given.a),
        tensor(tb, [K, 3], given.b),
        scalar(ta, given.za),
        scalar(tb, given.zb),
      ];
      const [y] = runNode({ operator: "MatMulInteger", inputs });
      expect(y).to.deep.equal({ dtype: "i32", dims: [2, 3], values: product(given) });
    });
    fc.assert(property, budget);
  });

  it("QLinearMatMul is rne(clamp(fr(fr(acc) S), lo - zp, hi - zp)) + zp with S = fr(fr(a b) / y)", () => {
    const property = fc.property(
      matrices,
      fc.tuple(scales, scales, scales),
      dtypes.chain((d) => fc.tuple(fc.constant(d), byte(d))),
      (given, [sa, sb, sy], [ty, zy]) => {
        const [ta, tb] = given.types;
        const a = [tensor(ta, [2, K], given.a), scalar("f32", sa), scalar(ta, given.za)];
        const b = [tensor(tb, [K, 3], given.b), scalar("f32", sb), scalar(tb, given.zb)];
        const [y] = runNode({ operator: "QLinearMatMul", inputs: [...a, ...b, scalar("f32", sy), scalar(ty, zy)] });
        const scale = fr(fr(sa * sb) / sy);
        expect(y?.values).to.deep.equal(product(given).map((sum) => requantised(sum, scale, zy, LIMITS[ty])));
      },
    );
    fc.assert(property, budget);
  });

  it("QLinearConv pads with the zero point and adds the bias before it scales", () => {
    const [sx, sw, sy] = [fr(0.03), fr(0.2), fr(0.7)];
    const x = [200, 3, 77, 0];
    const w = [-128, 5, 127];
    const [zx, zy, bias] = [9, 100, -1234];
    const inputs = [
      tensor("u8", [1, 1, 4], x),
      scalar("f32", sx),
      scalar("u8", zx),
      tensor("i8", [1, 1, 3], w),
      scalar("f32", sw),
      scalar("i8", 0),
      scalar("f32", sy),
      scalar("u8", zy),
      tensor("i32", [1], [bias]),
    ];
    const [y] = runNode({ operator: "QLinearConv", inputs, attributes: { pads: [1n, 1n] } });
    const at = (i: number) => (x[i] ?? zx) - zx;
    const sums = x.map((_, i) => w.reduce((sum, weight, k) => sum + weight * at(i + k - 1), bias));
    const scale = fr(fr(sx * sw) / sy);
    expect(y?.values).to.deep.equal(sums.map((sum) => requantised(sum, scale, zy, LIMITS.u8)));
  });

  it("ConvInteger is exact at the extremes", () => {
    const inputs = [
      tensor("u8", [1, 2, 2], [255, 255, 0, 255]),
      tensor("i8", [1, 2, 2], [-128, -128, 127, -128]),
      scalar("u8", 0),
    ];
    const [y] = runNode({ operator: "ConvInteger", inputs });
    expect(y?.values).to.deep.equal([255 * -128 * 3]);
  });
});
