// The ONNX project's operator tests, each run by the engine and by the reference evaluator: the same bytes, and the stored answer.
import { expect } from "chai";
import { modelFolders, readCases } from "../scripts/conformance/cases.ts";
import { check } from "../scripts/conformance/check.ts";
import { runBoth } from "./operators.ts";
import { describeShared } from "./shared.ts";

/** What has to pass, and never less. */
const PASSED = 565;

describeShared("operator tests of the ONNX project", (shared) => {
  it("give the same trace by engine and reference evaluator, and the stored outputs", function () {
    this.timeout(300_000);
    const statuses = modelFolders([`${shared}onnx-node-tests`])
      .flatMap(readCases)
      .map((testCase) => {
        const { status, reason } = check(testCase, runBoth);
        expect(status, `${testCase.name}: ${reason}`).not.to.equal("failed");
        return status;
      });
    expect(statuses.filter((status) => status === "passed").length).to.be.at.least(PASSED);
  });
});
