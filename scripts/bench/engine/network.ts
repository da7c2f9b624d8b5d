// Networks of the usual layers, with random weights: what they answer is of no interest, what it takes is. Their weights
// keep the values' size from layer to layer, so that neither infinities nor subnormals are measured.
import type { Dtype } from "../../../oracle/model/tensor.ts";
import { GraphBuilder } from "../../models/graphBuilder.ts";
import { Random } from "../../models/random.ts";

export interface BenchModel {
  readonly onnx: Uint8Array;
  /** Of its one input, an f32. */
  readonly inputDims: readonly number[];
}

/** What a layer takes and gives: a value of the graph and its channels. */
export interface Feature {
  readonly name: string;
  readonly channels: number;
}

export type Activation = "none" | "relu" | "relu6";

export interface ConvShape {
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly group?: number;
  readonly activation?: Activation;
}

/** Layers that a model is written with, whatever it computes in. */
export interface Layers {
  input(dims: readonly number[]): Feature;
  conv(input: Feature, shape: ConvShape): Feature;
  maxPool(input: Feature): Feature;
  add(a: Feature, b: Feature, activation: Activation): Feature;
  /** The mean over the image, then one dense layer. */
  classifier(input: Feature, classes: number): void;
  build(name: string): Uint8Array;
}

/** The graph of a model that grows, and its random constants. */
export class Network {
  readonly graph = new GraphBuilder();
  readonly #random = new Random(1n);
  #values = 0;

  /** A name that no other value has. */
  fresh(prefix: string): string {
    return `${prefix}${this.#values++}`;
  }

  /** Uniform around 0 with the given standard deviation. */
  weights(dims: readonly number[], deviation: number): string {
    const bound = deviation * Math.sqrt(3);
    const values = Float32Array.from({ length: sizeOf(dims) }, () => this.#random.uniform(-bound, bound));
    return this.graph.f32(this.fresh("w"), dims, values);
  }

  /** All integers from -127 to 127 alike. */
  quantisedWeights(dims: readonly number[]): string {
    const values = Int8Array.from({ length: sizeOf(dims) }, () => this.#random.below(255) - 127);
    return this.graph.raw(this.fresh("w"), "i8", dims, new Uint8Array(values.buffer));
  }

  scalar(value: number, dtype: Extract<Dtype, "f32" | "i8" | "u8"> = "f32"): string {
    if (dtype === "f32") return this.graph.f32(this.fresh("c"), [], [value]);
    return this.graph.raw(this.fresh("c"), dtype, [], Uint8Array.of(value));
  }

  node(op: string, inputs: string[], attributes: Readonly<Record<string, number | readonly number[]>> = {}): string {
    return this.graph.node(op, inputs, this.fresh(op.toLowerCase()), attributes);
  }

  /** A node with `count` outputs. */
  nodes(op: string, inputs: string[], count: number): string[] {
    const outputs = Array.from({ length: count }, () => this.fresh(op.toLowerCase()));
    this.graph.nodes(op, inputs, outputs);
    return outputs;
  }

  build(name: string): Uint8Array {
    return this.graph.build({ name, docString: "random weights", metadata: {} });
  }
}

const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

/** Attributes of a convolution. */
export function convAttributes({ kernel, stride = 1, group = 1 }: ConvShape): Record<string, number | number[]> {
  const pad = Math.floor(kernel / 2);
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group };
}

export const MAX_POOL = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };

/** He's: what keeps the size of values through a layer of `depth` inputs and a Relu. */
export const deviationOf = (depth: number) => Math.sqrt(2 / depth);

export class FloatLayers implements Layers {
  readonly #net = new Network();

  input(dims: readonly number[]): Feature {
    return { name: this.#net.graph.input("input", "f32", dims, "an image"), channels: dims[1] ?? 1 };
  }

  conv(input: Feature, shape: ConvShape): Feature {
    const { channels, kernel, group = 1, activation = "none" } = shape;
    const depth = input.channels / group;
    const w = this.#net.weights([channels, depth, kernel, kernel], deviationOf(depth * kernel * kernel));
    const b = this.#net.weights([channels], 0.1);
    const sum = this.#net.node("Conv", [input.name, w, b], convAttributes(shape));
    return { name: this.#activated(sum, activation), channels };
  }

  maxPool({ name, channels }: Feature): Feature {
    return { name: this.#net.node("MaxPool", [name], MAX_POOL), channels };
  }

  add(a: Feature, b: Feature, activation: Activation): Feature {
    return { name: this.#activated(this.#net.node("Add", [a.name, b.name]), activation), channels: a.channels };
  }

  classifier(input: Feature, classes: number): void {
    classify(this.#net, input, classes);
  }

  build(name: string): Uint8Array {
    return this.#net.build(name);
  }

  #activated(name: string, activation: Activation): string {
    if (activation === "none") return name;
    return activation === "relu"
      ? this.#net.node("Relu", [name])
      : this.#net.graph.clip(name, 0, 6, this.#net.fresh("c"));
  }
}

export function classify(net: Network, { name, channels }: Feature, classes: number): void {
  const pooled = net.node("Flatten", [net.node("GlobalAveragePool", [name])], { axis: 1 });
  const w = net.weights([classes, channels], Math.sqrt(1 / channels));
  const b = net.weights([classes], 0.1);
  net.graph.node("Gemm", [pooled, w, b], "output", { transB: 1 });
  net.graph.output("output", "f32", [1, classes], "class scores");
}
