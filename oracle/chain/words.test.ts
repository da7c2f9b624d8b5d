import { readFileSync } from "node:fs";
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import fc from "fast-check";
import { runs, seed } from "../../test/budget.ts";
import { FieldRangeError, LAYOUTS, MalformedWordError, OFFER, packWord, REQUEST_STATE, unpackWord } from "./words.ts";

/** The tables of docs/formats.md that have a column of bits, each as lines `low-high name`. */
function documentedLayouts(): string[][] {
  const tables = readFileSync("docs/formats.md", "utf8").split("\n\n");
  return tables
    .filter((table) => table.startsWith("| bits"))
    .map((table) => [...table.matchAll(/^\| (\d+)(?:-(\d+))? \| `(\w+)`/gm)])
    .map((rows) => rows.map(([, low, high = low, name]) => `${low}-${high} ${name}`));
}

const offer = { operator: ZeroAddress, price: 1n, latency: 2, penaltyBps: 3, callbackKgas: 4 };

describe("words", () => {
  it("are laid out as docs/formats.md says", () => {
    const described = Object.values(LAYOUTS).map((layout) =>
      Object.entries(layout).map(([name, { low, bits }]) => `${low}-${low + bits - 1} ${name}`),
    );
    expect(described).to.deep.equal(documentedLayouts());
  });

  for (const [name, layout] of Object.entries(LAYOUTS)) {
    const mask = Object.values(layout).reduce(
      (all, { low, bits }) => all | (((1n << BigInt(bits)) - 1n) << BigInt(low)),
      0n,
    );

    it(`${name}: every word of its bits is unpacked and packed to itself (seed ${seed})`, () => {
      const words = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map((word) => word & mask);
      const known = words.map((word) => (layout === REQUEST_STATE ? (word & ~0xffn) | (word % 5n) : word));
      fc.assert(
        fc.property(known, (word) => {
          expect(packWord(layout as typeof OFFER, unpackWord(layout as typeof OFFER, word))).to.equal(word);
        }),
        { seed, numRuns: runs(100, 10_000), examples: [[0n]] },
      );
    });

    it(`${name}: bits of no field are refused`, () => {
      const strange = Array.from({ length: 257 }, (_, bit) => 1n << BigInt(bit)).filter((bit) => (mask & bit) === 0n);
      for (const word of [...strange, -1n]) {
        expect(() => unpackWord(layout as typeof OFFER, word)).to.throw(MalformedWordError);
      }
    });
  }

  it("a value out of its field's range is refused by the field's name", () => {
    const bad = [
      ["price", 1n << 48n],
      ["price", -1n],
      ["latency", 65_536],
      ["latency", -1],
      ["latency", 0.5],
      ["latency", Number.NaN],
      ["operator", "0x1234"],
      ["operator", "0x8ba1f109551bD432803012645Ac136ddd64DBA73"],
    ] as const;
    for (const [field, value] of bad) {
      const error = { name: "FieldRangeError", field };
      expect(() => packWord(OFFER, { ...offer, [field]: value }), `${field} ${value}`)
        .to.throw(FieldRangeError)
        .that.includes(error);
    }
  });

  it("an unknown status is refused", () => {
    expect(() => unpackWord(REQUEST_STATE, 5n)).to.throw(MalformedWordError, "0x5: status is 5");
  });
});
