import { expect } from "chai";
import { parseBlocks } from "./blocks.ts";

const fenced = (language: string, code: string) => `\`\`\`${language}\n${code}\`\`\`\n`;

describe("blocks of a Markdown file", () => {
  it("come with their language, line and code", () => {
    const markdown = `# Title\n\n${fenced("sh", "ls\npwd\n")}\nand\n${fenced("json", "{}\n")}`;
    expect(parseBlocks(markdown)).to.deep.equal([
      { language: "sh", line: 3, code: "ls\npwd\n" },
      { language: "json", line: 9, code: "{}\n" },
    ]);
  });

  it("carry the directive right above them", () => {
    const markdown = `<!-- doc: chain -->\n<!-- doc: file a b.yaml -->\n${fenced("yaml", "a: 1\n")}<!-- doc: background is ready -->\n${fenced("sh", "serve\n")}`;
    expect(parseBlocks(markdown)).to.deep.equal([
      { language: "yaml", line: 3, code: "a: 1\n", file: "a b.yaml" },
      { language: "sh", line: 7, code: "serve\n", background: "is ready" },
    ]);
  });

  it("leave out the test's own command and installation, and nothing that only looks like them", () => {
    const markdown = fenced(
      "sh",
      "git clone https://example.org/assay\ncd assay\nnpm run demo\nnpm test\nnpm test -- FILE\nnpm run bench\n",
    );
    expect(parseBlocks(markdown)[0]?.code).to.equal("npm test -- FILE\nnpm run bench\n");
  });

  for (const [what, markdown, message] of [
    ["a fence without a language", fenced("", "ls\n"), 'line 1: "" is none of sh, ts'],
    ["an unknown language", fenced("rust", "ls\n"), 'line 1: "rust" is none of sh, ts'],
    ["an unended fence", "```sh\nls\n", "neither a block nor a directive right above one: ```sh"],
    ["an indented fence", "- x\n  ```sh\n  ls\n  ```\n", "neither a block nor a directive right above one:   ```sh"],
    ["a directive without a block", "<!-- doc: file x -->\n\ntext\n", "<!-- doc: file x -->"],
    ["an unknown directive", `<!-- doc: skip -->\n${fenced("sh", "ls\n")}`, "<!-- doc: skip -->"],
  ] as const) {
    it(`refuse ${what}`, () => {
      expect(() => parseBlocks(markdown)).to.throw(message);
    });
  }
});
