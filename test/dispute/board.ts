// A toy's canonical run, to begin many games from.
import { Execution } from "../../oracle/dispute/execution.ts";
import { CHUNK_BYTES, DTYPES, elementCount, flatLayout } from "../../oracle/model/tensor.ts";
import type { Tolerance } from "../../oracle/model/tolerance.ts";
import { ChunkTree, treeDepth } from "../../oracle/vm/chunkTree.ts";
import type { Hex } from "../../oracle/vm/keccak.ts";
import { rootsOf } from "../../oracle/vm/programRoots.ts";
import { evaluateProgram } from "../../oracle/vm/reference.ts";
import type { Draft } from "./lies.ts";
import type { Terms } from "./paperVerdict.ts";
import type { Toy } from "./toyPrograms.ts";

export class Board {
  readonly execution: Execution;
  readonly input: Uint8Array;
  readonly trace: Uint8Array;
  /** Flat. */
  readonly output: Uint8Array;
  /** What a registration takes. */
  readonly registered: ReturnType<typeof rootsOf>;

  constructor({ program, input }: Toy) {
    this.input = input;
    this.trace = evaluateProgram(program.kernels, program.weights, input);
    this.execution = new Execution(program, {
      trace: new ChunkTree(this.trace),
      weights: new ChunkTree(program.weights),
      input: new ChunkTree(input),
    });
    const lengths = program.outputs.map(({ dtype, dims }) => elementCount(dims) * DTYPES[dtype].bytes);
    const from = (program.traceChunks - program.outputChunks) * CHUNK_BYTES;
    this.output = this.trace.slice(from, from + flatLayout(lengths).totalBytes);
    this.registered = rootsOf(program);
  }

  /** An answer, all right yet. */
  draft(): Draft {
    const trace = new Uint8Array(2 ** treeDepth(this.execution.program.traceChunks) * CHUNK_BYTES);
    trace.set(this.trace);
    return { execution: this.execution, input: this.input, trace, output: this.output.slice(), garbage: [] };
  }

  terms(tolerance: Tolerance, outputRoot: Hex): Terms {
    const { root, count } = this.execution.trees.input;
    const { outputs } = this.execution.program;
    return { roots: this.registered.roots, outputs, tolerance, input: { root, count }, outputRoot };
  }
}
