// Models around well-formed ones: bytes flipped, cut and moved, and messages whose fields say something else.
import { create, fromBinary, isMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { AttributeProto_AttributeType, GraphProtoSchema, ModelProtoSchema } from "../oracle/model/onnx/onnx_pb.ts";
import type { Random } from "../scripts/models/random.ts";
import { oneOf } from "./kernels/edges.ts";

/** A mutation of a model's bytes. */
export function mutatedModel(random: Random, onnx: Uint8Array): Uint8Array {
  return random.below(3) === 0 ? mutatedBytes(random, onnx) : mutatedFields(random, onnx);
}

function mutatedBytes(random: Random, onnx: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(onnx);
  for (let i = random.below(4); i >= 0; i--) {
    const at = random.below(bytes.length);
    const kind = random.below(4);
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    if (kind === 1) bytes[at] = oneOf(random, [0, 1, 0x7f, 0x80, 0xff]);
    if (kind === 2) bytes.copyWithin(at, random.below(bytes.length), random.below(bytes.length));
    if (kind === 3) return bytes.slice(0, at);
  }
  return bytes;
}

/** A field that can be given another value: which one it has, and how to give it another. */
interface Place {
  readonly value: unknown;
  set(value: unknown): void;
}

function mutatedFields(random: Random, onnx: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, onnx);
  const places = placesOf(model);
  const names = places.flatMap(({ value }) => (typeof value === "string" ? [value] : []));
  for (let i = random.below(3); i >= 0; i--) {
    const { value, set } = oneOf(random, places);
    set(mutatedValue(random, value, names));
  }
  if (random.below(20) === 0 && model.graph !== undefined) model.graph = nested(model.graph, 1 + random.below(40));
  return toBinary(ModelProtoSchema, model);
}

/** All fields below a message, lists as a whole and by element. */
function placesOf(message: Message): Place[] {
  return Object.entries(message).flatMap(([key, value]) => {
    if (key.startsWith("$")) return [];
    const fields = message as unknown as Record<string, unknown>;
    const place: Place = { value, set: (next) => (fields[key] = next) };
    if (isMessage(value)) return placesOf(value);
    if (Array.isArray(value)) return [place, ...placesOfList(value)];
    // A oneof: its case stays, what it holds may change.
    if (isOneof(value)) return isMessage(value.value) ? placesOf(value.value) : placesOfOneof(value);
    return [place];
  });
}

function isOneof(value: unknown): value is { case: string; value: unknown } {
  return typeof value === "object" && value !== null && "case" in value && value.case !== undefined;
}

const placesOfOneof = (oneof: { value: unknown }): Place[] => [
  { value: oneof.value, set: (next) => (oneof.value = next) },
];

function placesOfList(list: unknown[]): Place[] {
  return list.flatMap((item, i) => {
    if (isMessage(item)) return placesOf(item);
    return [{ value: item, set: (next: unknown) => (list[i] = next) }];
  });
}

const INTEGERS = [
  -(2n ** 63n),
  -(2n ** 31n),
  -2n,
  -1n,
  0n,
  1n,
  2n,
  3n,
  7n,
  255n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 63n - 1n,
];
/** Every field of type int32, enum and float takes these. */
const NUMBERS = [-1, 0, 1, 2, 3, 5, 6, 7, 9, 11, 13, 16, 2 ** 30];

function mutatedValue(random: Random, value: unknown, names: readonly string[]): unknown {
  if (typeof value === "bigint") return oneOf(random, INTEGERS);
  if (typeof value === "number") return oneOf(random, NUMBERS);
  // Another name of the model: a node gets another input, a cycle, another operator.
  if (typeof value === "string") return random.below(8) === 0 ? "" : oneOf(random, names);
  if (value instanceof Uint8Array) return value.slice(0, random.below(value.length + 1));
  if (!Array.isArray(value) || value.length === 0) return value;
  const at = random.below(value.length);
  const kind = random.below(4);
  if (kind === 0) return value.toSpliced(at, 1);
  if (kind === 1) return [...value, value[at]];
  if (kind === 2) return value.toReversed();
  return Array.from({ length: 40 }, () => value[at]);
}

type Graph = ReturnType<typeof create<typeof GraphProtoSchema>>;

/** The graph as a branch of an If, in a graph that is a branch of an If, and so on. */
function nested(graph: Graph, depth: number): Graph {
  const [condition = ""] = [...graph.input, ...graph.initializer].map(({ name }) => name);
  const output = graph.output.map(({ name }) => name);
  let inner = graph;
  for (let i = 0; i < depth; i++) {
    const branches = { then_branch: inner, else_branch: graph };
    const attribute = Object.entries(branches).map(([name, branch]) => ({
      name,
      type: AttributeProto_AttributeType.GRAPH,
      g: create(GraphProtoSchema, { ...branch, input: [] }),
    }));
    inner = create(GraphProtoSchema, {
      name: graph.name,
      input: graph.input,
      output: graph.output,
      node: [{ opType: "If", input: [condition], output, attribute }],
    });
  }
  return inner;
}
