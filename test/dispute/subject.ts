// A small program with an input: its trace as an operator has it, right or wrong, and proofs about it.

import type { Program } from "../../oracle/model/program.ts";
import { CHUNK_BYTES, DTYPES, elementCount, flatLayout } from "../../oracle/model/tensor.ts";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { KernelTree } from "../../oracle/vm/kernelTree.ts";
import { rootsOf } from "../../oracle/vm/programRoots.ts";
import { evaluateProgram, evaluateSegment, touchedChunks } from "../../oracle/vm/reference.ts";
import { cutSegment } from "../../oracle/vm/segments.ts";
import { spaceOf } from "../../oracle/vm/spaces.ts";
import { type ValidKernel, validate } from "../../oracle/vm/validate.ts";
import { decodeValue, type Value } from "../../oracle/vm/value.ts";
import { encodeWitness } from "../../oracle/vm/witness.ts";
import type { FocusStruct } from "../../types/contracts/dispute/DisputeGame.ts";
import { compiled } from "../programs.ts";

const LEVELS = 6;

/** A part of a reduction, as the game states it. */
export type Focus = FocusStruct;

type Registered = ReturnType<typeof compiled>;

/** A program of one kernel that breaks the rules: it gives `chunks` chunks of zeros. */
export function malformedProgram(chunks: number): Registered {
  const bytes = chunks * CHUNK_BYTES;
  const program: Program = {
    kernels: [{ chunks: BigInt(chunks), descriptor: Uint8Array.of(1) }],
    weights: new Uint8Array(),
    inputs: [{ name: "x", dtype: "f32", dims: [1] }],
    outputs: [{ name: "y", dtype: "u8", dims: [bytes] }],
    traceChunks: chunks,
    inputChunks: 1,
    weightChunks: 0,
    outputChunks: chunks,
  };
  const { roots, rootPreimage } = rootsOf(program);
  const spec = { roots, compilerVersion: "0.1.0", compilerOptions: "{}", tolerance: { atol: 0, rtol: 0 } };
  return { program, spec, rootPreimage };
}

export class Subject {
  readonly registered: Registered;
  readonly input: Uint8Array;
  /** What the program gives. */
  readonly canonical: Uint8Array;
  readonly kernels: KernelTree;

  constructor(model: Uint8Array | Registered, input: Uint8Array) {
    this.registered = model instanceof Uint8Array ? compiled(model) : model;
    this.input = input;
    const { kernels, weights } = this.program;
    this.canonical = evaluateProgram(kernels, weights, input);
    this.kernels = new KernelTree(kernels);
  }

  get program() {
    return this.registered.program;
  }

  /** The flat output in a trace. */
  output(trace: Uint8Array): Uint8Array {
    const { outputChunks, outputs } = this.program;
    const lengths = outputs.map(({ dims, dtype }) => elementCount(dims) * DTYPES[dtype].bytes);
    const start = trace.length - outputChunks * CHUNK_BYTES;
    return trace.slice(start, start + flatLayout(lengths).totalBytes);
  }

  kernelProof(kernel: number) {
    const { chunks, descriptor } = this.leaf(kernel);
    return { kernel, chunks, descriptor, path: this.kernels.path(kernel) };
  }

  leaf(kernel: number) {
    const leaf = this.program.kernels[kernel];
    if (leaf === undefined) throw new RangeError(`no kernel ${kernel}`);
    return leaf;
  }

  valid(kernel: number): ValidKernel {
    const { descriptor, chunks } = this.leaf(kernel);
    const { valid } = validate(descriptor, chunks);
    if (valid === undefined) throw new Error(`kernel ${kernel} is malformed`);
    return valid;
  }

  /** The trace chunk with an element. */
  chunkOf(kernel: number, element: number): number {
    const { bytes } = DTYPES[this.valid(kernel).kernel.dtype];
    return Number(this.kernels.firstChunk(kernel)) + Math.floor((element * bytes) / CHUNK_BYTES);
  }

  /** A trace that differs from the right one in a byte. */
  corrupted(byte: number, flip = 1): Uint8Array {
    const trace = this.canonical.slice();
    trace[byte] = (trace[byte] ?? 0) ^ flip;
    return trace;
  }

  /** The chunks that steps `from` to `to` of an element load, proved in a trace. */
  witness(trace: Uint8Array, kernel: number, run: { element: number; from: number; to: number }): Uint8Array {
    const { weights } = this.program;
    const trees = { trace: new ChunkTree(trace), weights: new ChunkTree(weights), input: new ChunkTree(this.input) };
    const accumulator = this.valid(kernel).kernel.init;
    return encodeWitness(trees, touchedChunks(this.valid(kernel), this.spaces(kernel, trace), { ...run, accumulator }));
  }

  /** The accumulators between the segments of steps `from` to `to`, as the program gives them in a trace. */
  sums(trace: Uint8Array, kernel: number, element: number, from = 0, to = this.valid(kernel).steps): Uint8Array[] {
    const valid = this.valid(kernel);
    const spaces = this.spaces(kernel, trace);
    const type = valid.kernel.accumulator === "f64" ? "f64" : "i64";
    let accumulator: Value = valid.kernel.init;
    const sums: Uint8Array[] = [];
    const cuts = [{ from: 0, to: from }, ...cutSegment({ from, to }, valid.stepsPerProof)];
    for (const segment of cuts.slice(0, -1)) {
      if (segment.from === segment.to) continue;
      const bytes = evaluateSegment(valid, spaces, { element, ...segment, accumulator });
      accumulator = decodeValue(type, bytes) ?? Number.NaN;
      if (segment.from >= from && segment.to > from) sums.push(bytes);
    }
    return sums;
  }

  private spaces(kernel: number, trace: Uint8Array) {
    const before = trace.subarray(0, Number(this.kernels.firstChunk(kernel)) * CHUNK_BYTES);
    return { trace: spaceOf(before), weights: spaceOf(this.program.weights), input: spaceOf(this.input) };
  }
}

/** A chunk with its path up to level `height` of the tree. */
export function chunkProof(tree: ChunkTree, index: number, height = tree.depth) {
  const { chunk, siblings } = tree.proof(index);
  return { index, chunk, path: siblings.slice(0, height) };
}

/** The siblings of a node, its own first, up to level `top`. */
export function nodePath(tree: ChunkTree, height: number, index: number, top = tree.depth): string[] {
  return Array.from({ length: top - height }, (_, level) =>
    toHex(tree.node(height + level, Math.floor(index / 2 ** level) ^ 1)),
  );
}

/** The nodes six levels below a node, or all leaves. */
export function frontier(tree: ChunkTree, height: number, index: number): string[] {
  const levels = Math.min(LEVELS, height);
  return Array.from({ length: 2 ** levels }, (_, i) => toHex(tree.node(height - levels, index * 2 ** levels + i)));
}
