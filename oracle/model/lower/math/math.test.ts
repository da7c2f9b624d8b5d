import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../../../test/budget.ts";
import * as reals from "../../../../test/reals.ts";
import { errorBits, type Real, real } from "../../../../test/reals.ts";
import { evaluateProgram } from "../../../vm/reference.ts";
import { pack, unpack } from "../../tensor.ts";
import { asFloat, type F64 } from "../expr.ts";
import { Kernels } from "../kernels.ts";
import { linkKernels } from "../link.ts";
import { type InputSource, type Tensor, tensorOf } from "../tensor.ts";
import { erf } from "./errorFunction.ts";
import { exp, expm1, expOfF32, sigmoid, tanh } from "./exponential.ts";
import { gelu, geluTanh } from "./gelu.ts";
import { log, softplus } from "./logarithm.ts";
import { logPower, powerOf } from "./power.ts";

/** The values of an expression of f64 inputs, one list per variable, as its kernels give them. */
function evaluate(
  inputs: readonly (readonly number[])[],
  build: (kernels: Kernels, xs: Tensor[]) => Tensor,
): Float64Array {
  const count = inputs[0]?.length ?? 0;
  const sources = inputs.map(
    (_, position): InputSource => ({ space: "input", dtype: "f64", count, name: `x${position}`, position }),
  );
  const kernels = new Kernels(evaluateProgram);
  build(
    kernels,
    sources.map((source) => tensorOf(source, [count])),
  );
  const padded = Math.ceil((count * 8) / 256);
  const { leaves, weights } = linkKernels(
    kernels.emitted,
    sources.map((_, i) => i * padded),
  );
  const flat = new Uint8Array(inputs.length * padded * 256);
  for (const [i, values] of inputs.entries()) flat.set(pack("f64", values), i * padded * 256);
  const trace = evaluateProgram(leaves, weights, flat);
  const last = trace.length - padded * 256;
  return unpack("f64", trace.subarray(last, last + count * 8));
}

const unary = (f: (x: F64) => F64) => (xs: readonly number[]) =>
  evaluate([xs], (kernels, [x]) =>
    kernels.elementwise("f64", x === undefined ? [] : [x], (value) => f(asFloat(value))),
  );

const power = (xs: readonly number[], ys: readonly number[]) =>
  evaluate([xs, ys], (kernels, inputs) => {
    const logarithm = kernels.elementwise("f64", inputs, (x, y) => logPower(asFloat(x), asFloat(y)));
    return kernels.elementwise("f64", [...inputs, logarithm], (x, y, l) => powerOf(asFloat(x), asFloat(y), asFloat(l)));
  });

/** Numbers of every binade of f64 that f32 has too, and a share of the others: ends, middle, a number with all bits in use. */
function everyBinade(): number[] {
  const step = runs(7, 1);
  const exponents = Array.from({ length: 2098 }, (_, i) => i - 1074).filter((e) => Math.abs(e) < 150 || e % step === 0);
  return exponents
    .flatMap((e) => [1, 1.3333333333333333, 1.9999999999999998].map((m) => m * 2 ** e))
    .filter(Number.isFinite);
}

const bothSigns = (xs: readonly number[]) => [...xs, ...xs.map((x) => -x)];

/** Fails with the worst argument unless every finite result is within 2^-bits of the real one. */
function expectAccurate(
  xs: readonly number[],
  actual: ArrayLike<number>,
  exact: (x: Real) => Real,
  bits: number,
): void {
  let worst = { x: 0, error: Number.NEGATIVE_INFINITY };
  for (const [i, x] of xs.entries()) {
    const expected = exact(real(x));
    const result = actual[i] ?? Number.NaN;
    const error = errorBits(result, expected);
    // Below the normal numbers half a unit in the last place is what a rounding may take.
    const allowed = Math.max(-bits, Math.log2(2 ** -1074 / Math.abs(result)));
    if (error > allowed && error > worst.error) worst = { x, error };
  }
  expect(worst, `error bits at ${worst.x}`).to.deep.equal({ x: 0, error: Number.NEGATIVE_INFINITY });
}

/** What the functions' comments promise: far within the 2^-40 that f64 and the 2^-25 that f32 results may be off. */
const PROMISED_BITS = 50;

