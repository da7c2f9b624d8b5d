import { readFileSync } from "node:fs";
import { expect } from "chai";
import { vectorFiles } from "../../scripts/generate/vectors.ts";

describe("vectors", () => {
  it("are what the TypeScript makes (npm run generate:vectors)", async () => {
    for (const [file, content] of await vectorFiles()) expect(readFileSync(file, "utf8"), file).to.equal(content);
  });
});
