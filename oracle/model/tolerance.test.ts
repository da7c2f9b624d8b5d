import { expect } from "chai";
import { type Dtype, type Element, pack } from "./tensor.ts";
import { differenceOf, firstOutside } from "./tolerance.ts";

const none = { atol: 0, rtol: 0 };

describe("tolerance", () => {
  const cases: [string, Dtype, Element, Element, { atol: number; rtol: number }, boolean][] = [
    ["equal numbers", "f32", 1.5, 1.5, none, true],
    ["zeros of both signs", "f32", -0, 0, none, true],
    ["two NaNs", "f64", Number.NaN, Number.NaN, none, true],
    ["equal infinities", "f64", Infinity, Infinity, none, true],
    ["neighbours, exactly", "f64", 1 + 2 ** -52, 1, none, false],
    ["the absolute bound itself", "f64", 1.25, 1, { atol: 0.25, rtol: 0 }, true],
    ["more than the absolute bound", "f64", 1.25 + 2 ** -52, 1, { atol: 0.25, rtol: 0 }, false],
    ["the relative bound of the canonical one", "f64", 5, 4, { atol: 0, rtol: 0.25 }, true],
    ["not that of the other one", "f64", 4, 5, { atol: 0, rtol: 0.2 - 2 ** -40 }, false],
    ["a NaN and a number", "f32", Number.NaN, 0, { atol: 32768, rtol: 32768 }, false],
    ["a number and a NaN", "f32", 0, Number.NaN, { atol: 32768, rtol: 32768 }, false],
    ["infinities of both signs", "f32", Infinity, -Infinity, { atol: 32768, rtol: 32768 }, false],
    ["an infinity and a number", "f32", Infinity, 1, { atol: 32768, rtol: 32768 }, false],
    ["integers, whatever the tolerance", "i32", 5, 6, { atol: 32768, rtol: 32768 }, false],
    ["64-bit integers beyond 2^53", "i64", 2n ** 62n + 1n, 2n ** 62n, { atol: 32768, rtol: 32768 }, false],
  ];
  for (const [what, dtype, actual, canonical, tolerance, passes] of cases) {
    it(`${passes ? "passes" : "refuses"} ${what}`, () => {
      const outside = firstOutside(dtype, pack(dtype, [0, actual]), pack(dtype, [0, canonical]), tolerance);
      expect(outside).to.equal(passes ? undefined : 1);
    });
  }

  it("lets integers differ where it is told to", () => {
    const [a, b] = [pack("u8", [7, 9]), pack("u8", [8, 7])];
    expect(firstOutside("u8", a, b, none, 1)).to.equal(1);
    expect(firstOutside("u8", a, b, none, 2)).to.equal(undefined);
  });

  it("measures", () => {
    const f64 = (...elements: number[]) => pack("f64", elements);
    expect(differenceOf("f64", f64(1, 8, 0.25), f64(1, 4, 0.5))).to.deep.equal({ maxAbs: 4, maxRel: 1, maxScaled: 1 });
    expect(differenceOf("f64", f64(0.5), f64(0))).to.deep.equal({ maxAbs: 0.5, maxRel: 0, maxScaled: 0.5 });
    expect(differenceOf("f64", f64(Number.NaN), f64(0)).maxAbs).to.equal(Infinity);
    expect(differenceOf("i64", pack("i64", [-3]), pack("i64", [5]))).to.include({ maxAbs: 8 });
  });
});
