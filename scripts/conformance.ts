/**
 * `npm run conformance -- DIR... [--json FILE]`: compiles every model below the folders, runs it canonically on the inputs
 * stored beside it, and compares the outputs with the stored ones. Exit code 1 if a case fails.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Result } from "./conformance/check.ts";
import { conform, countOf } from "./conformance/conform.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } });

const results: Result[] = [];
for await (const result of conform(positionals)) {
  results.push(result);
  const remark = result.reason ?? result.note;
  if (remark !== undefined) console.log(`${result.status} ${result.name}: ${remark}`);
}

const { passed, failed, unsupported } = countOf(results);
console.log(
  `${results.filter(({ isConstant }) => isConstant).length} cases had no kernel left that depends on an input`,
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 1)}\n`);
console.log(`${passed} passed, ${failed} failed, ${unsupported} unsupported`);
process.exitCode = failed > 0 ? 1 : 0;