describe("kernel functions", function () {
  this.timeout(runs(60_000, 3_600_000));

  const inf = Number.POSITIVE_INFINITY;

  it("exp", () => {
    const f = unary(exp);
    const xs = bothSigns(everyBinade()).filter((x) => x < 709.78 && x > -745.1);
    expectAccurate(xs, f(xs), reals.exp, PROMISED_BITS);
    expect([...f([0, -0, inf, -inf, Number.NaN, 709.79, -745.2, 1e300, -1e300])]).to.deep.equal([
      1,
      1,
      inf,
      0,
      Number.NaN,
      inf,
      0,
      inf,
      0,
    ]);
  });

  it("exp, rounded to f32", () => {
    const f = unary(expOfF32);
    const xs = bothSigns(everyBinade()).filter((x) => x < 88.73 && x > -103.98);
    expectAccurate(xs, f(xs), reals.exp, 38);
    const special = f([0, -0, inf, -inf, Number.NaN, 88.73, -103.98, 1e300, -1e300]);
    expect([...special].map(Math.fround)).to.deep.equal([1, 1, inf, 0, Number.NaN, inf, 0, inf, 0]);
  });

  it("expm1", () => {
    const f = unary(expm1);
    const xs = bothSigns(everyBinade()).filter((x) => x < 709.78 && x > -1000);
    expectAccurate(xs, f(xs), reals.expm1, PROMISED_BITS);
    expect([...f([0, -0, inf, -inf, Number.NaN, 710])]).to.deep.equal([0, -0, inf, -1, Number.NaN, inf]);
  });

  it("log", () => {
    const f = unary(log);
    const xs = [
      ...everyBinade(),
      0.9999999999999999,
      1.0000000000000002,
      0.7071067811865475,
      0.7071067811865476,
      1.4142135623730951,
    ];
    expectAccurate(
      xs.filter((x) => x !== 1),
      f(xs.filter((x) => x !== 1)),
      reals.log,
      PROMISED_BITS,
    );
    expect([...f([1, 0, -0, inf, -inf, Number.NaN, -1])]).to.deep.equal([
      0,
      -inf,
      -inf,
      inf,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
  });

  it("sigmoid", () => {
    const f = unary(sigmoid);
    const xs = bothSigns(everyBinade()).filter((x) => x > -744 && x < 1e4);
    const exact = (x: Real) => reals.divide(reals.ONE, reals.add(reals.exp(reals.negate(x)), reals.ONE));
    expectAccurate(xs, f(xs), exact, PROMISED_BITS);
    expect([...f([0, -0, inf, -inf, Number.NaN])]).to.deep.equal([0.5, 0.5, 1, 0, Number.NaN]);
  });

  it("tanh", () => {
    const f = unary(tanh);
    const xs = bothSigns(everyBinade()).filter((x) => Math.abs(x) < 100);
    const exact = (x: Real) => {
      const e = reals.expm1(reals.add(x, x));
      return reals.divide(e, reals.add(e, real(2)));
    };
    expectAccurate(xs, f(xs), exact, PROMISED_BITS);
    expect([...f([0, -0, inf, -inf, Number.NaN, 1e300])]).to.deep.equal([0, -0, 1, -1, Number.NaN, 1]);
  });

  it("softplus", () => {
    const f = unary(softplus);
    const xs = bothSigns(everyBinade()).filter((x) => x > -708 && x < 1e6);
    expectAccurate(xs, f(xs), (x) => reals.log1p(reals.exp(x)), PROMISED_BITS);
    expect([...f([inf, -inf, Number.NaN])]).to.deep.equal([inf, 0, Number.NaN]);
  });

  it("erf", () => {
    const f = unary(erf);
    const grid = Array.from({ length: runs(200, 2000) }, (_, i) => (i + 0.37) * (6.5 / runs(200, 2000)));
    const xs = bothSigns([...everyBinade(), ...grid]).filter((x) => Math.abs(x) < 7);
    expectAccurate(xs, f(xs), reals.erf, 46);
    expect([...f([0, -0, inf, -inf, Number.NaN, 6, -6])]).to.deep.equal([0, -0, 1, -1, Number.NaN, 1, -1]);
  });

  it("gelu", () => {
    const f = unary(gelu);
    const grid = Array.from({ length: runs(200, 2000) }, (_, i) => (i + 0.37) * (14 / runs(200, 2000)));
    const xs = bothSigns([...everyBinade(), ...grid]).filter((x) => Math.abs(x) < 14.5);
    const root = reals.sqrt(real(2));
    const exact = (x: Real) =>
      reals.multiply(x, reals.divide(reals.add(reals.ONE, reals.erf(reals.divide(x, root))), real(2)));
    expectAccurate(xs, f(xs), exact, 42);
    expect([...f([0, -0, inf, Number.NaN, 100, -40])]).to.deep.equal([0, -0, inf, Number.NaN, 100, -0]);
  });

  it("gelu by tanh", () => {
    const f = unary(geluTanh);
    const xs = bothSigns(everyBinade()).filter((x) => x > -20 && x < 1e4);
    const exact = (x: Real) => {
      const cube = reals.multiply(x, reals.multiply(x, x));
      const y = reals.multiply(
        reals.add(x, reals.multiply(cube, real(0.044715))),
        reals.sqrt(reals.divide(real(8), reals.PI)),
      );
      return reals.divide(x, reals.add(reals.exp(reals.negate(y)), reals.ONE));
    };
    expectAccurate(xs, f(xs), exact, 42);
  });

  it("pow", () => {
    const bases = everyBinade().filter((_, i) => i % 5 === 0);
    const pairs = bases.flatMap((x) => [0.5, -1.25, 3, -7, 100.5].map((y) => [x, y] as const));
    const values = power(
      pairs.map(([x]) => x),
      pairs.map(([, y]) => y),
    );
    const finite = pairs.flatMap(([x, y], i) => {
      const value = values[i] ?? 0;
      return Number.isFinite(value) && value > 2 ** -1020 && x !== 1 ? [{ x, y, value }] : [];
    });
    for (const { x, y, value } of finite) {
      const error = errorBits(value, reals.exp(reals.multiply(real(y), reals.log(real(x)))));
      expect(error < -41, `${x} to the power of ${y}: 2^${error}`).to.equal(true);
    }
    expect(finite.length).to.be.above(100);
  });

  it("pow of special values is what C says", () => {
    const nan = Number.NaN;
    const cases: [number, number, number][] = [
      [0, -3, inf],
      [-0, -3, -inf],
      [0, -2, inf],
      [-0, -2, inf],
      [-0, -2.5, inf],
      [0, -inf, inf],
      [-0, 3, -0],
      [-0, 2, 0],
      [-0, 2.5, 0],
      [-1, inf, 1],
      [-1, -inf, 1],
      [1, nan, 1],
      [1, inf, 1],
      [nan, 0, 1],
      [nan, -0, 1],
      [0, 0, 1],
      [-8, 1.5, nan],
      [0.5, -inf, inf],
      [-0.5, -inf, inf],
      [2, -inf, 0],
      [0.5, inf, 0],
      [2, inf, inf],
      [-inf, -3, -0],
      [-inf, -2, 0],
      [-inf, 3, -inf],
      [-inf, 2, inf],
      [-inf, 2.5, inf],
      [inf, -1, 0],
      [inf, 1, inf],
      [-8, 3, -512],
      [nan, 1, nan],
      [2, nan, nan],
    ];
    const actual = power(
      cases.map(([x]) => x),
      cases.map(([, y]) => y),
    );
    for (const [i, [x, y, expected]] of cases.entries()) {
      const within =
        Number.isFinite(expected) && expected !== 0
          ? Math.abs((actual[i] ?? nan) / expected - 1) < 1e-14
          : Object.is(actual[i], expected);
      expect(within, `${x} to the power of ${y} is ${actual[i]}`).to.equal(true);
    }
  });

  it("exp, rounded to f32, never falls where its reduction changes", () => {
    const seams = Array.from({ length: 278 }, (_, i) => Math.fround((i - 149.5) * Math.LN2));
    const before = seams.map((x) => -nextF32(-x));
    const after = seams.map(nextF32);
    const [low, middle, high] = [before, seams, after].map((xs) => unary(expOfF32)(xs).map(Math.fround));
    for (const [i, x] of seams.entries()) {
      const values = [low?.[i], middle?.[i], high?.[i]].map(Number);
      expect(values, `at ${x}`).to.deep.equal(values.toSorted((a, b) => a - b));
    }
  });

  it("never falls where the function rises, between neighbours of f32", () => {
    const rising = { exp, expOfF32, expm1, sigmoid, tanh, softplus, erf, log };
    // Around 0, where differences are small, and where each function approaches its limit.
    const centres = fc.constantFrom(0, 2 ** -24, 0.5, 1, -1, 3.8, -3.8, 9, -9, 17, -17, 88, -88);
    const argument = fc.tuple(centres, fc.float({ min: -1, max: 1, noNaN: true })).map(([c, d]) => Math.fround(c + d));
    const property = fc.property(fc.array(argument, { minLength: 20, maxLength: 20 }), (xs) => {
      for (const [name, f] of Object.entries(rising)) {
        const [low, high] = [unary(f)(xs), unary(f)(xs.map(nextF32))];
        for (const [i, x] of xs.entries()) {
          const rises = Math.fround(low[i] ?? 0) <= Math.fround(high[i] ?? 0) || (name === "log" && x < 0);
          expect(rises, `${name} at ${x}`).to.equal(true);
        }
      }
    });
    fc.assert(property, { numRuns: runs(5, 500), seed });
  });
});

/** The f32 after x. */
function nextF32(x: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x === 0 ? 0 : x);
  view.setUint32(0, view.getUint32(0) + (x < 0 ? -1 : 1));
  return view.getFloat32(0);
}
