/** The bytes of an ONNX file to a {@link Model}: what the lowering and everything after it sees of the format. */

import { decodeTensor, type ReadExternal } from "./constants.ts";
import { MalformedOnnxError, NodeError, UnsupportedError } from "./errors.ts";
import type { ConstantTensor, Graph, Node } from "./graph.ts";
import { Attributes, type AttributeValue } from "./graph.ts";
import { type AttributeProto, AttributeProto_AttributeType, type GraphProto, type NodeProto } from "./onnx_pb.ts";
import { decodeModel, inputsOf, outputNames, type TensorSignature } from "./signature.ts";

export interface Model {
  /** What the graph takes, in order; dimensions may be open. */
  readonly inputs: readonly TensorSignature[];
  readonly graph: Graph;
}

export interface ReadOptions {
  /** The outputs wanted, in that order; all of them by default. */
  readonly outputs?: readonly string[] | undefined;
  /** Without it a constant outside the file is an error when it is used. */
  readonly readExternal?: ReadExternal | undefined;
}

/** Far beyond any real model; what a hostile one can cost stays in proportion to its bytes below these. */
const MAX_NODES = 200_000;
const MAX_NESTING = 16;

/**
 * @param onnx the bytes of the file; decoding takes memory in proportion, so the caller limits them
 * @throws MalformedOnnxError, UnsupportedTensorError, UnknownOutputError
 */
export function readModel(onnx: Uint8Array, { outputs, readExternal }: ReadOptions = {}): Model {
  const { graph, opsetImport, functions } = decodeModel(onnx);
  const opsets = new Map(opsetImport.map(({ domain, version }) => [normalDomain(domain), Number(version)]));
  const local = new Set(functions.map(({ domain, name }) => `${normalDomain(domain)} ${name}`));
  const reader = new GraphReader(opsets, local, readExternal);
  return { inputs: inputsOf(graph), graph: { ...reader.read(graph, 0), outputs: outputNames(graph, outputs) } };
}

function normalDomain(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

class GraphReader {
  readonly #opsets: ReadonlyMap<string, number>;
  readonly #functions: ReadonlySet<string>;
  readonly #readExternal: ReadExternal | undefined;
  #nodes = 0;

  constructor(
    opsets: ReadonlyMap<string, number>,
    functions: ReadonlySet<string>,
    readExternal: ReadExternal | undefined,
  ) {
    this.#opsets = opsets;
    this.#functions = functions;
    this.#readExternal = readExternal;
  }

  read(graph: GraphProto, depth: number): Graph {
    if (depth > MAX_NESTING) throw new MalformedOnnxError(`graphs are nested more than ${MAX_NESTING} deep`);
    this.#nodes += graph.node.length;
    if (this.#nodes > MAX_NODES) throw new MalformedOnnxError(`it has more than ${MAX_NODES} nodes`);
    const constants = new Map<string, () => ConstantTensor>();
    for (const tensor of graph.initializer) constants.set(tensor.name, () => decodeTensor(tensor, this.#readExternal));
    for (const { values } of graph.sparseInitializer) {
      constants.set(values?.name ?? "", () => {
        throw new UnsupportedError("a sparse constant");
      });
    }
    return {
      inputs: graph.input.map(({ name }) => name).filter((name) => !constants.has(name)),
      outputs: graph.output.map(({ name }) => name),
      nodes: graph.node.map((node, i) => this.#readNode(node, i, depth)),
      constants,
    };
  }

  #readNode(node: NodeProto, position: number, depth: number): Node {
    const domain = normalDomain(node.domain);
    const name = node.name || node.output.find((output) => output !== "") || `#${position}`;
    const opset = this.#opsets.get(domain);
    if (opset === undefined)
      throw new MalformedOnnxError(`node ${name} is of domain "${domain}", which is not imported`);
    const attributes = new Map(
      node.attribute.map((attribute) => [attribute.name, this.#readAttribute(attribute, depth)]),
    );
    const { opType: operator, input: inputs, output: outputs } = node;
    if (this.#functions.has(`${domain} ${operator}`)) {
      throw new NodeError(
        { name, operator, domain, opset },
        { cause: new UnsupportedError("a function that the model defines") },
      );
    }
    return { name, operator, domain, opset, inputs, outputs, attributes: new Attributes(attributes) };
  }

  #readAttribute(attribute: AttributeProto, depth: number): AttributeValue {
    const { name, t, g } = attribute;
    switch (attribute.type) {
      case AttributeProto_AttributeType.FLOAT:
        return { kind: "float", value: attribute.f };
      case AttributeProto_AttributeType.INT:
        return { kind: "int", value: attribute.i };
      case AttributeProto_AttributeType.STRING:
        return { kind: "string", value: utf8(attribute.s) };
      case AttributeProto_AttributeType.FLOATS:
        return { kind: "floats", value: attribute.floats };
      case AttributeProto_AttributeType.INTS:
        return { kind: "ints", value: attribute.ints };
      case AttributeProto_AttributeType.STRINGS:
        return { kind: "strings", value: attribute.strings.map(utf8) };
      case AttributeProto_AttributeType.TENSOR:
        if (t === undefined) throw new MalformedOnnxError(`attribute ${name} has no tensor`);
        return { kind: "tensor", value: () => decodeTensor(t, this.#readExternal) };
      case AttributeProto_AttributeType.GRAPH:
        if (g === undefined) throw new MalformedOnnxError(`attribute ${name} has no graph`);
        return { kind: "graph", value: this.read(g, depth + 1) };
      default:
        return { kind: "other", value: name };
    }
  }
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
