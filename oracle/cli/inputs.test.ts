import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { TensorSignature } from "../model/onnx/signature.ts";
import { type Dtype, pack } from "../model/tensor.ts";
import { UsageError } from "./errors.ts";
import { packInputs } from "./inputs.ts";

const input = (name: string, dtype: Dtype, dims: number[]): TensorSignature<number> => ({ name, dtype, dims });

describe("inputs of a request", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-inputs-"));
  });
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const x = input("x", "f32", [2, 2]);
  const n = input("n", "i64", [2]);
  const four = pack("f32", [1, 2, 3, 4]);

  it("takes flat and nested JSON, inline and in a file, with and without a name", () => {
    expect(packInputs([x], ["[1, 2, 3, 4]"])).to.deep.equal([four]);
    expect(packInputs([x], ["[[1, 2], [3, 4]]"])).to.deep.equal([four]);
    expect(packInputs([x], ["x=[1,2,3,4]"])).to.deep.equal([four]);
    expect(packInputs([x], [file("x.json", "[[1,2],[3,4]]")])).to.deep.equal([four]);
    expect(packInputs([x], [`x=${file("x.json", "[[1,2],[3,4]]")}`])).to.deep.equal([four]);
    expect(packInputs([input("s", "f64", [])], ["-2.5"])).to.deep.equal([pack("f64", [-2.5])]);
  });

  it("takes several inputs by name, in any order, or all in one object", () => {
    const expected = [four, pack("i64", [7, 8])];
    expect(packInputs([x, n], ["n=[7,8]", "x=[1,2,3,4]"])).to.deep.equal(expected);
    expect(packInputs([x, n], ['{"n": [7, 8], "x": [[1, 2], [3, 4]]}'])).to.deep.equal(expected);
    expect(packInputs([x, n], [file("all.json", '{"n": [7, 8], "x": [1, 2, 3, 4]}')])).to.deep.equal(expected);
    expect(packInputs([], [])).to.deep.equal([]);
  });

  it("takes names with any characters", () => {
    const odd = input("input:0/a=b c", "f32", [1]);
    expect(packInputs([odd, n], ["input:0/a=b c=[1]", "n=[1,2]"])[0]).to.deep.equal(pack("f32", [1]));
  });

  it("takes what JSON has no numbers for", () => {
    expect(packInputs([n], ['["9007199254740993", -1]'])).to.deep.equal([pack("i64", [9007199254740993n, -1])]);
    expect(packInputs([x], ['["NaN", "Infinity", "-Infinity", -0]'])).to.deep.equal([
      pack("f32", [Number.NaN, Infinity, -Infinity, -0]),
    ]);
    expect(packInputs([input("b", "bool", [2])], ["[true, 0]"])).to.deep.equal([Uint8Array.of(1, 0)]);
  });

  it("takes .npy files of the input's dtype", () => {
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }\n";
    const prefix = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0]);
    const npy = file("x.npy", Buffer.concat([prefix, Buffer.from(header), four]));
    expect(packInputs([x], [npy]).map((tensor) => Uint8Array.from(tensor))).to.deep.equal([four]);
    expect(() => packInputs([input("x", "f64", [4])], [npy])).to.throw(UsageError, "x f64 [4]: the file has dtype f32");
    expect(() => packInputs([input("x", "f32", [5])], [npy])).to.throw(UsageError, "the file has shape [4]");
  });

  const wrong: [string, TensorSignature<number>[], string[], string][] = [
    ["a missing input", [x, n], ["x=[1,2,3,4]"], "input n i64 [2] is missing"],
    ["an unknown input", [x], ["y=[1]"], "the model has no input y; its inputs are x"],
    ["an unknown input of an object", [x], ['{"x": [1,2,3,4], "z": 1}'], "the model has no input z"],
    ["an input for a model without any", [], ["[1]"], "say which input [1] is"],
    [
      "a value without a name for several inputs",
      [x, n],
      ["[1]"],
      "say which input [1] is: NAME=[1]; the inputs are x f32",
    ],
    ["too few elements", [x], ["[1,2,3]"], "input x f32 [2, 2]: it has 4 elements, and 3 are given"],
    ["too many elements", [n], ["[1,2,3]"], "it has 2 elements, and 3 are given"],
    ["a fraction for an integer", [n], ["[1.5, 2]"], "1.5 is not in the range of i64"],
    ["a number beyond 2^53", [n], ["[9007199254740993, 2]"], "9007199254740992 is not in the range of i64"],
    ["a number beyond the dtype", [input("u", "u8", [1])], ["[256]"], "256 is not in the range of u8"],
    ["a number beyond f32", [input("f", "f32", [1])], ["[1e39]"], "1e+39 is not in the range of f32"],
    ["text", [x], ['["a", 1, 2, 3]'], '"a" is no element of it'],
    ["null", [x], ["[null, 1, 2, 3]"], "null is no element of it"],
    ["objects inside", [x], ['[{"a": 1}, 1, 2, 3]'], '{"a":1} is no element of it'],
    ["what is not JSON", [x], ["hello"], '"hello" is not JSON; files end in .json, .npy or .pb'],
    ["a very long thing that is not JSON", [x], ["z".repeat(1_000)], `"${"z".repeat(40)}..." is not JSON`],
    ["a missing file", [x], ["nowhere.json"], "cannot read nowhere.json: ENOENT"],
    ["a folder", [x], [`${tmpdir()}/.json/../`], "is not JSON"],
  ];
  for (const [what, inputs, values, message] of wrong) {
    it(`refuses ${what}`, () => expect(() => packInputs(inputs, values)).to.throw(UsageError, message));
  }

  it("refuses files that are too large or damaged", () => {
    const deep = file("deep.json", `${"[".repeat(200_000)}1${"]".repeat(200_000)}`);
    expect(() => packInputs([x], [deep])).to.throw(UsageError, "it is nested deeper than 64 levels");
    const big = file("big.json", " ".repeat(10_000_001));
    expect(() => packInputs([x], [big])).to.throw(UsageError, "big.json has 10000001 bytes; an input file has at most");
    expect(() => packInputs([x], [file("bad.json", "{")])).to.throw(UsageError, "bad.json is not JSON");
    expect(() => packInputs([x], [file("bad.npy", "{")])).to.throw(UsageError, "bad.npy: it is not a .npy");
  });
});
