// A kernel of a small program, put into spaces of full size, so that its witness is as long as in a large model.

import { CHUNK_BYTES } from "../../../oracle/model/tensor.ts";
import { ChunkTree, chunkCount } from "../../../oracle/vm/chunkTree.ts";
import type { Kernel, SpaceName } from "../../../oracle/vm/descriptor.ts";
import { createHashEach } from "../../../oracle/vm/keccakBatch.ts";
import { validate } from "../../../oracle/vm/validate.ts";
import { type KernelCase, leafOf } from "../../../test/kernels/random.ts";
import { type Trees, treesOf } from "../../../test/vm/machine.ts";

/** Chunks of every space: a tree of depth 17 (33.5 MB, which is MobileNetV2 in f32). */
const CHUNKS = 2 ** 17;

/** Where the small program's bytes are. One buffer is all three spaces, so there is one tree to hash. */
const FIRST: Readonly<Record<SpaceName, number>> = { trace: 10_001, weights: 50_003, input: 90_005 };

export interface Placed {
  readonly kernelCase: KernelCase;
  readonly trees: Trees;
}

const hashEach = createHashEach();

/** @param contents the bytes of each space that the kernel was made for */
export function place(kernel: Kernel, contents: Readonly<Record<SpaceName, Uint8Array>>): Placed {
  const bytes = new Uint8Array(CHUNKS * CHUNK_BYTES);
  for (const space of ["trace", "weights", "input"] as const) bytes.set(contents[space], FIRST[space] * CHUNK_BYTES);
  const operands = kernel.operands.map((operand) => ({
    ...operand,
    first: operand.first + BigInt(FIRST[operand.space]),
  }));
  const tree = new ChunkTree(bytes, hashEach);
  const kernelCase = caseOf({ ...kernel, operands }, { trace: bytes, weights: bytes, input: bytes });
  return { kernelCase, trees: { trace: tree, weights: tree, input: tree } };
}

/** A kernel in spaces that hold nothing but its input. */
export function placeAlone(kernel: Kernel, input: Uint8Array): Placed {
  const kernelCase = caseOf(kernel, { trace: new Uint8Array(), weights: new Uint8Array(), input });
  return { kernelCase, trees: treesOf(kernelCase) };
}

/** The kernel is the last one of its program. */
function caseOf(kernel: Kernel, spaces: Readonly<Record<SpaceName, Uint8Array>>): KernelCase {
  const leaf = leafOf(kernel);
  const { valid, malformed } = validate(leaf.descriptor, leaf.chunks);
  if (valid === undefined) throw new Error(`the kernel breaks ${malformed.rule}: ${malformed.detail}`);
  return { leaf, valid, firstChunk: Math.max(0, chunkCount(spaces.trace.length) - valid.chunks), ...spaces };
}
