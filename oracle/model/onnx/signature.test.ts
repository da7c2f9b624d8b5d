import { globSync, readFileSync } from "node:fs";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect } from "chai";
import fc from "fast-check";
import { runs } from "../../../test/budget.ts";
import { describeShared } from "../../../test/shared.ts";
import { DTYPES } from "../tensor.ts";
import { bindDims } from "./bindDims.ts";
import { MalformedOnnxError, UnknownOutputError, UnsupportedTensorError } from "./errors.ts";
import {
  type GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType,
  type TypeProtoSchema,
  type ValueInfoProtoSchema,
} from "./onnx_pb.ts";
import { readSignature, type TensorSignature } from "./signature.ts";

type Type = MessageInitShape<typeof TypeProtoSchema>;
type Value = MessageInitShape<typeof ValueInfoProtoSchema>;

const { FLOAT, INT64, FLOAT16, STRING, UINT64 } = TensorProto_DataType;

/** Dimensions: a size, a name, or null for one that the file says nothing about. */
function tensor(elemType: number, dims: readonly (number | string | null)[]): Type {
  const dim = dims.map((size) => {
    if (size === null) return {};
    if (typeof size === "string") return { value: { case: "dimParam" as const, value: size } };
    return { value: { case: "dimValue" as const, value: BigInt(size) } };
  });
  return { value: { case: "tensorType", value: { elemType, shape: { dim } } } };
}

function model(graph: MessageInitShape<typeof GraphProtoSchema>): Uint8Array {
  const opsetImport = [{ domain: "", version: 21n }];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 10n, opsetImport, graph }));
}

