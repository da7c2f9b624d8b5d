// npm run bench -- NAME [--json FILE]: runs scripts/bench/NAME.ts, which prints its table and returns its figures.
import { globSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } });
const names = globSync("scripts/bench/*.ts").map((file) => basename(file, ".ts"));
const [name = ""] = positionals;

if (positionals.length === 1 && names.includes(name)) {
  const { bench } = (await import(`./bench/${name}.ts`)) as { bench: () => Promise<Record<string, number>> };
  const figures = await bench();
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
} else {
  console.error(`usage: npm run bench -- NAME [--json FILE], where NAME is one of: ${names.join(", ")}`);
  process.exitCode = 1;
}
