import type { Mlp } from "./mlp.ts";

/** How much is simulated and how long it is trained on; the committed models have their study's `fullBudget`. */
export interface Budget {
  readonly samples: number;
  readonly epochs: number;
}

/** One line of the error table: who forecasts, and its error by each of the study's measures. */
export interface Result {
  readonly forecaster: string;
  readonly errors: readonly number[];
}

/** An input by tensor name; float32 and int64 are the types these models take. */
export type Feeds = Readonly<Record<string, Float32Array | BigInt64Array>>;
export type Outputs = Readonly<Record<string, readonly number[]>>;

/** A model from simulation to file: what `npm run models` runs and the tests re-measure. */
export interface Study {
  readonly name: string;
  /** Of the training data and of the initial weights; the held-out data come from `heldOutSeed`. */
  readonly seed: bigint;
  readonly heldOutSeed: bigint;
  readonly fullBudget: Budget;
  /** Column titles of the error table. */
  readonly measures: readonly string[];
  train(seed: bigint, budget: Budget, onEpoch: (epoch: number) => void): Mlp;
  /** The errors of the model, of the known truth and of naive forecasts on `samples` simulated afresh. */
  evaluate(mlp: Mlp, seed: bigint, samples: number): readonly Result[];
  /** The bytes of the .onnx file. */
  toOnnx(mlp: Mlp): Uint8Array;
  /** Inputs to compare the file with `run` on: ordinary ones and every kind of extreme. */
  probes(seed: bigint): readonly Feeds[];
  /** What the file must give, computed in float64. */
  run(mlp: Mlp, feeds: Feeds): Outputs;
}
