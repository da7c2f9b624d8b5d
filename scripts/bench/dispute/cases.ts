// The models whose disputes are measured: an example, trees, a small image classifier, and the networks of the engine's bench.
import { readFileSync } from "node:fs";
import { nodeFile } from "../../../test/operators.ts";
import { MODELS, mobileNetV2 } from "../engine/models.ts";
import { type BenchModel, FloatLayers } from "../engine/network.ts";
import { treeEnsemble } from "../vm/programs.ts";

/** By name, as the figures' keys have it. */
export const CASES: Readonly<Record<string, () => BenchModel>> = {
  mlp: () => ({ onnx: readFileSync("models/volatility.onnx"), inputDims: [1, 24] }),
  tree: () => ({ onnx: nodeFile(treeEnsemble()), inputDims: treeEnsemble().inputs[0]?.dims ?? [] }),
  mnist,
  mobilenetv2: network("mobilenetv2"),
  mobilenetv2int8: network("mobilenetv2-int8"),
  transformer4: network("transformer"),
  resnet50: network("resnet50"),
};

const DIGIT = [1, 1, 28, 28];
const CLASSES = 10;

/** Two convolutions and a dense layer, of the size of the ONNX model zoo's MNIST. */
function mnist(): BenchModel {
  const layers = new FloatLayers();
  let x = layers.conv(layers.input(DIGIT), { channels: 8, kernel: 5, activation: "relu" });
  x = layers.conv(layers.maxPool(x), { channels: 16, kernel: 5, activation: "relu" });
  layers.classifier(layers.maxPool(x), CLASSES);
  return { onnx: layers.build("mnist"), inputDims: DIGIT };
}

function network(name: keyof typeof MODELS): () => BenchModel {
  const make = MODELS[name];
  if (make === undefined) throw new RangeError(`no model ${name}`);
  return make;
}

/** A MobileNetV2 whose image fits a request. */
export const small = () => mobileNetV2(new FloatLayers(), [1, 3, 64, 64]);
