import { readFileSync } from "node:fs";
import { expect } from "chai";

describe("the README's gas table", () => {
  it("says what the snapshot says", () => {
    const snapshot = JSON.parse(readFileSync("snapshots/contracts.json", "utf8")) as Record<string, number>;
    const gas = Object.fromEntries(Object.entries(snapshot).filter(([key]) => key.endsWith(".gas")));
    const rows = readFileSync("README.md", "utf8").matchAll(/^\| `([\w.]+\.gas)` \| ([\d,]+) \|/gm);
    const table = Object.fromEntries(
      [...rows].map(([, key, figure = ""]) => [key, Number(figure.replaceAll(",", ""))]),
    );
    expect(table).to.deep.equal(gas);
  });
});
