// npm run generate:operators: docs/operators.md, every operator that the lowering knows.
import { writeFileSync } from "node:fs";
import type { Operator } from "../../oracle/model/lower/operator.ts";
import { FLOATS, INTEGERS, NUMBERS } from "../../oracle/model/lower/operator.ts";
import { FAMILIES, NEWEST_OPSETS } from "../../oracle/model/lower/operators.ts";
import { DTYPES } from "../../oracle/model/tensor.ts";

const GROUPS = { floats: FLOATS, integers: INTEGERS, numbers: NUMBERS };

function dtypesOf({ dtypes }: Operator): string {
  if (dtypes === undefined || dtypes.length === Object.keys(DTYPES).length) return "all";
  const group = Object.entries(GROUPS).find(([, members]) => members.join() === dtypes.join());
  return group?.[0] ?? dtypes.map((dtype) => `\`${dtype}\``).join(" ");
}

/** A line for all entries of one name, the newest of which speaks for them. */
function row(entries: readonly Operator[]): string {
  const [newest, ...older] = entries.toSorted((a, b) => b.since - a.since);
  if (newest === undefined) throw new RangeError("no entries");
  const { domain = "", name, since, remark = "" } = newest;
  const first = older.at(-1)?.since ?? since;
  const label = domain === "" ? name : `${domain}.${name}`;
  return `| ${label} | ${first}-${NEWEST_OPSETS[domain]} | ${dtypesOf(newest)} | ${remark} |`;
}

function table(operators: readonly Operator[]): string {
  const names = Map.groupBy(operators, ({ domain = "", name }) => `${domain} ${name}`);
  const rows = [...names].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entries]) => row(entries));
  return ["| operator | opsets | first input | remarks |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

const families = Object.entries(FAMILIES).map(
  ([family, operators]) => `## [${family}](../oracle/model/lower/${family}.ts)\n\n${table(operators)}\n`,
);
const count = new Set(
  Object.values(FAMILIES)
    .flat()
    .map(({ domain = "", name }) => `${domain} ${name}`),
).size;

writeFileSync(
  "docs/operators.md",
  `# Operators

The ${count} operators of ONNX that Assay compiles, by family. Made by \`npm run generate:operators\` from the lowering itself.

- **First input**: the dtypes it may have; others are refused. *floats* are ${FLOATS.join(" and ")}, *integers* ${INTEGERS.join(", ")}, *numbers* both; *all* adds bool.
- **Known** values are constants, computed from constants or dimensions, or bound when compiling: they decide shapes.
- Dimensions are fixed when compiling; a tensor has at least one element where it is an output.
- Integers wrap, 64-bit ones at 64 bits. Floats are computed in binary64 and rounded once when stored.
- [How to add one](adding-an-operator.md).

${families.join("\n")}`,
);
