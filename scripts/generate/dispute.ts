// npm run generate:dispute: prints the moves of a dispute into docs/protocol.md, from the rules that the solver and the
// tests' game follow.
import { readFileSync, writeFileSync } from "node:fs";
import { RULES, type Rule, TURN } from "../../oracle/dispute/rules.ts";
import { PHASES } from "../../oracle/dispute/session.ts";

const FILE = "docs/protocol.md";
const BEGIN = "<!-- printed from oracle/dispute/rules.ts by npm run generate -->\n";
const END = "<!-- end -->\n";

const row = (...cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly string[]) =>
  [row(...head), row(...head.map(() => "---")), ...rows].join("\n");

const phases = PHASES.filter((phase) => phase !== "None").map((phase) => {
  const turn = TURN[phase];
  const ids = RULES.filter(({ from, isTurn }) => isTurn && from.includes(phase)).map(({ id }) => `\`${id}\``);
  return row(phase, turn ?? "nobody", ids.join(", "));
});

const OPEN = PHASES.filter((phase) => phase !== "None" && phase !== "Joined");
const fromOf = ({ from }: Rule) => (OPEN.every((phase) => from.includes(phase)) ? "any but Joined" : from.join(", "));

const rules = RULES.map((rule) => {
  const { id, by, when, to, effect } = rule;
  return row(`\`${id}\``, fromOf(rule), by, when, to ?? "over", effect);
});

const printed = `
${table(["phase", "turn", "the turn's moves"], phases)}

${table(["move", "from", "by", "when", "to", "effect"], rules)}

`;

const document = readFileSync(FILE, "utf8");
const [before, rest] = document.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error(`${FILE} has no place for the table`);
writeFileSync(FILE, `${before}${BEGIN}${printed}${END}${after}`);
