// A model that is disputed: its program, registered, and one canonical run of it.
import { getBytes, ZeroHash } from "ethers";
import { Execution } from "../../../oracle/dispute/execution.ts";
import { CHUNK_BYTES, DTYPES, elementCount, flatLayout } from "../../../oracle/model/tensor.ts";
import { ChunkTree } from "../../../oracle/vm/chunkTree.ts";
import { runProgram } from "../../../oracle/vm/engine/executor.ts";
import type { Hex } from "../../../oracle/vm/keccak.ts";
import { createHashEach } from "../../../oracle/vm/keccakBatch.ts";
import type { Arena } from "../../../test/dispute/arena.ts";
import { compiled } from "../../../test/programs.ts";
import { Random } from "../../models/random.ts";
import type { BenchModel } from "../engine/network.ts";

export interface Subject {
  readonly modelId: Hex;
  /** `abi.encode(ModelSpec)` */
  readonly spec: Uint8Array;
  readonly execution: Execution;
  readonly input: Uint8Array;
  readonly trace: Uint8Array;
  /** Flat. */
  readonly output: Uint8Array;
}

export async function prepare(arena: Arena, { onnx, inputDims }: BenchModel): Promise<Subject> {
  const registered = compiled(onnx);
  const { program } = registered;
  const random = new Random(2n);
  const values = Float32Array.from({ length: elementCount(inputDims) }, () => random.uniform(-2, 2));
  const input = new Uint8Array(values.buffer);
  const trace = runProgram(program.kernels, program.weights, input);
  const hashEach = createHashEach();
  const trees = {
    trace: new ChunkTree(trace, hashEach),
    weights: new ChunkTree(program.weights, hashEach),
    input: new ChunkTree(input, hashEach),
  };
  const { id, encoded } = await arena.register({ registered }, { salt: ZeroHash as Hex });
  const lengths = program.outputs.map(({ dtype, dims }) => elementCount(dims) * DTYPES[dtype].bytes);
  const from = (program.traceChunks - program.outputChunks) * CHUNK_BYTES;
  const output = trace.slice(from, from + flatLayout(lengths).totalBytes);
  return { modelId: id, spec: getBytes(encoded), execution: new Execution(program, trees), input, trace, output };
}
