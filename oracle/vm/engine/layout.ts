/** Where a program's spaces are in the one linear memory that its kernels run in. */
import { CHUNK_BYTES } from "../../model/tensor.ts";
import type { SpaceName } from "../descriptor.ts";
import { WASM_PAGE_BYTES } from "../webAssembly.ts";

/** 32-bit addresses. */
export const MAX_MEMORY_BYTES = 2 ** 32;
/** Vector loads may read this far beyond a tensor, what they find there does not count. */
export const SLACK_BYTES = 64;

export interface Layout {
  /** The address of each space. */
  readonly spaces: Readonly<Record<SpaceName, number>>;
  /** Chunks of each space. */
  readonly chunks: Readonly<Record<SpaceName, number>>;
  /** The first address after the spaces. */
  readonly end: number;
}

/** A program whose spaces do not fit 32-bit addresses. */
export class MemoryTooLargeError extends RangeError {
  readonly neededBytes: number;

  constructor(neededBytes: number) {
    super(`${neededBytes} bytes of memory are needed, ${MAX_MEMORY_BYTES} are the most that 32-bit addresses reach`);
    this.name = "MemoryTooLargeError";
    this.neededBytes = neededBytes;
  }
}

/** Weights, input, trace, one after the other. The first chunk of memory is nobody's. */
export function layoutOf(chunks: Readonly<Record<SpaceName, number>>): Layout {
  const weights = CHUNK_BYTES;
  const input = weights + chunks.weights * CHUNK_BYTES;
  const trace = input + chunks.input * CHUNK_BYTES;
  return { spaces: { weights, input, trace }, chunks, end: trace + chunks.trace * CHUNK_BYTES };
}

/** Pages for all addresses below `end`. Throws {@link MemoryTooLargeError}. */
export function pagesFor(end: number): number {
  if (end + SLACK_BYTES > MAX_MEMORY_BYTES) throw new MemoryTooLargeError(end + SLACK_BYTES);
  return Math.ceil((end + SLACK_BYTES) / WASM_PAGE_BYTES);
}
