import { readFileSync } from "node:fs";
import { expect } from "chai";

describe("the README's gas table", () => {
  it("says what the snapshot says", () => {
    const figures = JSON.parse(readFileSync("snapshots/contracts.json", "utf8")) as Record<string, number>;
    const readme = readFileSync("README.md", "utf8");
    const rows = [...readme.matchAll(/^\| (.+) \| ([\d, ]+) \|$/gm)].map(([, step = "", gas = ""]) => [
      step,
      ...gas.split(", ").map((figure) => Number(figure.replaceAll(",", ""))),
    ]);
    expect(rows).to.deep.equal([
      ["request", figures["request.gas"]],
      ["request through a consumer", figures["request.consumer.gas"]],
      ["assertResult, callback included", figures["assert.gas"]],
      ["finalise", figures["finalise.gas"]],
      ["assertResult in batches of 10, of 100", figures["batch10.assert.gas"], figures["batch100.assert.gas"]],
    ]);
  });
});
