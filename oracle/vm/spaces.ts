/** Where a kernel loads from. */
import { type ChunkTree, chunkAt, chunkCount } from "./chunkTree.ts";
import type { SpaceName } from "./descriptor.ts";

export interface Space {
  /** Operands beyond this chunk are not in place: T's prefix before the kernel, W or I. */
  readonly limit: bigint;
  /** Chunk `index`, below the limit. */
  chunk(index: number): Uint8Array;
}

export type Spaces = Readonly<Record<SpaceName, Space>>;

/** A load from a chunk that a witness does not have. The machine on the chain reverts for it: it is no verdict. */
export class MissingChunkError extends Error {
  readonly space: SpaceName;
  readonly index: number;

  constructor(space: SpaceName, index: number) {
    super(`chunk ${index} of the ${space} is not in the witness`);
    this.name = "MissingChunkError";
    this.space = space;
    this.index = index;
  }
}

/**
 * A space whose bytes are all here.
 * @param limit for a whole trace the kernel's first chunk; by default all of the bytes
 */
export function spaceOf(bytes: Uint8Array, limit = BigInt(chunkCount(bytes.length))): Space {
  return { limit, chunk: (index) => chunkAt(bytes, index) };
}

/** A space whose chunks are in a tree; each is copied once, however often it is read. */
export function treeSpace(tree: Pick<ChunkTree, "count" | "chunk">, limit = BigInt(tree.count)): Space {
  const copies = new Map<number, Uint8Array>();
  const chunk = (index: number) => {
    const copy = copies.get(index) ?? tree.chunk(index);
    copies.set(index, copy);
    return copy;
  };
  return { limit, chunk };
}

/** A space of which only the chunks of a witness are known; others throw {@link MissingChunkError}. */
export function witnessSpace(name: SpaceName, chunks: ReadonlyMap<number, Uint8Array>, limit: bigint): Space {
  const chunk = (index: number) => {
    const bytes = chunks.get(index);
    if (bytes === undefined) throw new MissingChunkError(name, index);
    return bytes;
  };
  return { limit, chunk };
}

/** The same space; the index of every chunk read goes into `touched`. */
export function recordingSpace(space: Space, touched: Set<number>): Space {
  const chunk = (index: number) => {
    touched.add(index);
    return space.chunk(index);
  };
  return { limit: space.limit, chunk };
}
