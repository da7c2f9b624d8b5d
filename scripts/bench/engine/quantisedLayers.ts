// Layers in 8-bit integers, as static quantisation writes them: u8 values, i8 weights, Relu by saturation.
import {
  type Activation,
  type ConvShape,
  classify,
  convAttributes,
  deviationOf,
  type Feature,
  type Layers,
  MAX_POOL,
  Network,
} from "./network.ts";

/** Names of a scale and a zero point. */
interface Quantisation {
  readonly scale: string;
  readonly zero: string;
}

interface QuantisedFeature extends Feature, Quantisation {}

export class QuantisedLayers implements Layers {
  readonly #net = new Network();
  readonly #features = new Map<string, QuantisedFeature>();
  readonly #quantisations = new Map<Activation, Quantisation>();

  input(dims: readonly number[]): Feature {
    return this.#quantised(this.#net.graph.input("input", "f32", dims, "an image"), dims[1] ?? 1, "none");
  }

  conv(input: Feature, shape: ConvShape): Feature {
    const { channels, kernel, group = 1, activation = "none" } = shape;
    const net = this.#net;
    const x = this.#featureOf(input);
    const y = this.#quantisationOf(activation);
    const depth = input.channels / group;
    const w = net.quantisedWeights([channels, depth, kernel, kernel]);
    const scale = net.scalar((deviationOf(depth * kernel * kernel) * Math.sqrt(3)) / 127);
    const inputs = [x.name, x.scale, x.zero, w, scale, net.scalar(0, "i8"), y.scale, y.zero];
    return this.#known({ name: net.node("QLinearConv", inputs, convAttributes(shape)), channels, ...y });
  }

  maxPool(input: Feature): Feature {
    const name = this.#net.node("MaxPool", [input.name], MAX_POOL);
    return this.#known({ ...this.#featureOf(input), name });
  }

  add(a: Feature, b: Feature, activation: Activation): Feature {
    const sum = this.#net.node("Add", [this.#dequantised(a), this.#dequantised(b)]);
    return this.#quantised(sum, a.channels, activation);
  }

  classifier(input: Feature, classes: number): void {
    classify(this.#net, { name: this.#dequantised(input), channels: input.channels }, classes);
  }

  build(name: string): Uint8Array {
    return this.#net.build(name);
  }

  #quantised(name: string, channels: number, activation: Activation): QuantisedFeature {
    const quantisation = this.#quantisationOf(activation);
    const { scale, zero } = quantisation;
    return this.#known({ name: this.#net.node("QuantizeLinear", [name, scale, zero]), channels, ...quantisation });
  }

  #dequantised(feature: Feature): string {
    const { name, scale, zero } = this.#featureOf(feature);
    return this.#net.node("DequantizeLinear", [name, scale, zero]);
  }

  /** From 0 to 6 after an activation, from -6 to 6 without. */
  #quantisationOf(activation: Activation): Quantisation {
    const kind = activation === "none" ? "none" : "relu6";
    const isSigned = kind === "none";
    const known = this.#quantisations.get(kind) ?? {
      scale: this.#net.scalar((isSigned ? 12 : 6) / 255),
      zero: this.#net.scalar(isSigned ? 128 : 0, "u8"),
    };
    this.#quantisations.set(kind, known);
    return known;
  }

  #known(feature: QuantisedFeature): QuantisedFeature {
    this.#features.set(feature.name, feature);
    return feature;
  }

  #featureOf({ name }: Feature): QuantisedFeature {
    const feature = this.#features.get(name);
    if (feature === undefined) throw new RangeError(`${name} is not quantised`);
    return feature;
  }
}
