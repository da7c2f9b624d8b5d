import type { Random } from "./random.ts";

/** y = W x + b; W is row-major [outputs, inputs], the layout of ONNX Gemm with transB = 1. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** Dense layers with Relu between them and none after the last, which has one output. */
export type Mlp = readonly Layer[];

export interface TrainingOptions {
  readonly epochs: number;
  readonly batch: number;
  /** Of the first step; it falls linearly to zero. */
  readonly learningRate: number;
  readonly random: Random;
  readonly onEpoch: (epoch: number) => void;
}

/** Derivative of the loss of one sample with respect to the network's output. */
export type LossGradient = (output: number, sample: number) => number;

/** He initialisation (He et al., 2015): variance 2 / inputs, as Relu halves it. */
export function createMlp(sizes: readonly number[], random: Random): Mlp {
  return sizes.slice(1).map((outputs, i) => {
    const inputs = sizes[i] as number;
    const scale = Math.sqrt(2 / inputs);
    const weight = Float64Array.from({ length: inputs * outputs }, () => scale * random.normal());
    return { inputs, outputs, weight, bias: new Float64Array(outputs) };
  });
}

export function forward(mlp: Mlp, features: Float64Array): number {
  return activations(mlp, features).at(-1)?.[0] as number;
}

/** The network that the exported float32 weights are: what is measured is what is shipped. */
export function roundToFloat32(mlp: Mlp): Mlp {
  return mlp.map((layer) => ({
    ...layer,
    weight: layer.weight.map(Math.fround),
    bias: layer.bias.map(Math.fround),
  }));
}

/** Adam (Kingma and Ba, 2015) with its usual constants; changes `mlp` in place. */
export function train(
  mlp: Mlp,
  samples: readonly Float64Array[],
  lossGradient: LossGradient,
  { epochs, batch, learningRate, random, onEpoch }: TrainingOptions,
): void {
  const gradients = mlp.flatMap((layer) => [zerosLike(layer.weight), zerosLike(layer.bias)]);
  const adam = createAdam(mlp.flatMap((layer) => [layer.weight, layer.bias]));
  const order = Uint32Array.from(samples.keys());
  const steps = epochs * Math.ceil(samples.length / batch);
  let step = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    shuffle(order, random);
    for (let start = 0; start < order.length; start += batch) {
      const chosen = order.subarray(start, start + batch);
      for (const gradient of gradients) gradient.fill(0);
      for (const sample of chosen) {
        const values = activations(mlp, samples[sample] as Float64Array);
        const output = values.at(-1)?.[0] as number;
        backward(mlp, values, lossGradient(output, sample) / chosen.length, gradients);
      }
      adam(gradients, learningRate * (1 - step / steps));
      step++;
    }
    onEpoch(epoch);
  }
}

/** The input of every layer in order, then the output. */
function activations(mlp: Mlp, features: Float64Array): Float64Array[] {
  const values = [features];
  mlp.forEach(({ inputs, outputs, weight, bias }, index) => {
    const x = values[index] as Float64Array;
    const y = new Float64Array(outputs);
    const last = index === mlp.length - 1;
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o] as number;
      for (let i = 0; i < inputs; i++) sum += (weight[o * inputs + i] as number) * (x[i] as number);
      y[o] = last || sum > 0 ? sum : 0;
    }
    values.push(y);
  });
  return values;
}

/** Adds the gradient of one sample to `gradients` (weight and bias of each layer in order). */
function backward(
  mlp: Mlp,
  values: readonly Float64Array[],
  outputGradient: number,
  gradients: readonly Float64Array[],
): void {
  let delta = Float64Array.of(outputGradient);
  for (let index = mlp.length - 1; index >= 0; index--) {
    const { inputs, outputs, weight } = mlp[index] as Layer;
    const x = values[index] as Float64Array;
    const weightGradient = gradients[2 * index] as Float64Array;
    const biasGradient = gradients[2 * index + 1] as Float64Array;
    const previous = new Float64Array(inputs);
    for (let o = 0; o < outputs; o++) {
      const d = delta[o] as number;
      if (d === 0) continue;
      biasGradient[o] = (biasGradient[o] as number) + d;
      for (let i = 0; i < inputs; i++) {
        const at = o * inputs + i;
        weightGradient[at] = (weightGradient[at] as number) + d * (x[i] as number);
        previous[i] = (previous[i] as number) + d * (weight[at] as number);
      }
    }
    // x is the layer below after Relu: where it is zero, nothing flows.
    for (let i = 0; i < inputs; i++) if (x[i] === 0) previous[i] = 0;
    delta = previous;
  }
}

function createAdam(
  parameters: readonly Float64Array[],
): (gradients: readonly Float64Array[], learningRate: number) => void {
  const MEAN_DECAY = 0.9;
  const SQUARE_DECAY = 0.999;
  const EPSILON = 1e-8;
  const means = parameters.map(zerosLike);
  const squares = parameters.map(zerosLike);
  let meanBias = 1;
  let squareBias = 1;
  return (gradients, learningRate) => {
    meanBias *= MEAN_DECAY;
    squareBias *= SQUARE_DECAY;
    parameters.forEach((parameter, p) => {
      const gradient = gradients[p] as Float64Array;
      const mean = means[p] as Float64Array;
      const square = squares[p] as Float64Array;
      for (let i = 0; i < parameter.length; i++) {
        const g = gradient[i] as number;
        const m = MEAN_DECAY * (mean[i] as number) + (1 - MEAN_DECAY) * g;
        const s = SQUARE_DECAY * (square[i] as number) + (1 - SQUARE_DECAY) * g * g;
        mean[i] = m;
        square[i] = s;
        const change = m / (1 - meanBias) / (Math.sqrt(s / (1 - squareBias)) + EPSILON);
        parameter[i] = (parameter[i] as number) - learningRate * change;
      }
    });
  };
}

/** Fisher and Yates. */
function shuffle(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
}

function zerosLike(values: Float64Array): Float64Array {
  return new Float64Array(values.length);
}
