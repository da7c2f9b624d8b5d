/** Runs programs: their spaces in one linear memory, their kernels compiled to WebAssembly. */
import { CHUNK_BYTES, DTYPES } from "../../model/tensor.ts";
import { chunkCount } from "../chunkTree.ts";
import type { KernelLeaf } from "../kernelTree.ts";
import type { Run } from "../reference.ts";
import type { ValidKernel } from "../validate.ts";
import { encodeValue } from "../value.ts";
import { type WasmMemory, WebAssembly } from "../webAssembly.ts";
import { type Layout, layoutOf, pagesFor } from "./layout.ts";
import { liftKernel } from "./lift.ts";
import { type PlacedKernel, placeKernels } from "./placement.ts";
import { type RunFinish, type RunSteps, segmentModule } from "./segmentCode.ts";

interface SegmentCode {
  readonly steps: RunSteps;
  readonly finish: RunFinish;
}

/** Where an accumulator and a lone element are passed: in the first chunk of memory, which is nobody's. */
const ACCUMULATOR_AT = 8;
const ELEMENT_AT = 16;

export class Executor {
  readonly #kernels: readonly PlacedKernel[];
  readonly #layout: Layout;
  readonly #memory: WasmMemory;
  readonly #inputBytes: number;
  readonly #segments = new Map<string, SegmentCode>();

  /** Throws a MemoryTooLargeError for a program that does not fit 32-bit addresses. */
  constructor(kernels: readonly KernelLeaf[], weights: Uint8Array, inputBytes: number) {
    const chunks = { weights: chunkCount(weights.length), input: chunkCount(inputBytes) };
    this.#kernels = placeKernels(kernels, chunks);
    this.#inputBytes = inputBytes;
    const trace = this.#kernels.reduce((sum, kernel) => sum + kernel.chunks, 0);
    this.#layout = layoutOf({ ...chunks, trace });
    const pages = pagesFor(this.#layout.end);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.#bytes().set(weights, this.#layout.spaces.weights);
  }

  /** All kernels' outputs for the last input, a view. */
  get trace(): Uint8Array {
    const { spaces, end } = this.#layout;
    return this.#bytes().subarray(spaces.trace, end);
  }

  /** Fills the trace. Throws a RangeError for an input of another length. */
  run(input: Uint8Array): void {
    if (input.length !== this.#inputBytes) throw new RangeError(`an input of ${input.length} bytes`);
    this.#bytes().set(input, this.#layout.spaces.input);
    for (const kernel of this.#kernels) if (kernel.valid !== undefined) this.#runKernel(kernel, kernel.valid);
  }

  /** What `evaluateSegment` of the reference evaluator gives, of kernel `k` over the last input's trace. */
  segment(k: number, { element, from, to, accumulator }: Run): Uint8Array {
    const kernel = this.#kernels[k];
    if (kernel?.valid === undefined) throw new RangeError(`there is no kernel ${k} that is well-formed`);
    const { kernel: descriptor, steps } = kernel.valid;
    const code = this.#segmentCode(kernel, kernel.valid);
    const operands = this.#addresses(kernel.valid);
    const bytes = this.#bytes();
    bytes.set(encodeValue(accumulator), ACCUMULATOR_AT);
    if (steps > 0) code.steps(ACCUMULATOR_AT, element, from, to, ...operands);
    if (to < steps) return bytes.slice(ACCUMULATOR_AT, ACCUMULATOR_AT + 8);
    code.finish(ACCUMULATOR_AT, element, ELEMENT_AT, ...operands);
    return bytes.slice(ELEMENT_AT, ELEMENT_AT + DTYPES[descriptor.dtype].bytes);
  }

  #runKernel(placed: PlacedKernel, valid: ValidKernel): void {
    const code = this.#segmentCode(placed, valid);
    const operands = this.#addresses(valid);
    const init = encodeValue(valid.kernel.init);
    const { bytes: width } = DTYPES[valid.kernel.dtype];
    const outputAt = this.#layout.spaces.trace + placed.firstChunk * CHUNK_BYTES;
    const bytes = this.#bytes();
    for (let e = 0; e < valid.elements; e++) {
      bytes.set(init, ACCUMULATOR_AT);
      if (valid.steps > 0) code.steps(ACCUMULATOR_AT, e, 0, valid.steps, ...operands);
      code.finish(ACCUMULATOR_AT, e, outputAt + e * width, ...operands);
    }
  }

  #segmentCode(placed: PlacedKernel, valid: ValidKernel): SegmentCode {
    const known = this.#segments.get(placed.structure);
    if (known !== undefined) return known;
    const module = new WebAssembly.Module(segmentModule(valid, liftKernel(valid, placed.operands), false));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    const code = { steps: exports.steps as RunSteps, finish: exports.finish as RunFinish };
    this.#segments.set(placed.structure, code);
    return code;
  }

  /** The address of every operand's first element; of one that is not in place, which is never loaded, any. */
  #addresses({ kernel }: ValidKernel): number[] {
    return kernel.operands.map(({ space, first }) => this.#layout.spaces[space] + Number(first) * CHUNK_BYTES);
  }

  #bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer);
  }
}

/** The trace of a program, as the reference evaluator's `evaluateProgram` gives it. */
export function runProgram(kernels: readonly KernelLeaf[], weights: Uint8Array, input: Uint8Array): Uint8Array {
  const executor = new Executor(kernels, weights, input.length);
  executor.run(input);
  return executor.trace.slice();
}
