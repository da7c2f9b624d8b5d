/** What conform.ts starts: a process that checks the cases of each folder it is sent. */
import { runProgram } from "../../oracle/vm/engine/executor.ts";
import { readCases } from "./cases.ts";
import { check, failure, type Result } from "./check.ts";

process.on("message", (folder: string) => process.send?.(checkFolder(folder)));

/** A file that cannot be read is a failed case, not the end of the run. */
function checkFolder(folder: string): Result[] {
  try {
    return readCases(folder).map((testCase) => ({ name: testCase.name, ...check(testCase, runProgram) }));
  } catch (error) {
    return [{ name: folder, ...failure(error) }];
  }
}
