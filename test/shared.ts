// Tests on data that does not belong to this repository and lies beside it in ../shared (real models, operator vectors).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { noteAtEnd } from "./noteAtEnd.ts";

const folder = fileURLToPath(new URL("../../shared/", import.meta.url));
const isPresent = existsSync(`${folder}models`);
let groupsNotRun = 0;

/**
 * `describe` for a group that needs the shared data. Where that is absent the group is not declared at all, and one
 * line at the end of the run says how many were not: a skipped test would look like a tested one.
 * @param body receives the shared folder, with a trailing slash
 */
export function describeShared(name: string, body: (folder: string) => void): void {
  if (isPresent) {
    describe(name, () => body(folder));
    return;
  }
  if (groupsNotRun === 0) noteAtEnd(() => `shared data absent: ${groupsNotRun} groups not run`);
  groupsNotRun++;
}
