/** A program's run on an input, with all that proves what it did. */
import type { Program } from "../model/program.ts";
import type { ChunkTree } from "../vm/chunkTree.ts";
import type { SpaceName } from "../vm/descriptor.ts";
import { type KernelLeaf, KernelTree } from "../vm/kernelTree.ts";
import { type Spaces, treeSpace } from "../vm/spaces.ts";
import { type ValidKernel, validate } from "../vm/validate.ts";
import type { KernelProof } from "./session.ts";

/** A kernel and where its chunks are in the trace. */
export interface PlacedKernel {
  readonly number: number;
  readonly firstChunk: number;
  readonly leaf: KernelLeaf;
  /** Undefined: malformed, all its bytes are 0. */
  readonly valid: ValidKernel | undefined;
}

export class Execution {
  readonly program: Program;
  /** Of the canonical trace, the weights and the input. */
  readonly trees: Readonly<Record<SpaceName, ChunkTree>>;
  readonly #kernels: KernelTree;

  /** @param kernels of the program, for who has it already */
  constructor(
    program: Program,
    trees: Readonly<Record<SpaceName, ChunkTree>>,
    kernels: KernelTree = new KernelTree(program.kernels),
  ) {
    this.program = program;
    this.trees = trees;
    this.#kernels = kernels;
  }

  /** The kernel that a chunk of the trace belongs to. Throws a RangeError if the trace does not have the chunk. */
  kernelOf(chunk: number): PlacedKernel {
    const number = this.#kernels.kernelOf(BigInt(chunk));
    const leaf = this.program.kernels[number];
    if (leaf === undefined) throw new RangeError(`there is no kernel ${number}`);
    const { valid } = validate(leaf.descriptor, leaf.chunks);
    return { number, firstChunk: Number(this.#kernels.firstChunk(number)), leaf, valid };
  }

  /** Proves that a kernel is the program's. */
  proofOf({ number, leaf }: PlacedKernel): KernelProof {
    return { kernel: number, ...leaf, path: this.#kernels.path(number) };
  }

  /** What a kernel can load from: of the trace only what is before its own chunks. */
  spacesOf({ firstChunk }: PlacedKernel): Spaces {
    const { trace, weights, input } = this.trees;
    return { trace: treeSpace(trace, BigInt(firstChunk)), weights: treeSpace(weights), input: treeSpace(input) };
  }
}
