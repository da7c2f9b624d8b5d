import { expect } from "chai";
import { countTests } from "./ci.ts";

describe("total of a test run", () => {
  it("is the last one printed, colours or not", () => {
    const output =
      "  7 passing (2s)\n  1 failing\n\n\u001b[32m12 passing\u001b[39m (5 solidity, 7 mocha)\n2 failing (2 mocha)\n";
    expect(countTests(output)).to.deep.equal({ passed: 12, failed: 2 });
  });

  it("is nothing where the run never came to its end", () => {
    expect(countTests("Error HHE15: Invalid config")).to.deep.equal({ passed: 0, failed: 0 });
  });
});
