import { expect } from "chai";
import { CompilerOptionsError, formatOptions, type ProgramOptions, parseOptions } from "./compilerOptions.ts";

describe("compiler options", () => {
  const options: ProgramOptions = {
    dims: { "9": 2, "10": 1, batch: 3 },
    bind: {
      sizes: { dtype: "i64", dims: [1], bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) },
      none: { dtype: "f32", dims: [0], bytes: new Uint8Array() },
    },
  };
  const text =
    '{"bind":{"none":{"data":"0x","dims":[0],"dtype":"f32"},' +
    '"sizes":{"data":"0x0100000000000000","dims":[1],"dtype":"i64"}},"dims":{"10":1,"9":2,"batch":3}}';

  it("have one text, keys in order", () => {
    expect(formatOptions(options)).to.equal(text);
    expect(parseOptions(text)).to.deep.equal(options);
    expect(formatOptions({ dims: {}, bind: {} })).to.equal('{"bind":{},"dims":{}}');
  });

  const wrong: [string, string, string][] = [
    ["nothing", "", "are not JSON"],
    ["a list", "[]", "are malformed"],
    ["a key that is none of theirs", '{"bind":{},"dims":{},"x":1}', "are malformed"],
    ["a missing key", '{"dims":{}}', "are malformed"],
    ["a dimension of no size", '{"bind":{},"dims":{"n":0}}', "are malformed"],
    ["an unknown dtype", '{"bind":{"x":{"data":"0x","dims":[0],"dtype":"f8"}},"dims":{}}', "are malformed"],
    ["half a byte", '{"bind":{"x":{"data":"0x0","dims":[1],"dtype":"u8"}},"dims":{}}', "are malformed"],
    ["too few bytes", '{"bind":{"x":{"data":"0x00","dims":[2],"dtype":"u8"}},"dims":{}}', "bind x to 1 bytes"],
    ["white space", '{"bind":{}, "dims":{}}', "are not in canonical form"],
    ["another order", '{"dims":{},"bind":{}}', "are not in canonical form"],
  ];
  for (const [what, given, reason] of wrong) {
    it(`refuse ${what}`, () => expect(() => parseOptions(given)).to.throw(CompilerOptionsError, reason));
  }
});
