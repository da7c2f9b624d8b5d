/**
 * The Merkle sum tree over a program's kernels (docs/formats.md and docs/kernels.md, "Kernel tree"): it binds every
 * kernel to its place in the program and every trace chunk to one kernel.
 */
import { concatBytes } from "@noble/hashes/utils";
import { ByteReader } from "./byteReader.ts";
import { treeDepth } from "./chunkTree.ts";
import { type Hex, keccak256, toHex } from "./keccak.ts";

const NODE_BYTES = 32;
const SIBLING_BYTES = 40;
const LEAF_TAG = Uint8Array.of(0);
const INNER_TAG = Uint8Array.of(1);

export interface KernelLeaf {
  /** Chunks that the kernel adds to the trace, below 2^64. */
  readonly chunks: bigint;
  readonly descriptor: Uint8Array;
}

/** What a model's specification says of its program. */
export interface ProgramCommitment {
  readonly kernelRoot: Hex;
  readonly kernelCount: number;
  /** T. */
  readonly traceChunks: bigint;
}

interface SumNode {
  readonly hash: Uint8Array;
  readonly sum: bigint;
}

const MISSING: SumNode = { hash: new Uint8Array(NODE_BYTES), sum: 0n };

/** The tree of a program, its nodes kept and its descriptors not. */
export class KernelTree {
  readonly kernelCount: number;
  /** What registration takes: hashes to the root, and shows its sum. */
  readonly rootPreimage: Uint8Array;
  readonly #levels: SumNode[][];
  /** The first chunk of every kernel. */
  readonly #firsts: bigint[] = [];

  /** Throws a RangeError for no kernels, and for more chunks than 64 bits count. */
  constructor(kernels: Iterable<KernelLeaf>) {
    const leaves: SumNode[] = [];
    let chunksBefore = 0n;
    let preimage: Uint8Array | undefined;
    for (const kernel of kernels) {
      preimage = leafPreimage(kernel);
      leaves.push({ hash: keccak256(preimage), sum: kernel.chunks });
      this.#firsts.push(chunksBefore);
      chunksBefore += kernel.chunks;
    }
    if (preimage === undefined) throw new RangeError("a program without kernels");
    if (chunksBefore !== BigInt.asUintN(64, chunksBefore)) throw new RangeError(`${chunksBefore} trace chunks`);
    this.kernelCount = leaves.length;
    this.#levels = [leaves];
    for (let level = 0; level < treeDepth(leaves.length); level++) this.#levels.push(this.#parents(level));
    const below = this.#levels.length - 2;
    this.rootPreimage = below < 0 ? preimage : innerPreimage(this.#node(below, 0), this.#node(below, 1));
  }

  get root(): Hex {
    return toHex(this.#node(this.#levels.length - 1, 0).hash);
  }

  /** T. */
  get traceChunks(): bigint {
    return this.#node(this.#levels.length - 1, 0).sum;
  }

  /** The chunk of the trace that kernel `k` begins with. Throws a RangeError if there is no such kernel. */
  firstChunk(k: number): bigint {
    const first = this.#firsts[k];
    if (first === undefined) throw new RangeError(`there is no kernel ${k} among ${this.kernelCount}`);
    return first;
  }

  /** The kernel that a trace chunk belongs to. Throws a RangeError if the trace does not have the chunk. */
  kernelOf(chunk: bigint): number {
    if (chunk < 0n || chunk >= this.traceChunks) throw new RangeError(`there is no trace chunk ${chunk}`);
    // The last kernel that begins at the chunk or before: those of no chunks come before one that begins there too.
    let [low, high] = [0, this.kernelCount];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.firstChunk(middle) <= chunk) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The path of kernel `k`, leaf to root, 40 bytes a level. Throws a RangeError if there is no such kernel. */
  path(k: number): Uint8Array {
    this.firstChunk(k);
    const siblings = this.#levels.slice(0, -1).map((_, level) => {
      const { hash, sum } = this.#node(level, siblingOf(Math.floor(k / 2 ** level)));
      return concatBytes(hash, u64(sum));
    });
    return concatBytes(...siblings);
  }

  #node(level: number, position: number): SumNode {
    return this.#levels[level]?.[position] ?? missingNode(level);
  }

  #parents(level: number): SumNode[] {
    const count = Math.ceil((this.#levels[level]?.length ?? 0) / 2);
    return Array.from({ length: count }, (_, i) => inner(this.#node(level, 2 * i), this.#node(level, 2 * i + 1)));
  }
}

/**
 * Follows a kernel's path to the root.
 * @returns the kernel's first chunk in the trace, or undefined if the path does not show that the leaf is kernel `k`
 */
export function verifyKernel(
  { kernelRoot, kernelCount, traceChunks }: ProgramCommitment,
  k: number,
  leaf: KernelLeaf,
  path: Uint8Array,
): bigint | undefined {
  const depth = treeDepth(kernelCount);
  const isKernel = Number.isInteger(k) && k >= 0 && k < kernelCount;
  if (!isKernel || path.length !== depth * SIBLING_BYTES) return undefined;
  const reader = new ByteReader(path, () => new RangeError("the path is short"));
  let node: SumNode = { hash: keccak256(leafPreimage(leaf)), sum: leaf.chunks };
  let first = 0n;
  for (let level = 0; level < depth; level++) {
    const sibling = { hash: reader.take(NODE_BYTES), sum: reader.u64() };
    const isRight = Math.floor(k / 2 ** level) % 2 === 1;
    if (isRight) first += sibling.sum;
    node = isRight ? inner(sibling, node) : inner(node, sibling);
  }
  // Sums only grow: one that overflowed on the way, and was hashed without its high bits, does not end at T.
  return toHex(node.hash) === kernelRoot && node.sum === traceChunks ? first : undefined;
}

function leafPreimage({ chunks, descriptor }: KernelLeaf): Uint8Array {
  return concatBytes(LEAF_TAG, u64(chunks), descriptor);
}

function innerPreimage(left: SumNode, right: SumNode): Uint8Array {
  return concatBytes(INNER_TAG, left.hash, u64(left.sum), right.hash, u64(right.sum));
}

function inner(left: SumNode, right: SumNode): SumNode {
  return { hash: keccak256(innerPreimage(left, right)), sum: left.sum + right.sum };
}

/** The root of `2^level` missing kernels. */
function missingNode(level: number): SumNode {
  if (level === 0) return MISSING;
  const child = missingNode(level - 1);
  return inner(child, child);
}

const siblingOf = (position: number) => (position % 2 === 0 ? position + 1 : position - 1);

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
