import { expect } from "chai";
import { differences } from "./gas.ts";

describe("gas check", () => {
  it("tolerates nothing and names what moved, appeared or vanished", () => {
    const committed = { same: 1, less: 100, more: 100, gone: 5 };
    const today = { same: 1, less: 99, more: 103, fresh: 7 };
    expect(differences(committed, today)).to.deep.equal([
      "less: 100 -> 99 (-1)",
      "more: 100 -> 103 (+3)",
      "gone: 5 -> absent",
      "fresh: absent -> 7",
    ]);
  });
});
