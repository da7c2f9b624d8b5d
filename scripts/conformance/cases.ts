/** The cases of a folder: a model with inputs and the outputs that another implementation gave for them. */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { decodeTensor } from "../../oracle/model/onnx/constants.ts";
import { UnsupportedError } from "../../oracle/model/onnx/errors.ts";
import type { ConstantTensor } from "../../oracle/model/onnx/graph.ts";
import { TensorProtoSchema } from "../../oracle/model/onnx/onnx_pb.ts";
import { decodeModel, inputsOf } from "../../oracle/model/onnx/signature.ts";
import type { Dtype } from "../../oracle/model/tensor.ts";
import type { Tolerance } from "./compare.ts";

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, ConstantTensor>;

export interface Case {
  /** Folder and data set. */
  readonly name: string;
  readonly folder: string;
  readonly tolerance: Tolerance;
  readonly inputs: Tensors;
  readonly outputs: Tensors;
}

/** Whole models accumulate the differences of many operators. */
const OPERATOR_TOLERANCE = { rtol: 1e-3, atol: 1e-7 };
const MODEL_TOLERANCE = { rtol: 1e-3, atol: 1e-4 };

/** The folders below these that hold a model, in order. */
export function modelFolders(roots: readonly string[]): string[] {
  return roots.flatMap((root) =>
    globSync("**/model.onnx", { cwd: root })
      .map((file) => join(root, dirname(file)))
      .sort(),
  );
}

/** @throws whatever is wrong with the files */
export function readCases(folder: string): Case[] {
  const reference = join(folder, "ref", "ref.json");
  const cases = [...readDataSets(folder), ...(existsSync(reference) ? readReference(folder, reference) : [])];
  if (cases.length === 0) throw new Error("neither test_data_set_*/ nor ref/ref.json");
  return cases;
}

function readDataSets(folder: string): Case[] {
  const sets = readdirSync(folder).filter((name) => name.startsWith("test_data_set_"));
  if (sets.length === 0) return [];
  const { graph } = decodeModel(readFileSync(join(folder, "model.onnx")));
  const inputNames = inputsOf(graph).map(({ name }) => name);
  const outputNames = graph.output.map(({ name }) => name);
  return sets.sort().map((set) => ({
    name: `${basename(folder)}/${set}`,
    folder,
    tolerance: OPERATOR_TOLERANCE,
    inputs: readProtos(join(folder, set), "input", inputNames),
    outputs: readProtos(join(folder, set), "output", outputNames),
  }));
}

function readProtos(folder: string, prefix: string, names: readonly string[]): Tensors {
  const present = names.flatMap((name, i) => {
    const file = join(folder, `${prefix}_${i}.pb`);
    return existsSync(file) ? [{ name, file }] : [];
  });
  return new Map(
    present.map(({ name, file }) => [name, decodeTensor(fromBinary(TensorProtoSchema, readFileSync(file)), undefined)]),
  );
}

const REFERENCE_TYPES: Readonly<Record<string, Dtype>> = {
  float32: "f32",
  float64: "f64",
  int8: "i8",
  uint8: "u8",
  int16: "i16",
  uint16: "u16",
  int32: "i32",
  uint32: "u32",
  int64: "i64",
  bool: "bool",
};

interface ReferenceTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly file: string;
}

interface Reference {
  readonly sets: readonly {
    readonly inputs: Readonly<Record<string, ReferenceTensor>>;
    readonly outputs: Readonly<Record<string, ReferenceTensor>>;
  }[];
}

function readReference(folder: string, file: string): Case[] {
  const { sets } = JSON.parse(readFileSync(file, "utf8")) as Reference;
  const tensors = (records: Readonly<Record<string, ReferenceTensor>>): Tensors =>
    new Map(Object.entries(records).map(([name, tensor]) => [name, readReferenceTensor(dirname(file), tensor)]));
  return sets.map(({ inputs, outputs }, i) => ({
    name: `${basename(dirname(folder))}/${basename(folder)}/s${i}`,
    folder,
    tolerance: MODEL_TOLERANCE,
    inputs: tensors(inputs),
    outputs: tensors(outputs),
  }));
}

function readReferenceTensor(folder: string, { type, dims, file }: ReferenceTensor): ConstantTensor {
  const dtype = REFERENCE_TYPES[type];
  if (dtype === undefined) throw new UnsupportedError(`reference tensor of type ${type}`);
  return { dtype, dims, bytes: new Uint8Array(readFileSync(join(folder, file))) };
}
