// npm run check:conformance: no case of ../shared fails, and as many pass as the issue asks for at least.
import { existsSync } from "node:fs";
import type { Result } from "../conformance/check.ts";
import { conform, countOf } from "../conformance/conform.ts";

/** Cases; every model has two. */
const SUITES = [
  { folder: "../shared/onnx-node-tests", least: 565 },
  { folder: "../shared/models", least: 184 },
];

for (const { folder, least } of SUITES) {
  if (!existsSync(folder)) {
    console.log(`shared data absent: ${folder} not checked`);
    continue;
  }
  const results: Result[] = [];
  for await (const result of conform([folder])) results.push(result);
  for (const { name, reason } of results.filter(({ status }) => status === "failed")) console.log(`${name}: ${reason}`);
  const { passed, failed, unsupported } = countOf(results);
  console.log(`${folder}: ${passed} passed, of at least ${least}; ${failed} failed, ${unsupported} unsupported`);
  if (failed > 0 || passed < least) process.exitCode = 1;
}
