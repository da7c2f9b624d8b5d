/** Whether an assertion is wrong: its output, or the trace that its operator is bound to. */
import type { Program } from "../model/program.ts";
import { DTYPES, elementCount } from "../model/tensor.ts";
import { firstOutside, type Tolerance } from "../model/tolerance.ts";
import { chunkAt, chunkCount } from "../vm/chunkTree.ts";
import type { Hex } from "../vm/keccak.ts";
import type { Execution } from "./execution.ts";

/** A chunk of the asserted output that the canonical trace refutes. */
export interface OutputFault {
  /** Of the output. */
  readonly chunk: number;
  /** Of the chunk; 0 in exact mode, where bytes are compared. */
  readonly element: number;
}

/** No root is known: the operator signed none and has committed to none. */
const NO_ROOT: Hex = `0x${"00".repeat(32)}`;

/**
 * What of an assertion can be refuted. An output within the model's tolerance is right; a trace that is not the canonical
 * one is wrong, whatever the output. Nothing known against a lazy operator's trace is not a reason to trust it.
 * @param traceRoot signed or committed; 0: neither
 */
export function wrongPart(
  execution: Execution,
  output: Uint8Array,
  tolerance: Tolerance,
  traceRoot: Hex,
): "output" | "trace" | undefined {
  if (outputFault(execution, output, tolerance) !== undefined) return "output";
  return traceRoot === NO_ROOT || traceRoot === execution.trees.trace.root ? undefined : "trace";
}

/** The first chunk of an output that is not the canonical trace's; with a tolerance: that has an element too far off. */
export function outputFault(execution: Execution, output: Uint8Array, tolerance: Tolerance): OutputFault | undefined {
  const isExact = tolerance.atol === 0 && tolerance.rtol === 0;
  return isExact ? differingChunk(execution, output) : distantElement(execution, output, tolerance);
}

/** The first trace chunk that is an output's. */
export function firstOutputChunk({ program }: Execution): number {
  return program.traceChunks - program.outputChunks;
}

function differingChunk(execution: Execution, output: Uint8Array): OutputFault | undefined {
  const first = firstOutputChunk(execution);
  for (let chunk = 0; chunk < execution.program.outputChunks; chunk++) {
    const [asserted, canonical] = [chunkAt(output, chunk), execution.trees.trace.chunk(first + chunk)];
    if (asserted.some((byte, i) => byte !== canonical[i])) return { chunk, element: 0 };
  }
  return undefined;
}

/** Bytes behind a tensor's last element are held to the trace's zeros like elements of its. */
function distantElement(execution: Execution, output: Uint8Array, tolerance: Tolerance): OutputFault | undefined {
  const first = firstOutputChunk(execution);
  for (const { dtype, chunk, chunks } of outputTensors(execution.program)) {
    for (let i = chunk; i < chunk + chunks; i++) {
      const canonical = execution.trees.trace.chunk(first + i);
      const element = firstOutside(dtype, chunkAt(output, i), canonical, tolerance);
      if (element !== undefined) return { chunk: i, element };
    }
  }
  return undefined;
}

/** The chunks of an output that each of its tensors fills. */
function outputTensors({ outputs }: Program) {
  let chunk = 0;
  return outputs.map(({ dtype, dims }) => {
    const chunks = chunkCount(elementCount(dims) * DTYPES[dtype].bytes);
    chunk += chunks;
    return { dtype, chunk: chunk - chunks, chunks };
  });
}
