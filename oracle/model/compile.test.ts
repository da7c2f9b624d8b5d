import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect } from "chai";
import { ELEMENT_TYPES, onnxFile, onnxValue } from "../../test/onnxModels.ts";
import { f32, i64, nodeFile, type TestNode } from "../../test/operators.ts";
import { runProgram } from "../vm/engine/executor.ts";
import { compile } from "./compile.ts";
import {
  AttributeProto_AttributeType,
  type AttributeProtoSchema,
  type GraphProtoSchema,
  type NodeProtoSchema,
} from "./onnx/onnx_pb.ts";
import { pack } from "./tensor.ts";

const SIZE = BigInt(2 ** 30);
type NodeInit = MessageInitShape<typeof NodeProtoSchema>;

/** A model of nodes that take and give `x`, `y` and constants of 64-bit integers. */
function model(nodes: readonly NodeInit[], constants: Readonly<Record<string, readonly (number | bigint)[]>> = {}) {
  return onnxFile({
    name: "hostile",
    node: [...nodes],
    input: [onnxValue("x", ELEMENT_TYPES.f32, [2])],
    output: [{ name: "y" }],
    initializer: Object.entries(constants).map(([name, values]) => ({
      name,
      dataType: ELEMENT_TYPES.i64,
      dims: [BigInt(values.length)],
      rawData: pack("i64", values),
    })),
  });
}

const node = (opType: string, input: string[], output: string): NodeInit => ({ opType, input, output: [output] });

const withAttribute = (
  opType: string,
  input: string[],
  attribute: MessageInitShape<typeof AttributeProtoSchema>,
): NodeInit => ({ opType, input, output: ["y"], attribute: [attribute] });

/** A length-delimited protobuf field. */
function field(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = [(content.length & 0x7f) | 0x80, ((content.length >> 7) & 0x7f) | 0x80, content.length >> 14];
  return Uint8Array.from([(number << 3) | 2, ...length, ...content]);
}

const refusal = (onnx: Uint8Array) => expect(() => compile(onnx, { run: runProgram }));

/** The refusal of one node whose inputs from the second one on are known. */
const refusalOf = (test: TestNode) => {
  const initializers = test.inputs.slice(1).map((_, i) => i + 1);
  const bind = Object.fromEntries(
    initializers.flatMap((i) => {
      const input = test.inputs[i];
      return input === undefined ? [] : [[`x${i}`, { ...input, bytes: pack(input.dtype, input.values) }] as const];
    }),
  );
  return expect(() => compile(nodeFile(test), { bind, run: runProgram }));
};

describe("compiling hostile models", () => {
  it("refuses a cycle", () => {
    refusal(model([node("Neg", ["b"], "a"), node("Neg", ["a"], "b"), node("Add", ["a", "x"], "y")])).to.throw(
      "node a (Neg, opset 21): nothing before it gives its input b",
    );
  });

  it("refuses an output that nothing gives", () => {
    refusal(model([node("Neg", ["x"], "z")])).to.throw("nothing gives the output y");
  });

  it("refuses dimensions that overflow", () => {
    const expand = { operator: "Expand", inputs: [f32([1], [0]), i64([3], [SIZE, SIZE, SIZE])] };
    refusalOf(expand).to.throw("a tensor of 3 dimensions and");
    const negative = { operator: "Reshape", inputs: [f32([1], [0]), i64([1], [-5])] };
    refusalOf(negative).to.throw("[1] to shape [-5]");
  });

  it("refuses a billion outputs, dimensions and inputs", () => {
    const attributes = { num_outputs: SIZE };
    refusalOf({ operator: "Split", inputs: [f32([2], [0, 0])], attributes }).to.throw("num_outputs 1073741824");
    const axes = i64([100_000], Array<number>(100_000).fill(0));
    refusalOf({ operator: "Unsqueeze", inputs: [f32([2], [0, 0]), axes] }).to.throw("rank 100001");
    refusal(model([node("Sum", Array<string>(100_000).fill("x"), "y")])).to.throw("100000 inputs");
  });

  it("refuses constants that grow beyond the file", () => {
    const zeros = node("ConstantOfShape", ["size"], "zeros");
    const axis = { name: "axis", type: AttributeProto_AttributeType.INT, i: 0n };
    refusal(model([zeros, withAttribute("Concat", ["zeros", "zeros"], axis)], { size: [SIZE] })).to.throw(
      "is too large",
    );
    const grown = [zeros, node("Reshape", ["zeros", "shape"], "r"), node("Add", ["r", "x"], "y")];
    refusal(model(grown, { size: [SIZE / 2n, 2], shape: [2, SIZE / 2n] })).to.throw("do not broadcast");
  });

  it("does not run what a file makes it fold without end, but leaves it in the program", () => {
    const size = 2 ** 26;
    const nodes = [
      node("ConstantOfShape", ["size"], "zeros"),
      node("Exp", ["zeros"], "e"),
      node("ReduceSum", ["e"], "s"),
    ];
    const program = compile(model([...nodes, node("Add", ["s", "x"], "y")], { size: [size, 4] }), { run: runProgram });
    expect(program.kernels.length).to.be.above(1);
  });

  it("refuses graphs nested without end", () => {
    let inner: NodeInit = { opType: "Neg", input: ["x"], output: ["y"] };
    for (let depth = 0; depth < 20; depth++) {
      const g: MessageInitShape<typeof GraphProtoSchema> = { node: [inner], output: [{ name: "y" }] };
      inner = withAttribute("If", ["x"], { name: "then_branch", type: AttributeProto_AttributeType.GRAPH, g });
    }
    refusal(model([inner])).to.throw("graphs are nested more than 16 deep");
  });

  it("refuses messages nested deeper than the stack", () => {
    // A graph (field 7 of the model) of a node (1) with an attribute (5) that is a graph (6) of a node, and so on.
    let bytes = new Uint8Array(0);
    for (let depth = 0; depth < 1000; depth++) bytes = field([1, 5, 6][depth % 3] ?? 0, bytes);
    refusal(field(7, bytes)).to.throw("not an ONNX model");
  });

  it("refuses an attribute that it does not know", () => {
    const unknown = { operator: "Relu", inputs: [f32([1], [0])], attributes: { magic: 1n } };
    refusalOf(unknown).to.throw("attribute magic");
  });
});
