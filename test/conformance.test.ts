// The command on folders that no implementation could pass: what it says, and that it ends.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect } from "chai";
import { TensorProtoSchema } from "../oracle/model/onnx/onnx_pb.ts";
import { pack } from "../oracle/model/tensor.ts";
import { ELEMENT_TYPES } from "./onnxModels.ts";
import { f32, nodeFile } from "./operators.ts";

describe("npm run conformance", () => {
  let root: string;

  before(() => {
    root = mkdtempSync(join(tmpdir(), "conformance-"));
  });

  after(() => rmSync(root, { recursive: true }));

  function addCase(name: string, onnx: Uint8Array, output?: readonly number[]): void {
    const data = join(root, name, output === undefined ? "nothing" : "test_data_set_0");
    mkdirSync(data, { recursive: true });
    writeFileSync(join(root, name, "model.onnx"), onnx);
    if (output === undefined) return;
    const tensor = (values: readonly number[]) =>
      toBinary(
        TensorProtoSchema,
        create(TensorProtoSchema, { dims: [2n], dataType: ELEMENT_TYPES.f32, rawData: pack("f32", values) }),
      );
    writeFileSync(join(data, "input_0.pb"), tensor([1, -2]));
    writeFileSync(join(data, "output_0.pb"), tensor(output));
  }

  it("says what passed, failed and is not supported, and why, whatever the files", function () {
    this.timeout(60_000);
    const node = (operator: string) => nodeFile({ operator, inputs: [f32([2], [0, 0])] });
    addCase("a_right", node("Neg"), [-1, 2]);
    addCase("b_wrong", node("Neg"), [-1, 3]);
    addCase("c_unknown", node("NoSuchOperator"), [0, 0]);
    addCase("d_garbage", new TextEncoder().encode("no model"), [0, 0]);
    addCase("e_without_data", node("Neg"));
    const json = join(root, "results.json");
    const { status, stdout } = spawnSync(process.execPath, ["scripts/conformance.ts", root, "--json", json], {
      encoding: "utf8",
    });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).to.have.lengthOf(6);
    expect(lines[0]).to.equal("failed b_wrong/test_data_set_0: y0[1] is 2, not 3; 1 of 2 differ");
    expect(lines[1]).to.match(/^unsupported c_unknown\/.*: node node \(NoSuchOperator, opset 21\): no such operator/);
    expect(lines[2]).to.match(/^failed .*d_garbage: not an ONNX model/);
    expect(lines[3]).to.match(/^failed .*e_without_data: neither test_data_set_\*\/ nor/);
    expect(lines[4]).to.equal("0 cases had no kernel left that depends on an input");
    expect(lines[5]).to.equal("1 passed, 3 failed, 1 unsupported");
    expect(status).to.equal(1);
    expect(JSON.parse(readFileSync(json, "utf8"))).to.have.lengthOf(5);
  });
});
