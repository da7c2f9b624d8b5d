/** Runs programs: their spaces in one linear memory, their kernels compiled to WebAssembly. */
import { CHUNK_BYTES, DTYPES } from "../../model/tensor.ts";
import type { KernelLeaf } from "../kernelTree.ts";
import type { Run } from "../reference.ts";
import type { ValidKernel } from "../validate.ts";
import { encodeValue } from "../value.ts";
import { type WasmMemory, WebAssembly } from "../webAssembly.ts";
import type { Phase } from "./kernelCode.ts";
import { type Layout, pagesFor } from "./layout.ts";
import { liftKernel } from "./lift.ts";
import type { RunRounds } from "./nestCode.ts";
import type { PlacedKernel } from "./placement.ts";
import { type CompiledKernel, compileProgram, type ProgramCode } from "./programCode.ts";
import { type RunFinish, type RunSteps, segmentModule } from "./segmentCode.ts";

/** A kernel's functions and the addresses that they are given. */
interface Task {
  readonly phase: Phase;
  readonly run: RunRounds;
  readonly bases: readonly number[];
  readonly isConstant: boolean;
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
  readonly #inputBytes: number;
  /** By kernel. */
  readonly #tasks: readonly (readonly Task[])[];
  readonly #segments = new Map<string, SegmentCode>();

  /**
   * Throws a MemoryTooLargeError for a program that does not fit 32-bit addresses.
   * @param code of these kernels, for weights and an input of these lengths
   */
  constructor(
    kernels: readonly KernelLeaf[],
    weights: Uint8Array,
    inputBytes: number,
    code = compileProgram(kernels, { weightBytes: weights.length, inputBytes }),
  ) {
    this.#kernels = code.kernels;
    this.#layout = code.layout;
    this.#inputBytes = inputBytes;
    const pages = pagesFor(code.end);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.#tasks = this.#bind(code);
    this.#bytes().set(weights, this.#layout.spaces.weights);
    this.#runTasks((task) => task.isConstant);
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
    this.#runTasks((task) => !task.isConstant);
  }

  /** Runs one kernel over what the trace holds: for measuring. */
  runKernel(k: number): void {
    for (const task of this.#tasks[k] ?? []) if (!task.isConstant) task.run(0, task.phase.rounds, ...task.bases);
  }

  /** What `evaluateSegment` of the reference evaluator gives, of kernel `k` over the last input's trace. */
  segment(k: number, { element, from, to, accumulator }: Run): Uint8Array {
    const kernel = this.#kernels[k];
    if (kernel?.valid === undefined) throw new RangeError(`there is no kernel ${k} that is well-formed`);
    const { kernel: descriptor, steps } = kernel.valid;
    const code = this.#segmentCode(kernel, kernel.valid);
    const operands = this.#operandAddresses(kernel.valid);
    const bytes = this.#bytes();
    bytes.set(encodeValue(accumulator), ACCUMULATOR_AT);
    if (steps > 0) code.steps(ACCUMULATOR_AT, element, from, to, ...operands);
    if (to < steps) return bytes.slice(ACCUMULATOR_AT, ACCUMULATOR_AT + 8);
    code.finish(ACCUMULATOR_AT, element, ELEMENT_AT, ...operands);
    return bytes.slice(ELEMENT_AT, ELEMENT_AT + DTYPES[descriptor.dtype].bytes);
  }

  #runTasks(isWanted: (task: Task) => boolean): void {
    for (const tasks of this.#tasks) {
      for (const task of tasks) if (isWanted(task)) task.run(0, task.phase.rounds, ...task.bases);
    }
  }

  #bind({ compiled, buffers: addresses }: ProgramCode): Task[][] {
    const instances = new Map<CompiledKernel, Readonly<Record<string, unknown>>>();
    return this.#kernels.map((kernel, k) => {
      const own = compiled.get(kernel.structure);
      if (kernel.valid === undefined || own === undefined) return [];
      const exports =
        instances.get(own) ?? new WebAssembly.Instance(own.module, { env: { memory: this.#memory } }).exports;
      instances.set(own, exports);
      const buffers = addresses[k] ?? [];
      const operands = this.#operandAddresses(kernel.valid);
      const output = this.#layout.spaces.trace + kernel.firstChunk * CHUNK_BYTES;
      return own.code.phases.map((phase) => {
        const { name, buffer } = phase;
        const target = buffer === undefined ? output : (buffers[buffer] ?? 0);
        const isConstant = buffer !== undefined && own.code.buffers[buffer]?.isConstant === true;
        return { phase, run: exports[name] as RunRounds, bases: [target, ...operands, ...buffers], isConstant };
      });
    });
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
  #operandAddresses({ kernel }: ValidKernel): number[] {
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
