import { expect } from "chai";
import { createMlp, forward, type Mlp, roundToFloat32, train } from "./mlp.ts";
import { Random } from "./random.ts";

const samples = Array.from({ length: 400 }, (_, i) => Float64Array.of((i % 20) / 10 - 1, Math.floor(i / 20) / 10 - 1));
/** A bent plane: two Relus describe it exactly. */
const targets = samples.map(([x = 0, y = 0]) => 1 + Math.max(x, 0) - 2 * Math.max(y - x, 0));

function learn(mlp: Mlp, epochs: number, seed = 2n): number[] {
  const finished: number[] = [];
  train(mlp, samples, (output, sample) => output - (targets[sample] as number), {
    epochs,
    batch: 20,
    learningRate: 0.01,
    random: new Random(seed),
    onEpoch: (epoch) => finished.push(epoch),
  });
  return finished;
}

function meanSquareError(mlp: Mlp): number {
  return samples.reduce((sum, x, i) => sum + (forward(mlp, x) - (targets[i] as number)) ** 2, 0) / samples.length;
}

describe("mlp", () => {
  it("computes W x + b with Relu between the layers and none at the end", () => {
    const mlp: Mlp = [
      { inputs: 2, outputs: 2, weight: Float64Array.of(1, 2, 3, -4), bias: Float64Array.of(0.5, 0) },
      { inputs: 2, outputs: 1, weight: Float64Array.of(-1, 10), bias: Float64Array.of(2) },
    ];
    expect(forward(mlp, Float64Array.of(1, 1))).to.equal(2 - 3.5);
    expect(forward(mlp, Float64Array.of(1, 0))).to.equal(2 - 1.5 + 30);
  });

  it("learns, and says how far it is", () => {
    const mlp = createMlp([2, 8, 1], new Random(1n));
    const before = meanSquareError(mlp);
    expect(learn(mlp, 60)).to.deep.equal(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(meanSquareError(mlp)).to.be.below(before / 500);
  });

  it("is the same for the same seed and another for another", () => {
    const [a, b, c] = [1n, 1n, 3n].map((seed) => {
      const mlp = createMlp([2, 4, 1], new Random(1n));
      learn(mlp, 3, seed);
      return mlp;
    });
    expect(a).to.deep.equal(b);
    expect(a).not.to.deep.equal(c);
  });

  it("rounds every weight to float32 and leaves the trained network alone", () => {
    const mlp = createMlp([2, 4, 1], new Random(1n));
    const before = structuredClone(mlp);
    for (const { weight, bias } of roundToFloat32(mlp)) {
      expect([...weight]).to.deep.equal([...new Float32Array(weight)]);
      expect([...bias]).to.deep.equal([...new Float32Array(bias)]);
    }
    expect(mlp).to.deep.equal(before);
  });
});
