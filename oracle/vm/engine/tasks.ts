/** A program's functions over one memory, in order, with the addresses that they are given. */
import { CHUNK_BYTES } from "../../model/tensor.ts";
import type { ValidKernel } from "../validate.ts";
import { type WasmMemory, WebAssembly } from "../webAssembly.ts";
import type { Layout } from "./layout.ts";
import type { RunRounds } from "./nestCode.ts";
import type { CompiledKernel, ProgramCode } from "./programCode.ts";
import type { Team } from "./team.ts";

interface Task {
  readonly run: RunRounds;
  readonly rounds: number;
  readonly bases: readonly number[];
  /** Whether it reads weights only, and so need not run again for another input. */
  readonly isConstant: boolean;
}

export class Tasks {
  /** By kernel. */
  readonly #tasks: readonly (readonly Task[])[];

  constructor(code: ProgramCode, memory: WasmMemory) {
    const instances = new Map<CompiledKernel, Readonly<Record<string, unknown>>>();
    this.#tasks = code.kernels.map(({ structure, valid, firstChunk }, k) => {
      const compiled = code.compiled.get(structure);
      if (valid === undefined || compiled === undefined) return [];
      const { module, code: own } = compiled;
      const exports = instances.get(compiled) ?? new WebAssembly.Instance(module, { env: { memory } }).exports;
      instances.set(compiled, exports);
      const buffers = code.buffers[k] ?? [];
      const operands = operandAddresses(valid, code.layout);
      const output = code.layout.spaces.trace + firstChunk * CHUNK_BYTES;
      return own.phases.map(({ name, rounds, buffer }) => {
        const target = buffer === undefined ? output : (buffers[buffer] ?? 0);
        const isConstant = buffer !== undefined && own.buffers[buffer]?.isConstant === true;
        return { run: exports[name] as RunRounds, rounds, bases: [target, ...operands, ...buffers], isConstant };
      });
    });
  }

  /** Lays out the weights: once, when they are in place. */
  prepare(team: Team): void {
    for (const task of this.#tasks.flat()) if (task.isConstant) runShare(task, team);
  }

  /** Fills the trace. */
  run(team: Team): void {
    for (const task of this.#tasks.flat()) if (!task.isConstant) runShare(task, team);
  }
}

/** Others read what a task leaves, so nobody begins the next one before all have ended this one. */
function runShare({ run, rounds, bases }: Task, team: Team): void {
  const [begin, end] = team.shareOf(rounds);
  if (begin < end) run(begin, end, ...bases);
  team.meet();
}

/** The address of every operand's first element; of one that is not in place, which is never loaded, any. */
export function operandAddresses({ kernel }: ValidKernel, { spaces }: Layout): number[] {
  return kernel.operands.map(({ space, first }) => spaces[space] + Number(first) * CHUNK_BYTES);
}
