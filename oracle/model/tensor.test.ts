import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../test/budget.ts";
import {
  CHUNK_BYTES,
  DTYPES,
  type Dtype,
  dtypeOf,
  type Element,
  ElementRangeError,
  flatLayout,
  joinTensors,
  pack,
  splitTensors,
  TensorLengthError,
  unpack,
} from "./tensor.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("tensor", () => {
  it("finds a dtype by its id", () => {
    for (const dtype of Object.keys(DTYPES) as Dtype[]) expect(dtypeOf(DTYPES[dtype].id)).to.equal(dtype);
    expect(() => dtypeOf(0)).to.throw(RangeError, "no dtype has id 0");
    expect(() => dtypeOf(11)).to.throw(RangeError, "no dtype has id 11");
  });

  const packed: [Dtype, Element[], string][] = [
    ["f32", [1, -2.5, 0.1], "0000803f000020c0cdcccc3d"],
    ["f32", [-0, Infinity, 2 ** -149], "000000800000807f01000000"],
    ["f64", [1, -0.1], "000000000000f03f9a9999999999b9bf"],
    ["i8", [-128, 127n], "807f"],
    ["u8", [0, 255, true], "00ff01"],
    ["i16", [-2, 258], "feff0201"],
    ["u16", [65535, 258], "ffff0201"],
    ["i32", [-2, 16909060], "feffffff04030201"],
    ["u32", [4294967295], "ffffffff"],
    ["i64", [-2n, 2n ** 63n - 1n, 5], "feffffffffffffffffffffffffffff7f0500000000000000"],
    ["bool", [true, false, 1, 0n], "01000100"],
    ["f32", [], ""],
  ];
  for (const [dtype, elements, bytes] of packed) {
    it(`packs ${dtype} [${elements.join(", ")}]`, () => {
      expect(hex(pack(dtype, elements))).to.equal(bytes);
      expect(Array.from<number | bigint>(unpack(dtype, Buffer.from(bytes, "hex"))).map(Number)).to.deep.equal(
        elements.map((element) => (dtype === "f32" ? Math.fround(Number(element)) : Number(element))),
      );
    });
  }

  const refused: [Dtype, Element][] = [
    ["f32", 2 ** 128],
    ["f32", -3.4028235677973366e38],
    ["f32", 1n],
    ["f64", true],
    ["i8", 128],
    ["i8", -129],
    ["u8", -1],
    ["u8", 256],
    ["i16", 32768],
    ["u16", 65536],
    ["i32", -2147483649],
    ["u32", 4294967296],
    ["i64", 2n ** 63n],
    ["i64", 2 ** 53],
    ["i32", 0.5],
    ["i32", -Infinity],
    ["bool", 2],
  ];
  for (const [dtype, element] of refused) {
    it(`refuses ${element} as ${dtype}`, () => {
      expect(() => pack(dtype, [element]))
        .to.throw(ElementRangeError)
        .that.includes({ value: element, dtype });
    });
  }

  it("refuses part of an element", () => {
    expect(() => unpack("i16", new Uint8Array(3)))
      .to.throw(TensorLengthError)
      .that.includes({ expectedBytes: 2, actualBytes: 3 });
  });

  it("lays tensors on chunks and ends with the last one's own length", () => {
    expect(flatLayout([4, 256, 257, 0, 3])).to.deep.equal({ offsets: [0, 256, 512, 1024, 1024], totalBytes: 1027 });
    expect(flatLayout([])).to.deep.equal({ offsets: [], totalBytes: 0 });
    const flat = joinTensors([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    expect(flat.length).to.equal(257);
    expect([flat[0], flat[1], flat[255], flat[CHUNK_BYTES]]).to.deep.equal([1, 2, 0, 3]);
  });

  it("refuses a flat string of another length", () => {
    for (const length of [256, 258]) {
      expect(() => splitTensors(new Uint8Array(length), [2, 1]))
        .to.throw(TensorLengthError)
        .that.includes({ expectedBytes: 257, actualBytes: length });
    }
  });

  it(`splits what it joined (seed ${seed})`, () => {
    const tensors = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 6 });
    fc.assert(
      fc.property(tensors, (parts) => {
        const split = splitTensors(
          joinTensors(parts),
          parts.map((part) => part.length),
        );
        expect(split.map(hex)).to.deep.equal(parts.map(hex));
      }),
      { seed, numRuns: runs(200, 20_000) },
    );
  });
});
