/** What an ONNX model takes and gives: names, dtypes and dimensions of its inputs and outputs. */
import { fromBinary } from "@bufbuild/protobuf";
import type { Dtype } from "../tensor.ts";
import { MalformedOnnxError, UnknownOutputError, UnsupportedTensorError } from "./errors.ts";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType,
  type TensorShapeProto,
  type ValueInfoProto,
} from "./onnx_pb.ts";
import { typeName } from "./typeName.ts";

/** A size, or the name of one that the model leaves open. */
export type Dim = number | string;

export interface TensorSignature<D extends Dim = Dim> {
  readonly name: string;
  readonly dtype: Dtype;
  /** Outermost first; empty for a scalar. */
  readonly dims: readonly D[];
}

export interface Signature<D extends Dim = Dim> {
  readonly inputs: readonly TensorSignature<D>[];
  readonly outputs: readonly TensorSignature<D>[];
}

/** Kernels have at most 8 axes. */
const MAX_RANK = 8;

const DTYPE_OF: ReadonlyMap<number, Dtype> = new Map([
  [TensorProto_DataType.FLOAT, "f32"],
  [TensorProto_DataType.DOUBLE, "f64"],
  [TensorProto_DataType.INT8, "i8"],
  [TensorProto_DataType.UINT8, "u8"],
  [TensorProto_DataType.INT16, "i16"],
  [TensorProto_DataType.UINT16, "u16"],
  [TensorProto_DataType.INT32, "i32"],
  [TensorProto_DataType.UINT32, "u32"],
  [TensorProto_DataType.INT64, "i64"],
  [TensorProto_DataType.BOOL, "bool"],
]);

/**
 * Reads the signature of a model. Inputs that have an initializer are constants with a default and left out, as ONNX
 * Runtime does. A dimension without a name of its own is called after its place, `input[0]`.
 * @param onnx the bytes of the file; decoding takes memory in proportion, so the caller limits them
 * @param outputs the outputs wanted, in that order: without it all of them. So a model whose ZipMap gives a sequence
 *   of maps can still be asked for its tensors.
 * @throws MalformedOnnxError when the bytes are not a model, or names are missing or repeated
 * @throws UnsupportedTensorError for an input or wanted output that is no tensor of known rank (at most 8) and of one
 *   of Assay's dtypes
 * @throws UnknownOutputError
 */
export function readSignature(onnx: Uint8Array, outputs?: readonly string[]): Signature {
  const { graph } = decodeModel(onnx);
  return { inputs: inputsOf(graph), outputs: select(graph.output, outputs).map(readTensor) };
}

/**
 * The tensors that a graph takes, initializers left out.
 * @throws MalformedOnnxError, UnsupportedTensorError
 */
export function inputsOf(graph: GraphProto): TensorSignature[] {
  const constants = new Set([
    ...graph.initializer.map(({ name }) => name),
    ...graph.sparseInitializer.map(({ values }) => values?.name),
  ]);
  return graph.input.filter(({ name }) => !constants.has(name)).map(readTensor);
}

/** The names of a graph's outputs, or those wanted of them. Throws UnknownOutputError. */
export function outputNames(graph: GraphProto, wanted: readonly string[] | undefined): string[] {
  return select(graph.output, wanted).map(({ name }) => name);
}

/** Decodes a file that has a graph with outputs, whose inputs and outputs have names. Throws MalformedOnnxError. */
export function decodeModel(onnx: Uint8Array): ModelProto & { graph: GraphProto } {
  const model = decode(onnx);
  const { graph, opsetImport } = model;
  if (graph === undefined) throw new MalformedOnnxError("it has no graph");
  if (graph.output.length === 0) throw new MalformedOnnxError("it has no outputs");
  if (opsetImport.length === 0) throw new MalformedOnnxError("it names no operator set");
  checkNames("input", graph.input);
  checkNames("output", graph.output);
  return { ...model, graph };
}

function decode(onnx: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, onnx);
  } catch (cause) {
    throw new MalformedOnnxError("the protobuf does not decode", { cause });
  }
}

function checkNames(kind: "input" | "output", values: readonly ValueInfoProto[]): void {
  const seen = new Set<string>();
  for (const { name } of values) {
    if (name === "") throw new MalformedOnnxError(`an ${kind} has no name`);
    if (seen.has(name)) throw new MalformedOnnxError(`two ${kind}s are named ${name}`);
    seen.add(name);
  }
}

function select(values: readonly ValueInfoProto[], names: readonly string[] | undefined): readonly ValueInfoProto[] {
  if (names === undefined) return values;
  return names.map((wanted) => {
    const value = values.find(({ name }) => name === wanted);
    if (value === undefined) {
      throw new UnknownOutputError(
        wanted,
        values.map(({ name }) => name),
      );
    }
    return value;
  });
}

function readTensor({ name, type }: ValueInfoProto): TensorSignature {
  if (type?.value.case !== "tensorType") throw new UnsupportedTensorError(name, typeName(type));
  const { elemType, shape } = type.value.value;
  const dtype = DTYPE_OF.get(elemType);
  if (dtype === undefined) throw new UnsupportedTensorError(name, typeName(type));
  if (shape === undefined) {
    throw new UnsupportedTensorError(name, `${typeName(type)} of unknown rank`);
  }
  if (shape.dim.length > MAX_RANK) {
    throw new UnsupportedTensorError(name, `${typeName(type)} of rank ${shape.dim.length}`);
  }
  return { name, dtype, dims: readDims(name, shape) };
}

/** Negative sizes are how some exporters write "unknown"; ONNX Runtime takes them so too. */
function readDims(tensor: string, shape: TensorShapeProto): Dim[] {
  return shape.dim.map(({ value }, axis) => {
    if (value.case === "dimValue" && value.value >= 0n) return Number(value.value);
    if (value.case === "dimParam" && value.value !== "") return value.value;
    return `${tensor}[${axis}]`;
  });
}