const scalar: Value = { name: "y", type: tensor(FLOAT, []) };
const withInput = (type: Type): Uint8Array => model({ input: [{ name: "x", type }], output: [scalar] });

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("readSignature", () => {
  it("gives names, dtypes and dimensions in the file's order", () => {
    const onnx = model({
      input: [
        { name: "pixels", type: tensor(FLOAT, ["batch", 3, 8]) },
        { name: "step", type: tensor(INT64, []) },
      ],
      output: [{ name: "label", type: tensor(TensorProto_DataType.BOOL, ["batch"]) }],
    });
    expect(readSignature(onnx)).to.deep.equal({
      inputs: [
        { name: "pixels", dtype: "f32", dims: ["batch", 3, 8] },
        { name: "step", dtype: "i64", dims: [] },
      ],
      outputs: [{ name: "label", dtype: "bool", dims: ["batch"] }],
    });
  });

  it("knows the ONNX element type of every dtype", () => {
    const { DOUBLE, INT8, UINT8, INT16, UINT16, INT32, UINT32, BOOL } = TensorProto_DataType;
    const types = [FLOAT, DOUBLE, INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, BOOL];
    const read = types.map((type) => readSignature(withInput(tensor(type, []))).inputs[0]?.dtype);
    expect(read).to.deep.equal(["f32", "f64", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "bool"]);
    expect(read).to.deep.equal(Object.keys(DTYPES));
  });

  it("calls a dimension without a name after its place", () => {
    const dims = readSignature(withInput(tensor(FLOAT, [null, "", -1, 0]))).inputs[0]?.dims;
    expect(dims).to.deep.equal(["x[0]", "x[1]", "x[2]", 0]);
  });

  it("leaves out inputs that are constants with a default", () => {
    const type = tensor(FLOAT, [1]);
    const names = ["x", "weight", "sparse"];
    const onnx = model({
      input: names.map((name) => ({ name, type })),
      output: [scalar],
      initializer: [{ name: "weight" }],
      sparseInitializer: [{ values: { name: "sparse" } }],
    });
    expect(readSignature(onnx).inputs.map(({ name }) => name)).to.deep.equal(["x"]);
  });

  it("reads the wanted outputs only, in the wanted order", () => {
    const map: Type = {
      value: { case: "mapType", value: { keyType: INT64, valueType: tensor(FLOAT, []) } },
    };
    const maps: Type = { value: { case: "sequenceType", value: { elemType: map } } };
    const onnx = model({
      output: [{ name: "maps", type: maps }, { name: "label", type: tensor(INT64, [1]) }, scalar],
    });
    expect(readSignature(onnx, ["y", "label"]).outputs.map(({ name }) => name)).to.deep.equal(["y", "label"]);

    const unsupported = thrownBy(() => readSignature(onnx));
    expect(unsupported).to.be.instanceOf(UnsupportedTensorError);
    expect(unsupported).to.include({ tensor: "maps", type: "sequence(map(int64, tensor(float)))" });

    const unknown = thrownBy(() => readSignature(onnx, ["z"]));
    expect(unknown).to.be.instanceOf(UnknownOutputError);
    expect(unknown).to.deep.include({ output: "z", available: ["maps", "label", "y"] });
  });

  const shapeless: Type = { value: { case: "tensorType", value: { elemType: FLOAT } } };
  const optional: Type = {
    value: { case: "optionalType", value: { elemType: tensor(STRING, []) } },
  };
  const unsupported: [Type, string][] = [
    [tensor(FLOAT16, [1]), "tensor(float16)"],
    [tensor(UINT64, [1]), "tensor(uint64)"],
    [tensor(0, [1]), "tensor(undefined)"],
    [tensor(99, [1]), "tensor(type 99)"],
    [tensor(FLOAT, [1, 1, 1, 1, 1, 1, 1, 1, 1]), "tensor(float) of rank 9"],
    [shapeless, "tensor(float) of unknown rank"],
    [optional, "optional(tensor(string))"],
    [{ value: { case: "sparseTensorType", value: { elemType: FLOAT } } }, "sparse_tensor(float)"],
    [{ value: { case: "opaqueType", value: { domain: "d", name: "n" } } }, "opaque(d, n)"],
    [{}, "value without a type"],
  ];
  for (const [type, name] of unsupported) {
    it(`refuses a ${name}`, () => {
      const error = thrownBy(() => readSignature(withInput(type)));
      expect(error).to.be.instanceOf(UnsupportedTensorError);
      expect(error).to.include({ tensor: "x", type: name });
    });
  }

  const malformed: [string, Uint8Array, string][] = [
    ["no bytes", new Uint8Array(0), "it has no graph"],
    ["text", Buffer.from("not a model"), "the protobuf does not decode"],
    ["a graph without outputs", model({}), "it has no outputs"],
    ["an input without a name", model({ input: [{}], output: [scalar] }), "an input has no name"],
    ["two outputs of one name", model({ output: [scalar, scalar] }), "two outputs are named y"],
    [
      "no operator set",
      toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: { output: [scalar] } })),
      "it names no operator set",
    ],
  ];
  for (const [what, onnx, reason] of malformed) {
    it(`refuses ${what}`, () => {
      expect(() => readSignature(onnx)).to.throw(MalformedOnnxError, reason);
    });
  }

  it("refuses subgraphs nested beyond the decoder's limit instead of exhausting the stack", () => {
    let graph: MessageInitShape<typeof GraphProtoSchema> = { output: [scalar] };
    for (let depth = 0; depth < 100; depth++) {
      graph = { node: [{ attribute: [{ name: "body", g: graph }] }], output: [scalar] };
    }
    expect(() => readSignature(model(graph))).to.throw(MalformedOnnxError, "does not decode");
  });

  const volatility = readFileSync(new URL("../../../models/volatility.onnx", import.meta.url));
  const seed = Number(process.env.ASSAY_SEED ?? 2);

  /** Whatever the bytes: a signature or one of the documented errors. */
  function readsOrRefuses(onnx: Uint8Array): void {
    try {
      readSignature(onnx);
    } catch (error) {
      const documented = error instanceof MalformedOnnxError || error instanceof UnsupportedTensorError;
      if (!documented) throw error;
    }
  }

  it(`survives every truncation of a model`, () => {
    for (let length = 0; length < volatility.length; length++) readsOrRefuses(volatility.subarray(0, length));
  });

  it(`survives garbage, seed ${seed}`, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 512 }), readsOrRefuses), {
      seed,
      numRuns: runs(500, 100_000),
    });
  });

  it(`survives changed bytes, seed ${seed}`, () => {
    const change = fc.tuple(fc.nat(volatility.length - 1), fc.nat(255));
    const changed = fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const onnx = Uint8Array.from(volatility);
      for (const [at, value] of changes) onnx[at] = value;
      readsOrRefuses(onnx);
    });
    fc.assert(changed, { seed, numRuns: runs(500, 100_000) });
  });
});

