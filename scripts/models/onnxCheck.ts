import assert from "node:assert/strict";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Mlp } from "./mlp.ts";
import type { Feeds, Outputs, Study } from "./study.ts";

/** The file computes in float32 and the study in float64: both values within this fraction of each other. */
export const TOLERANCE = 1e-4;

const OPTIMISATION_LEVELS = ["disabled", "all"] as const;

/**
 * Compares the file, run by ONNX Runtime with graph optimisation off and on, with the study's own float64 computation.
 * @returns the number of values compared
 * @throws AssertionError naming the probe and the output whose values disagree
 */
export async function checkOnnx(study: Study, mlp: Mlp, onnx: Uint8Array, seed: bigint): Promise<number> {
  let compared = 0;
  for (const graphOptimizationLevel of OPTIMISATION_LEVELS) {
    const session = await InferenceSession.create(onnx, { graphOptimizationLevel });
    for (const [probe, feeds] of study.probes(seed).entries()) {
      const expected = study.run(mlp, feeds);
      const actual = await runOnnx(session, feeds);
      assert.deepEqual(Object.keys(actual), Object.keys(expected));
      for (const [name, values] of Object.entries(expected)) {
        const where = `${study.name} probe ${probe} ${name}, optimisation ${graphOptimizationLevel}`;
        assertClose(actual[name] ?? [], values, where);
        compared += values.length;
      }
    }
    await session.release();
  }
  return compared;
}

/** One run by ONNX Runtime; every input of these models has the shape [1, length]. */
export async function runOnnx(session: InferenceSession, feeds: Feeds): Promise<Outputs> {
  const tensors = Object.entries(feeds).map(([name, data]) => {
    const type = data instanceof Float32Array ? "float32" : "int64";
    return [name, new Tensor(type, data, [1, data.length])] as const;
  });
  const outputs = await session.run(Object.fromEntries(tensors));
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data as Float32Array, Number)]),
  );
}

function assertClose(actual: readonly number[], expected: readonly number[], where: string): void {
  assert.equal(actual.length, expected.length, where);
  expected.forEach((value, i) => {
    const difference = Math.abs((actual[i] as number) - value);
    const close = difference <= TOLERANCE * Math.abs(value);
    assert.ok(close, `${where}: ONNX Runtime gives ${actual[i]}, float64 gives ${value}`);
  });
}
