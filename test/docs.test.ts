// Runs the code blocks of README.md and docs/. A file's blocks run in order in one workspace:
//   sh        run by bash; `npm test`, the demo and installation excepted
//   ts        run by node, from the root of the clone
//   solidity  whole source files, compiled together at the end
//   json yaml parsed
//   text      only shown
// Directives (blocks.ts): `<!-- doc: file NAME -->`, `<!-- doc: background TEXT -->`, `<!-- doc: chain -->`.

import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parse as parseYaml } from "yaml";
import { type Block, CHAIN, parseBlocks } from "./docs/blocks.ts";
import { Workspace } from "./docs/workspace.ts";

const BLOCK_MS = 120_000;

const files = ["README.md", ...globSync("docs/**/*.md").sort()].filter((file) => existsSync(file));
const docs = files.map((file) => ({ file, markdown: readFileSync(file, "utf8") }));

for (const { file, markdown } of docs) {
  describe(file, () => {
    let workspace: Workspace;

    before(async function () {
      this.timeout(BLOCK_MS);
      workspace = new Workspace();
      if (markdown.includes(CHAIN)) await workspace.startChain();
    });
    after(() => workspace.close());

    const isDone = ({ language, file }: Block) => file !== undefined || !["text", "solidity"].includes(language);
    for (const block of parseBlocks(markdown).filter(isDone)) {
      it(`${block.language} of line ${block.line}`, () => execute(block, workspace)).timeout(BLOCK_MS);
    }

    const stated = [...markdown.matchAll(/^\| `([\w.]+\.gas)` \| ([\d,]+) \|/gm)];
    if (stated.length > 0) {
      it("states the gas that is committed", () => {
        const committed = JSON.parse(readFileSync("snapshots/contracts.json", "utf8")) as Record<string, number>;
        const figures = stated.map(([, name = "", gas = ""]) => [name, Number(gas.replaceAll(",", ""))]);
        expect(figures).to.deep.equal(Object.entries(committed).filter(([name]) => name.endsWith(".gas")));
      });
    }

    it("links to files and names npm scripts that exist", () => {
      const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
      const prose = markdown.replaceAll(/^```[\s\S]*?^```$/gm, "");
      const links = [...prose.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, path = ""]) => path);
      const commands = [...markdown.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = ""]) => name);
      expect(links.filter((path) => !existsSync(join(dirname(file), path)))).to.deep.equal([]);
      expect(commands.filter((name) => scripts[name] === undefined)).to.deep.equal([]);
    });
  });
}

async function execute({ language, code, background, ...block }: Block, workspace: Workspace): Promise<void> {
  const file = block.file ?? `line-${block.line}.${language}`;
  workspace.write(file, code);
  if (language === "sh") await (background === undefined ? workspace.shell(code) : workspace.start(code, background));
  if (language === "ts") await workspace.run("node", [file]);
  if (language === "json") JSON.parse(code);
  if (language === "yaml") parseYaml(code);
}

// Names without a folder, so that `./contracts/...` means the same as in the root of the clone.
const solidity = docs.flatMap(({ file, markdown }) =>
  parseBlocks(markdown)
    .filter(({ language }) => language === "solidity")
    .map(({ line, code }) => [`${file.replaceAll("/", "-")}-${line}.sol`, { content: code }] as const),
);

if (solidity.length > 0) {
  it("the Solidity of the docs compiles", () => {
    const settings = { outputSelection: { "*": { "*": ["abi"] } } };
    const input = { language: "Solidity", sources: Object.fromEntries(solidity), settings };
    const args = ["--standard-json", "--base-path", ".", "--include-path", "node_modules"];
    const { stdout } = spawnSync("solcjs", args, { input: JSON.stringify(input), encoding: "utf8" });
    // solcjs prints a line of its own before the JSON.
    const { errors = [] } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as {
      errors?: { severity: string; formattedMessage: string }[];
    };
    const messages = errors.filter(({ severity }) => severity === "error").map((error) => error.formattedMessage);
    expect(messages.join("\n")).to.equal("");
  }).timeout(BLOCK_MS);
}
