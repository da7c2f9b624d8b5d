// One ONNX node as a model, compiled and run canonically: what tests of operators' lowerings are written with.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect } from "chai";
import { compile } from "../oracle/model/compile.ts";
import type { RunKernels } from "../oracle/model/lower/kernels.ts";
import {
  type AttributeProtoSchema,
  type GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  type TensorProtoSchema,
} from "../oracle/model/onnx/onnx_pb.ts";
import type { Program } from "../oracle/model/program.ts";
import { type Dtype, type Element, elementCount, pack, type TensorArray, unpack } from "../oracle/model/tensor.ts";
import { runProgram } from "../oracle/vm/engine/executor.ts";
import { toHex } from "../oracle/vm/keccak.ts";
import { evaluateProgram } from "../oracle/vm/reference.ts";
import { outputsOf } from "../scripts/conformance/check.ts";
import { ELEMENT_TYPES, onnxValue } from "./onnxModels.ts";

export interface TestTensor {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly values: readonly Element[];
}

/** A bigint is an INT, a number a FLOAT; lists likewise. */
export type TestAttribute =
  | bigint
  | number
  | string
  | readonly bigint[]
  | readonly number[]
  | readonly string[]
  | TestTensor
  | { readonly graph: MessageInitShape<typeof GraphProtoSchema> };

export interface TestNode {
  readonly operator: string;
  readonly domain?: string;
  readonly opset?: number;
  /** Undefined: not given. */
  readonly inputs: readonly (TestTensor | undefined)[];
  readonly attributes?: Readonly<Record<string, TestAttribute>>;
  /** How many outputs the node has, 1 by default. */
  readonly outputs?: number;
  /** Positions of the inputs that are known when compiling. */
  readonly bound?: readonly number[];
}

export interface TestOutput {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly values: readonly (number | bigint)[];
}

export const f32 = (dims: readonly number[], values: readonly number[]): TestTensor => ({ dtype: "f32", dims, values });
export const i64 = (dims: readonly number[], values: readonly (number | bigint)[]): TestTensor => ({
  dtype: "i64",
  dims,
  values,
});

const nameOf = (i: number) => `x${i}`;

/** The file of a model that is this node. */
export function nodeFile({
  operator,
  domain = "",
  opset = 21,
  inputs,
  attributes = {},
  outputs = 1,
}: TestNode): Uint8Array {
  const outputNames = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const graph: MessageInitShape<typeof GraphProtoSchema> = {
    name: "test",
    node: [
      {
        name: "node",
        opType: operator,
        domain,
        input: inputs.map((input, i) => (input === undefined ? "" : nameOf(i))),
        output: outputNames,
        attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attributeProto(value) })),
      },
    ],
    input: inputs.flatMap((input, i) =>
      input === undefined ? [] : [onnxValue(nameOf(i), ELEMENT_TYPES[input.dtype], input.dims)],
    ),
    output: outputNames.map((name) => ({ name })),
  };
  const opsetImport = [{ domain, version: BigInt(opset) }];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 10n, opsetImport, graph }));
}

export function compileNode(node: TestNode): Program {
  const bound = (node.bound ?? []).flatMap((i) => {
    const input = node.inputs[i];
    return input === undefined ? [] : [[nameOf(i), packed(input)] as const];
  });
  return compile(nodeFile(node), { bind: Object.fromEntries(bound), run: runBoth });
}

/** The trace that the engine and the reference evaluator agree on. */
export const runBoth: RunKernels = (...program) => {
  const trace = runProgram(...program);
  expect(toHex(trace), "the engine against the reference evaluator").to.equal(toHex(evaluateProgram(...program)));
  return trace;
};

/** Compiles and runs a node. */
export function runNode(node: TestNode): TestOutput[] {
  const program = compileNode(node);
  const inputs = new Map(
    node.inputs.flatMap((input, i) => (input === undefined ? [] : [[nameOf(i), packed(input)] as const])),
  );
  return [...outputsOf(program, inputs, runBoth).values()].map(({ dtype, dims, bytes }) => ({
    dtype,
    dims,
    values: Array.from<number | bigint>(unpack(dtype, bytes) satisfies TensorArray),
  }));
}

function packed({ dtype, dims, values }: TestTensor) {
  if (values.length !== elementCount(dims)) throw new RangeError(`${values.length} elements for [${dims.join(", ")}]`);
  return { dtype, dims, bytes: pack(dtype, values) };
}

function attributeProto(value: TestAttribute): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === "bigint") return { type: Kind.INT, i: value };
  if (typeof value === "number") return { type: Kind.FLOAT, f: value };
  if (typeof value === "string") return { type: Kind.STRING, s: new TextEncoder().encode(value) };
  if ("graph" in value) return { type: Kind.GRAPH, g: value.graph };
  if ("dtype" in value) return { type: Kind.TENSOR, t: tensorProto(value) };
  if (value.every((item) => typeof item === "bigint")) return { type: Kind.INTS, ints: [...value] };
  if (value.every((item) => typeof item === "number")) return { type: Kind.FLOATS, floats: [...value] };
  return { type: Kind.STRINGS, strings: value.map((item) => new TextEncoder().encode(String(item))) };
}

function tensorProto(tensor: TestTensor): MessageInitShape<typeof TensorProtoSchema> {
  const { dtype, dims, bytes } = packed(tensor);
  return { dims: dims.map(BigInt), dataType: ELEMENT_TYPES[dtype], rawData: bytes };
}
