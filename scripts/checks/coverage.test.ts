import { expect } from "chai";
import { isCore, parseLcov, percent, ranges } from "./coverage.ts";

const LCOV = `TN:
SF:contracts/lib/A.sol
DA:7,0
DA:3,1
DA:5,0
DA:4,12
LH:2
LF:4
end_of_record
SF:contracts/lib/B.sol
DA:1,1
LH:1
LF:1
end_of_record
`;

describe("coverage check", () => {
  it("reads the lines of every file", () => {
    expect(parseLcov(LCOV)).to.deep.equal([
      { file: "contracts/lib/A.sol", lines: 4, hit: 2, missed: [5, 7] },
      { file: "contracts/lib/B.sol", lines: 1, hit: 1, missed: [] },
    ]);
  });

  it("weighs files by their lines", () => {
    expect(percent(parseLcov(LCOV))).to.equal(60);
  });

  it("finds nothing at all below any floor", () => {
    expect(percent(parseLcov("")) >= 0).to.equal(false);
  });

  it("joins neighbouring lines", () => {
    expect(ranges([3, 7, 8, 9, 12])).to.equal("3 7-9 12");
    expect(ranges([])).to.equal("");
  });

  it("counts contracts, without examples, machine, tests and harnesses", () => {
    const others = ["contracts/examples/E.sol", "contracts/vm/V.sol", "contracts/lib/A.t.sol", "test/contracts/H.sol"];
    expect(["contracts/lib/A.sol", ...others].filter(isCore)).to.deep.equal(["contracts/lib/A.sol"]);
  });
});
