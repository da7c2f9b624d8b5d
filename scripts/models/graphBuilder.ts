import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../../oracle/model/onnx/onnx_pb.ts";
import type { Layer } from "./mlp.ts";

/** IR 10 is the version that belongs to opset 21 (ONNX 1.16); ONNX Runtime reads both since 1.18. */
const IR_VERSION = 10n;
const OPSET = 21n;

const ELEMENT_TYPES = {
  f32: TensorProto_DataType.FLOAT,
  i64: TensorProto_DataType.INT64,
  i32: TensorProto_DataType.INT32,
  i8: TensorProto_DataType.INT8,
  u8: TensorProto_DataType.UINT8,
} as const;
type ElementType = keyof typeof ELEMENT_TYPES;

export interface ModelDescription {
  readonly name: string;
  readonly docString: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Builds an ONNX model node by node; every method that makes a value returns its name. */
export class GraphBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];

  input(name: string, type: ElementType, dims: readonly number[], docString: string): string {
    this.#inputs.push(valueInfo(name, type, dims, docString));
    return name;
  }

  output(name: string, type: ElementType, dims: readonly number[], docString: string): void {
    this.#outputs.push(valueInfo(name, type, dims, docString));
  }

  f32(name: string, dims: readonly number[], values: ArrayLike<number>): string {
    const rawData = new Uint8Array(4 * values.length);
    const view = new DataView(rawData.buffer);
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i] as number, true);
    return this.#constant(name, "f32", dims, rawData);
  }

  i64(name: string, dims: readonly number[], values: readonly bigint[]): string {
    const rawData = new Uint8Array(8 * values.length);
    const view = new DataView(rawData.buffer);
    values.forEach((value, i) => {
      view.setBigInt64(8 * i, value, true);
    });
    return this.#constant(name, "i64", dims, rawData);
  }

  /** A constant, by its bytes. */
  raw(name: string, type: ElementType, dims: readonly number[], bytes: Uint8Array): string {
    return this.#constant(name, type, dims, bytes);
  }

  /** A node with one output, named `output`; attributes are integers or lists of them, all that these models need. */
  node(
    opType: string,
    input: string[],
    output: string,
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
  ): string {
    this.nodes(opType, input, [output], attributes);
    return output;
  }

  /** A node with several outputs, named `output`. */
  nodes(
    opType: string,
    input: string[],
    output: string[],
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
  ): void {
    const attribute = Object.entries(attributes).map(([name, value]) =>
      typeof value === "number"
        ? create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) })
        : create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) }),
    );
    this.#nodes.push(create(NodeProtoSchema, { name: output[0] ?? "", opType, input, output, attribute }));
  }

  /** A NaN becomes `replacement`: operators differ between runtimes in what they make of one. */
  withoutNaN(input: string, replacement: number, output: string): string {
    const absent = this.node("IsNaN", [input], `${output}_absent`);
    return this.node("Where", [absent, this.f32(`${output}_replacement`, [], [replacement]), input], output);
  }

  clip(input: string, min: number, max: number, output: string): string {
    const bounds = [this.f32(`${output}_min`, [], [min]), this.f32(`${output}_max`, [], [max])];
    return this.node("Clip", [input, ...bounds], output);
  }

  cast(input: string, to: ElementType, output: string): string {
    return this.node("Cast", [input], output, { to: ELEMENT_TYPES[to] });
  }

  /** Dense layers, Relu between them. */
  mlp(layers: readonly Layer[], input: string, output: string): string {
    return layers.reduce((x, { inputs, outputs, weight, bias }, index) => {
      const name = `layer${index + 1}`;
      const last = index === layers.length - 1;
      const w = this.f32(`${name}_weight`, [outputs, inputs], weight);
      const b = this.f32(`${name}_bias`, [outputs], bias);
      const y = this.node("Gemm", [x, w, b], last ? output : `${name}_sum`, { transB: 1 });
      return last ? y : this.node("Relu", [y], `${name}_active`);
    }, input);
  }

  /** The bytes of the .onnx file. */
  build({ name, docString, metadata }: ModelDescription): Uint8Array {
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: OPSET })],
      producerName: "assay",
      modelVersion: 1n,
      docString,
      metadataProps: Object.entries(metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      ),
      graph: create(GraphProtoSchema, {
        name,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      }),
    });
    return toBinary(ModelProtoSchema, model);
  }

  #constant(name: string, type: ElementType, dims: readonly number[], rawData: Uint8Array): string {
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: dims.map(BigInt),
        dataType: ELEMENT_TYPES[type],
        rawData,
      }),
    );
    return name;
  }
}

function valueInfo(name: string, type: ElementType, dims: readonly number[], docString: string): ValueInfoProto {
  const dim = dims.map((size) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(size) } }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: ELEMENT_TYPES[type],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  const typeProto = create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } });
  return create(ValueInfoProtoSchema, { name, type: typeProto, docString });
}
