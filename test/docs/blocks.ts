// The fenced code blocks of a Markdown file, as the docs test runs them.

/** `text` is only shown; what happens to the others stands in docs.test.ts. */
const LANGUAGES = ["sh", "ts", "solidity", "json", "yaml", "text"] as const;

export interface Block {
  language: (typeof LANGUAGES)[number];
  /** Line of the opening fence, from 1. */
  line: number;
  code: string;
  /** `<!-- doc: file NAME -->` right above the block: the blocks after it find it under this name. */
  file?: string;
  /** `<!-- doc: background TEXT -->` right above a sh block: once it has printed TEXT it runs on until the file ends. */
  background?: string;
}

/** Anywhere in a file: a local chain runs for it, and takes the place of 127.0.0.1:8545 in its blocks. */
export const CHAIN = "<!-- doc: chain -->";

const BLOCK = /(?:^<!-- doc: (file|background) (.+) -->\n)?^```(.*)\n([\s\S]*?)^```$/gm;

/**
 * Not executed: the command that runs this very test, the demo (test/e2e/demo.test.ts runs that), and what puts the
 * reader into an installed clone.
 */
const EXCEPTED = /^(npm test|npm run demo|npm ci|npm install|git clone .*|cd assay)\n/gm;

/** @throws Error on a fence that is indented, unended or of an unknown language, and on a directive without a block */
export function parseBlocks(markdown: string): Block[] {
  const [stray] = /^.*(```|<!-- doc:).*$/m.exec(markdown.replaceAll(BLOCK, "").replaceAll(CHAIN, "")) ?? [];
  if (stray !== undefined) throw new Error(`neither a block nor a directive right above one: ${stray}`);

  return [...markdown.matchAll(BLOCK)].map(({ index, 1: directive, 2: value, 3: fence, 4: code = "" }) => {
    const line = markdown.slice(0, index).split("\n").length + (directive === undefined ? 0 : 1);
    const language = LANGUAGES.find((name) => name === fence);
    if (language === undefined) throw new Error(`line ${line}: "${fence}" is none of ${LANGUAGES.join(", ")}`);
    return {
      language,
      line,
      code: language === "sh" ? code.replaceAll(EXCEPTED, "") : code,
      ...(directive !== undefined && { [directive]: value }),
    };
  });
}
