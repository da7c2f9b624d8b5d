/** A program's kernels as code, and where in memory they work: all that does not depend on the weights' values. */
import { CHUNK_BYTES } from "../../model/tensor.ts";
import { chunkCount } from "../chunkTree.ts";
import type { KernelLeaf } from "../kernelTree.ts";
import { type WasmModule, WebAssembly } from "../webAssembly.ts";
import { compileKernel, type KernelCode, type KernelCodeOptions } from "./kernelCode.ts";
import { type Layout, layoutOf, MAX_MEMORY_BYTES, SLACK_BYTES } from "./layout.ts";
import { type PlacedKernel, placeKernels } from "./placement.ts";

export interface CompiledKernel {
  readonly code: KernelCode;
  readonly module: WasmModule;
}

export interface ProgramCode {
  readonly kernels: readonly PlacedKernel[];
  readonly layout: Layout;
  /** By {@link PlacedKernel.structure}. */
  readonly compiled: ReadonlyMap<string, CompiledKernel>;
  /** By kernel, the addresses of its buffers. */
  readonly buffers: readonly (readonly number[])[];
  /** The first address after all that the program uses. */
  readonly end: number;
  /** Whether its memory is one that threads share. */
  readonly isShared: boolean;
}

export interface CompileProgramOptions {
  readonly isShared?: boolean;
  /** Of memory; by default all that 32-bit addresses reach. */
  readonly maxBytes?: number;
}

/**
 * Compiles a program whose weights and input have these lengths. Buffers cost memory: without them every kernel still
 * runs, only slower, and so they are left out where they do not fit.
 */
export function compileProgram(
  leaves: readonly KernelLeaf[],
  { weightBytes, inputBytes }: { readonly weightBytes: number; readonly inputBytes: number },
  { isShared = false, maxBytes = MAX_MEMORY_BYTES }: CompileProgramOptions = {},
): ProgramCode {
  const chunks = { weights: chunkCount(weightBytes), input: chunkCount(inputBytes) };
  const kernels = placeKernels(leaves, chunks);
  const trace = kernels.reduce((sum, kernel) => sum + kernel.chunks, 0);
  const layout = layoutOf({ ...chunks, trace });
  const withBuffers = compileAll(kernels, layout, { mayPack: true, isShared });
  if (withBuffers.end + SLACK_BYTES <= maxBytes) return withBuffers;
  return compileAll(kernels, layout, { mayPack: false, isShared });
}

/** The code of each structure, once. */
function compileAll(kernels: readonly PlacedKernel[], layout: Layout, options: KernelCodeOptions): ProgramCode {
  const compiled = new Map<string, CompiledKernel>();
  for (const kernel of kernels) {
    if (kernel.valid === undefined || compiled.has(kernel.structure)) continue;
    const code = compileKernel(kernel.valid, kernel, options);
    compiled.set(kernel.structure, { code, module: new WebAssembly.Module(code.bytes) });
  }
  const { isShared } = options;
  return { kernels, layout, compiled, isShared, ...placeBuffers(kernels, compiled, layout.end) };
}

/** Buffers after the spaces: those of constants one after the other, the others in the same place for every kernel. */
function placeBuffers(
  kernels: readonly PlacedKernel[],
  compiled: ReadonlyMap<string, CompiledKernel>,
  start: number,
): Pick<ProgramCode, "buffers" | "end"> {
  const buffersOf = ({ structure }: PlacedKernel) => compiled.get(structure)?.code.buffers ?? [];
  let next = start;
  const take = (bytes: number) => {
    const address = next;
    next += Math.ceil(bytes / CHUNK_BYTES) * CHUNK_BYTES;
    return address;
  };
  const constants = kernels.map((kernel) =>
    buffersOf(kernel).map(({ bytes, isConstant }) => (isConstant ? take(bytes) : undefined)),
  );
  const shared = next;
  let end = shared;
  const buffers = kernels.map((kernel, k) => {
    next = shared;
    const addresses = buffersOf(kernel).map(({ bytes }, i) => constants[k]?.[i] ?? take(bytes));
    end = Math.max(end, next);
    return addresses;
  });
  return { buffers, end };
}