/** What ONNX Runtime took and gave, in `ref/ref.json` beside each model. */
interface Reference {
  readonly sets: readonly {
    readonly inputs: ReferenceTensors;
    readonly outputs: ReferenceTensors;
  }[];
}
type ReferenceTensors = Readonly<Record<string, { readonly type: string; readonly dims: readonly number[] }>>;

const REFERENCE_DTYPES: Readonly<Record<string, string>> = {
  float32: "f32",
  float64: "f64",
  int8: "i8",
  uint8: "u8",
  int32: "i32",
  int64: "i64",
  bool: "bool",
};

/** Models that need a choice of outputs, or cannot be served at all, and why. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  "ankane/randomforest": "output_probability is a sequence(map(int64, tensor(float)))",
  "khoribz/spam_classifier": "input is a tensor(string)",
  "ort-testdata/squeezenet_tensor_input": "classLabel is a tensor(string)",
  "sklearn-onnx/pipeline_lightgbm": "output_probability is a sequence(map(int64, tensor(float)))",
  "sklearn-onnx/rf_iris": "output_probability is a sequence(map(int64, tensor(float)))",
};
const HOPELESS = ["khoribz/spam_classifier", "ort-testdata/squeezenet_tensor_input"];
/** Its file says that the output's first dimension is the batch; ONNX Runtime gives the three channels. */
const MISDECLARED = "ezkl/1l_average";

describeShared("signatures of real models", (folder) => {
  const ids = globSync("*/*/model.onnx", { cwd: `${folder}models` }).map((path) =>
    path.slice(0, -"/model.onnx".length),
  );
  const onnxOf = (id: string): Uint8Array => readFileSync(`${folder}models/${id}/model.onnx`);

  it("reads every model but those with a type Assay does not carry", () => {
    expect(ids).to.have.length(104);
    const refused: Record<string, string> = {};
    for (const id of ids) {
      try {
        readSignature(onnxOf(id));
      } catch (error) {
        expect(error).to.be.instanceOf(UnsupportedTensorError);
        refused[id] = (error as Error).message.replace(/, which.*/, "");
      }
    }
    expect(refused).to.deep.equal(UNSUPPORTED);
  });

  for (const id of ids.filter((id) => !HOPELESS.includes(id))) {
    it(`agrees with what ONNX Runtime took and gave: ${id}`, () => {
      const { sets } = JSON.parse(readFileSync(`${folder}models/${id}/ref/ref.json`, "utf8")) as Reference;
      for (const { inputs, outputs } of sets) {
        const signature = readSignature(onnxOf(id), Object.keys(outputs));
        const sizes = {
          ...sizesIn(signature.outputs, outputs),
          ...sizesIn(signature.inputs, inputs),
        };
        const bound = bindDims(signature, sizes);
        expect(bound.inputs).to.have.deep.members(signatureOf(inputs));
        if (id === MISDECLARED) expect(bound.outputs).not.to.have.deep.members(signatureOf(outputs));
        else expect(bound.outputs).to.have.deep.members(signatureOf(outputs));
      }
    });
  }
});

function sizesIn(signature: readonly TensorSignature[], tensors: ReferenceTensors): Record<string, number> {
  const named = signature.flatMap(({ name, dims }) =>
    dims.map((dim, axis) => [dim, tensors[name]?.dims[axis]] as const),
  );
  return Object.fromEntries(named.filter(([dim]) => typeof dim === "string")) as Record<string, number>;
}

function signatureOf(
  tensors: ReferenceTensors,
): { name: string; dtype: string | undefined; dims: readonly number[] }[] {
  return Object.entries(tensors).map(([name, { type, dims }]) => ({
    name,
    dtype: REFERENCE_DTYPES[type],
    dims,
  }));
}
