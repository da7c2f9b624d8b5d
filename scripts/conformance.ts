/**
 * `npm run conformance -- DIR... [--json FILE]`: compiles every model below the folders, runs it canonically on the inputs
 * stored beside it, and compares the outputs with the stored ones. Exit code 1 if a case fails.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runProgram } from "../oracle/vm/engine/executor.ts";
import { modelFolders, readCases } from "./conformance/cases.ts";
import { check, failure, type Outcome } from "./conformance/check.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } });

const results: (Outcome & { name: string })[] = [];
for (const folder of modelFolders(positionals)) {
  for (const result of checkFolder(folder)) {
    results.push(result);
    if (result.status !== "passed") console.log(`${result.status} ${result.name}: ${result.reason}`);
  }
}

const count = (status: Outcome["status"]) => results.filter((result) => result.status === status).length;
console.log(
  `${results.filter(({ isConstant }) => isConstant).length} cases had no kernel left that depends on an input`,
);
console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("unsupported")} unsupported`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 1)}\n`);
process.exitCode = count("failed") > 0 ? 1 : 0;

/** A file that cannot be read is a failed case, not the end of the run. */
function checkFolder(folder: string): (Outcome & { name: string })[] {
  try {
    return readCases(folder).map((testCase) => ({ name: testCase.name, ...check(testCase, runProgram) }));
  } catch (error) {
    return [{ name: folder, ...failure(error) }];
  }
}
