import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../test/budget.ts";
import type { Dtype } from "../model/tensor.ts";
import { formatNpy, NpyError, parseNpy } from "./npy.ts";

/** A .npy file as numpy.save writes it: the header padded so that the data starts at a multiple of 64. */
function npy(descr: string, shape: string, data: Uint8Array, { fortran = "False", version = 1 } = {}): Uint8Array {
  const prefix = version === 1 ? 10 : 12;
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const header = Buffer.from(
    `${text.padEnd(Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix - 1)}\n`,
    "latin1",
  );
  const length = Buffer.alloc(prefix - 8);
  length.writeUIntLE(header.length, 0, length.length);
  return Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Buffer.from([version, 0]), length, header, data]);
}

describe("npy", () => {
  const bytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => i % 2);

  const good: [string, string, string, number[], number][] = [
    ["<f4", "(2, 3)", "f32", [2, 3], 24],
    ["<f8", "(4,)", "f64", [4], 32],
    ["|i1", "(3,)", "i8", [3], 3],
    ["|u1", "(1, 1, 2)", "u8", [1, 1, 2], 2],
    ["<i2", "()", "i16", [], 2],
    ["<u2", "(2,)", "u16", [2], 4],
    ["<i4", "(2,)", "i32", [2], 8],
    ["<u4", "(2,)", "u32", [2], 8],
    ["<i8", "(2,)", "i64", [2], 16],
    ["|b1", "(5,)", "bool", [5], 5],
    [">u1", "(2,)", "u8", [2], 2],
  ];
  for (const [descr, shape, dtype, extents, length] of good) {
    it(`reads ${descr} ${shape}`, () => {
      for (const version of [1, 2, 3]) {
        const array = parseNpy(npy(descr, shape, bytes(length), { version }));
        expect({ ...array, bytes: [...array.bytes] }).to.deep.equal({
          dtype,
          dims: extents,
          bytes: [...bytes(length)],
        });
      }
    });
  }

  it("writes what it reads, its data aligned", () => {
    for (const [, , dtype, dims, length] of good) {
      const tensor = { dtype: dtype as Dtype, dims, bytes: bytes(length) };
      const file = formatNpy(tensor);
      expect(file.length % 64).to.equal(length % 64);
      const read = parseNpy(file);
      expect({ ...read, bytes: Uint8Array.from(read.bytes) }).to.deep.equal(tensor);
    }
  });

  const bad: [string, Uint8Array, string][] = [
    ["a text file", Buffer.from("hello, this is no array"), "it is not a .npy file"],
    ["an empty file", new Uint8Array(), "it is not a .npy file"],
    ["an unknown version", npy("<f4", "(1,)", bytes(4), { version: 9 }), "it is not a .npy file"],
    ["a half header", npy("<f4", "(1,)", bytes(4)).subarray(0, 40), "ends in the middle of its header"],
    ["half the data", npy("<f4", "(2, 3)", bytes(20)), "the array has 20 bytes; its header promises 24"],
    ["too much data", npy("<f4", "(2, 3)", bytes(28)), "the array has 28 bytes; its header promises 24"],
    ["big-endian numbers", npy(">f4", "(1,)", bytes(4)), "the array is big-endian"],
    ["column order", npy("<f4", "(2, 2)", bytes(16), { fortran: "True" }), "the array is in column order"],
    ["half precision", npy("<f2", "(1,)", bytes(2)), "the dtype f2 is not supported"],
    ["no dtype at all", npy("<constructor", "(1,)", bytes(2)), "the dtype constructor is not supported"],
    ["strings", npy("<U4", "(1,)", bytes(16)), "the dtype U4 is not supported"],
    ["records", npy("[('a', '<f4')]", "(1,)", bytes(4)), "does not describe a plain array"],
  ];
  for (const [what, file, message] of bad) {
    it(`refuses ${what}`, () => expect(() => parseNpy(file)).to.throw(NpyError, message));
  }

  it("takes one-dimensional arrays in either order", () => {
    expect(parseNpy(npy("<f4", "(2,)", bytes(8), { fortran: "True" })).dims).to.deep.equal([2]);
  });

  it("refuses every damaged file in its own words", () => {
    const file = npy("<f4", "(2, 3)", bytes(24));
    const damage = fc.tuple(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length));
    fc.assert(
      fc.property(damage, ([at, value, length]) => {
        const damaged = Uint8Array.from(file).subarray(0, length);
        if (at < length) damaged[at] = value;
        try {
          parseNpy(damaged);
        } catch (error) {
          expect(error).to.be.instanceOf(NpyError);
        }
      }),
      { numRuns: runs(500, 50_000), seed },
    );
  });
});
