// Small ONNX models for tests: any dtype, any operator, and some that take too long or too much memory.
import { createHash } from "node:crypto";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  type GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType,
  type ValueInfoProtoSchema,
} from "../oracle/model/onnx/onnx_pb.ts";
import { type Dtype, pack } from "../oracle/model/tensor.ts";
import { GraphBuilder } from "../scripts/models/graphBuilder.ts";

export const ELEMENT_TYPES: Readonly<Record<Dtype, number>> = {
  f32: TensorProto_DataType.FLOAT,
  f64: TensorProto_DataType.DOUBLE,
  i8: TensorProto_DataType.INT8,
  u8: TensorProto_DataType.UINT8,
  i16: TensorProto_DataType.INT16,
  u16: TensorProto_DataType.UINT16,
  i32: TensorProto_DataType.INT32,
  u32: TensorProto_DataType.UINT32,
  i64: TensorProto_DataType.INT64,
  bool: TensorProto_DataType.BOOL,
};

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** The bytes of a file with this graph, operator set 21. */
export function onnxFile(graph: MessageInitShape<typeof GraphProtoSchema>): Uint8Array {
  const opsetImport = [{ domain: "", version: 21n }];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 10n, opsetImport, graph }));
}

/** A graph's input or output of an ONNX element type; a dimension with a name is open. */
export function onnxValue(
  name: string,
  elemType: number,
  dims: readonly (number | string)[],
): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = dims.map((size) => {
    if (typeof size === "string") return { value: { case: "dimParam" as const, value: size } };
    return { value: { case: "dimValue" as const, value: BigInt(size) } };
  });
  return { name, type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } } };
}

/** y = x, whatever dimensions y is declared with. */
export function identityModel(dtype: Dtype, dims: readonly number[], declared: readonly (number | string)[] = dims) {
  return onnxFile({
    name: "identity",
    node: [{ opType: "Identity", input: ["x"], output: ["y"] }],
    input: [onnxValue("x", ELEMENT_TYPES[dtype], dims)],
    output: [onnxValue("y", ELEMENT_TYPES[dtype], declared)],
  });
}

/** y = x as int4, which ONNX Runtime cannot return without ending the process; z = x. */
export function int4Model(): Uint8Array {
  const to = { name: "to", type: AttributeProto_AttributeType.INT, i: BigInt(TensorProto_DataType.INT4) };
  return onnxFile({
    name: "int4",
    node: [
      { opType: "Cast", input: ["x"], output: ["y"], attribute: [to] },
      { opType: "Identity", input: ["x"], output: ["z"] },
    ],
    input: [onnxValue("x", TensorProto_DataType.FLOAT, [2])],
    output: [onnxValue("y", TensorProto_DataType.INT4, [2]), onnxValue("z", TensorProto_DataType.FLOAT, [2])],
  });
}

/** x [1] -> y [1] through `products` products of two matrices of `size` x `size`: 2 size^3 operations each. */
export function heavyModel(size: number, products: number): Uint8Array {
  const graph = new GraphBuilder();
  graph.input("x", "f32", [1], "the value of every element");
  graph.node("Expand", ["x", graph.i64("shape", [2], [BigInt(size), BigInt(size)])], "m0");
  for (let i = 1; i <= products; i++) graph.node("MatMul", [`m${i - 1}`, "m0"], `m${i}`);
  const sum = graph.node("ReduceSum", [`m${products}`], "sum");
  graph.node("Reshape", [sum, graph.i64("one", [1], [1n])], "y");
  graph.output("y", "f32", [1], "the sum of all elements");
  return graph.build({ name: "heavy", docString: "", metadata: {} });
}

/** The packed input of a model with one f32 element. */
export const oneFloat = pack("f32", [1]);

/** y = x w, x of `rows` x `depth`, w of `depth` x `columns` and all ones. */
export function matmulModel(rows: number, depth: number, columns: number): Uint8Array {
  const graph = new GraphBuilder();
  graph.input("x", "f32", [rows, depth], "the rows");
  const w = graph.f32("w", [depth, columns], Array(depth * columns).fill(1));
  graph.node("MatMul", ["x", w], "y");
  graph.output("y", "f32", [rows, columns], "their sums");
  return graph.build({ name: "matmul", docString: "", metadata: {} });
}

/** y = x in the dimensions that the input `shape`, of `rank` elements, says. */
export function reshapeModel(dims: readonly number[], rank: number): Uint8Array {
  const open = Array.from({ length: rank }, (_, axis) => `n${axis}`);
  return onnxFile({
    name: "reshape",
    node: [{ opType: "Reshape", name: "reshape", input: ["x", "shape"], output: ["y"] }],
    input: [onnxValue("x", TensorProto_DataType.FLOAT, dims), onnxValue("shape", TensorProto_DataType.INT64, [rank])],
    output: [onnxValue("y", TensorProto_DataType.FLOAT, open)],
  });
}
