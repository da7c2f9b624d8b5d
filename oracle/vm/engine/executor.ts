/** Runs programs: their spaces in one linear memory, their kernels compiled to WebAssembly. */
import { DTYPES } from "../../model/tensor.ts";
import type { KernelLeaf } from "../kernelTree.ts";
import type { Run } from "../reference.ts";
import type { ValidKernel } from "../validate.ts";
import { encodeValue } from "../value.ts";
import { type WasmMemory, WebAssembly } from "../webAssembly.ts";
import { type Layout, pagesFor } from "./layout.ts";
import { liftKernel } from "./lift.ts";
import type { PlacedKernel } from "./placement.ts";
import { compileProgram, type ProgramCode } from "./programCode.ts";
import { type RunFinish, type RunSteps, segmentModule } from "./segmentCode.ts";
import { operandAddresses, Tasks } from "./tasks.ts";
import { Team } from "./team.ts";

/** Where a program runs, and who runs it. */
export interface Place {
  readonly code: ProgramCode;
  /** Made by {@link Executor.memoryFor}. */
  readonly memory: WasmMemory;
  readonly team: Team;
}

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
  readonly #weightBytes: number;
  readonly #inputBytes: number;
  readonly #isShared: boolean;
  readonly #team: Team;
  readonly #tasks: Tasks;
  readonly #segments = new Map<string, SegmentCode>();

  /**
   * Throws a MemoryTooLargeError for a program that does not fit 32-bit addresses.
   * @param place of these kernels, for weights and an input of these lengths; by default one for this thread alone
   */
  constructor(
    kernels: readonly KernelLeaf[],
    weights: Uint8Array,
    inputBytes: number,
    place = placeAlone(compileProgram(kernels, { weightBytes: weights.length, inputBytes })),
  ) {
    const { code, memory, team } = place;
    this.#kernels = code.kernels;
    this.#layout = code.layout;
    this.#isShared = code.isShared;
    this.#weightBytes = weights.length;
    this.#inputBytes = inputBytes;
    this.#memory = memory;
    this.#team = team;
    this.#tasks = new Tasks(code, memory);
    this.#bytes().set(weights, this.#layout.spaces.weights);
    team.meet();
    this.#tasks.prepare(team);
  }

  /** Throws a MemoryTooLargeError. */
  static memoryFor({ end, isShared }: ProgramCode): WasmMemory {
    const pages = pagesFor(end);
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared });
  }

  /** A view; nobody but the constructor writes there. */
  get weights(): Uint8Array {
    const { weights } = this.#layout.spaces;
    return this.#bytes().subarray(weights, weights + this.#weightBytes);
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
    this.#team.meet();
    this.#tasks.run(this.#team);
  }

  /** What `evaluateSegment` of the reference evaluator gives, of kernel `k` over the last input's trace. */
  segment(k: number, { element, from, to, accumulator }: Run): Uint8Array {
    const kernel = this.#kernels[k];
    if (kernel?.valid === undefined) throw new RangeError(`there is no kernel ${k} that is well-formed`);
    const { kernel: descriptor, steps } = kernel.valid;
    const code = this.#segmentCode(kernel, kernel.valid);
    const operands = operandAddresses(kernel.valid, this.#layout);
    const bytes = this.#bytes();
    bytes.set(encodeValue(accumulator), ACCUMULATOR_AT);
    if (steps > 0) code.steps(ACCUMULATOR_AT, element, from, to, ...operands);
    if (to < steps) return bytes.slice(ACCUMULATOR_AT, ACCUMULATOR_AT + 8);
    code.finish(ACCUMULATOR_AT, element, ELEMENT_AT, ...operands);
    return bytes.slice(ELEMENT_AT, ELEMENT_AT + DTYPES[descriptor.dtype].bytes);
  }

  #segmentCode(placed: PlacedKernel, valid: ValidKernel): SegmentCode {
    const known = this.#segments.get(placed.structure);
    if (known !== undefined) return known;
    const module = new WebAssembly.Module(segmentModule(valid, liftKernel(valid, placed.operands), this.#isShared));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    const code = { steps: exports.steps as RunSteps, finish: exports.finish as RunFinish };
    this.#segments.set(placed.structure, code);
    return code;
  }

  #bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer);
  }
}

/** A place that nobody else knows. */
export function placeAlone(code: ProgramCode): Place {
  return { code, memory: Executor.memoryFor(code), team: Team.alone() };
}

/** The trace of a program, as the reference evaluator's `evaluateProgram` gives it. */
export function runProgram(kernels: readonly KernelLeaf[], weights: Uint8Array, input: Uint8Array): Uint8Array {
  const executor = new Executor(kernels, weights, input.length);
  executor.run(input);
  return executor.trace.slice();
}
