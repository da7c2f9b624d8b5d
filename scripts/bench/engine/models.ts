// The networks that the bench runs.
import { type BenchModel, type Feature, FloatLayers, type Layers, Network } from "./network.ts";
import { QuantisedLayers } from "./quantisedLayers.ts";

/** By name, what builds them. */
export const MODELS: Readonly<Record<string, () => BenchModel>> = {
  mobilenetv2: () => mobileNetV2(new FloatLayers()),
  resnet50: () => resNet50(new FloatLayers()),
  transformer: () => transformer(floatDense),
  "mobilenetv2-int8": () => mobileNetV2(new QuantisedLayers()),
  "resnet50-int8": () => resNet50(new QuantisedLayers()),
  "transformer-int8": () => transformer(quantisedDense),
};

const IMAGE = [1, 3, 224, 224];
const CLASSES = 1000;

/** Table 2 of the MobileNetV2 paper: expansion, channels, repeats, first stride. */
const BOTTLENECKS = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** @param dims of the image; the paper's are 224 x 224 */
export function mobileNetV2(layers: Layers, dims: readonly number[] = IMAGE): BenchModel {
  let x = layers.conv(layers.input(dims), { channels: 32, kernel: 3, stride: 2, activation: "relu6" });
  for (const [expansion, channels, repeats, stride] of BOTTLENECKS) {
    for (let i = 0; i < repeats; i++) x = bottleneck(layers, x, expansion, channels, i === 0 ? stride : 1);
  }
  x = layers.conv(x, { channels: 1280, kernel: 1, activation: "relu6" });
  layers.classifier(x, CLASSES);
  return { onnx: layers.build("mobilenetv2"), inputDims: dims };
}

function bottleneck(layers: Layers, input: Feature, expansion: number, channels: number, stride: number): Feature {
  const hidden = input.channels * expansion;
  const wide = expansion === 1 ? input : layers.conv(input, { channels: hidden, kernel: 1, activation: "relu6" });
  const filtered = layers.conv(wide, { channels: hidden, kernel: 3, stride, group: hidden, activation: "relu6" });
  const narrow = layers.conv(filtered, { channels, kernel: 1 });
  return stride === 1 && input.channels === channels ? layers.add(input, narrow, "none") : narrow;
}

/** Table 1 of the ResNet paper: channels inside, repeats, first stride. */
const STAGES = [
  [64, 3, 1],
  [128, 4, 2],
  [256, 6, 2],
  [512, 3, 2],
] as const;

function resNet50(layers: Layers): BenchModel {
  let x = layers.conv(layers.input(IMAGE), { channels: 64, kernel: 7, stride: 2, activation: "relu" });
  x = layers.maxPool(x);
  for (const [channels, repeats, stride] of STAGES) {
    for (let i = 0; i < repeats; i++) x = residual(layers, x, channels, i === 0 ? stride : 1);
  }
  layers.classifier(x, CLASSES);
  return { onnx: layers.build("resnet50"), inputDims: IMAGE };
}

function residual(layers: Layers, input: Feature, inside: number, stride: number): Feature {
  const channels = 4 * inside;
  const reduced = layers.conv(input, { channels: inside, kernel: 1, activation: "relu" });
  const filtered = layers.conv(reduced, { channels: inside, kernel: 3, stride, activation: "relu" });
  const expanded = layers.conv(filtered, { channels, kernel: 1 });
  const isSame = stride === 1 && input.channels === channels;
  const shortcut = isSame ? input : layers.conv(input, { channels, kernel: 1, stride });
  return layers.add(expanded, shortcut, "relu");
}

const BLOCKS = 4;
const TOKENS = 128;
const WIDTH = 512;
const HEADS = 8;
const HIDDEN = 2048;

/** A dense layer of some inputs and outputs. */
type Dense = (net: Network, x: string, inputs: number, outputs: number) => string;

/** Encoder layers as in "Attention is all you need", normalised before attention and before the dense layers. */
function transformer(dense: Dense): BenchModel {
  const net = new Network();
  const dims = [1, TOKENS, WIDTH];
  let x = net.graph.input("input", "f32", dims, "embedded tokens");
  for (let block = 0; block < BLOCKS; block++) {
    x = net.node("Add", [x, attention(net, norm(net, x), dense)]);
    const hidden = net.node("Gelu", [dense(net, norm(net, x), WIDTH, HIDDEN)]);
    x = net.node("Add", [x, dense(net, hidden, HIDDEN, WIDTH)]);
  }
  net.graph.node("Identity", [norm(net, x)], "output");
  net.graph.output("output", "f32", dims, "encoded tokens");
  return { onnx: net.build("transformer"), inputDims: dims };
}

function norm(net: Network, x: string): string {
  return net.node("LayerNormalization", [x, net.weights([WIDTH], 1), net.weights([WIDTH], 0.1)], { axis: -1 });
}

function floatDense(net: Network, x: string, inputs: number, outputs: number): string {
  const product = net.node("MatMul", [x, net.weights([inputs, outputs], Math.sqrt(1 / inputs))]);
  return net.node("Add", [product, net.weights([outputs], 0.1)]);
}

/** In 8-bit integers whose scale is found at run time, as dynamic quantisation writes it. */
function quantisedDense(net: Network, x: string, inputs: number, outputs: number): string {
  const [values = "", scale = "", zero = ""] = net.nodes("DynamicQuantizeLinear", [x], 3);
  const product = net.node("MatMulInteger", [values, net.quantisedWeights([inputs, outputs]), zero]);
  const factor = net.node("Mul", [scale, net.scalar((Math.sqrt(1 / inputs) * Math.sqrt(3)) / 127)]);
  const scaled = net.node("Mul", [net.graph.cast(product, "f32", net.fresh("cast")), factor]);
  return net.node("Add", [scaled, net.weights([outputs], 0.1)]);
}

function attention(net: Network, x: string, dense: Dense): string {
  const depth = WIDTH / HEADS;
  const shape = net.graph.i64(net.fresh("shape"), [4], [1n, BigInt(TOKENS), BigInt(HEADS), BigInt(depth)]);
  const heads = (perm: readonly number[]) => {
    const projected = dense(net, x, WIDTH, WIDTH);
    return net.node("Transpose", [net.node("Reshape", [projected, shape])], { perm });
  };
  const queries = heads([0, 2, 1, 3]);
  const keys = heads([0, 2, 3, 1]);
  const values = heads([0, 2, 1, 3]);
  const scores = net.node("Mul", [net.node("MatMul", [queries, keys]), net.scalar(1 / Math.sqrt(depth))]);
  const mixed = net.node("MatMul", [net.node("Softmax", [scores], { axis: -1 }), values]);
  const merged = net.node("Transpose", [mixed], { perm: [0, 2, 1, 3] });
  const flat = net.graph.i64(net.fresh("shape"), [3], [1n, BigInt(TOKENS), BigInt(WIDTH)]);
  return dense(net, net.node("Reshape", [merged, flat]), WIDTH, WIDTH);
}
