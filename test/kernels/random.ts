// Well-formed kernels at random: every instruction, dtype, accumulator and space, operands that are not in place, edge
// constants; and the bytes they load from.
import { CHUNK_BYTES, DTYPES, type Dtype, elementCount } from "../../oracle/model/tensor.ts";
import { encodeDescriptor, type Kernel, type Operand, SPACES, type SpaceName } from "../../oracle/vm/descriptor.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import type { Run } from "../../oracle/vm/reference.ts";
import { type Spaces, spaceOf } from "../../oracle/vm/spaces.ts";
import { type ValidKernel, validate } from "../../oracle/vm/validate.ts";
import { valueFromBits } from "../../oracle/vm/value.ts";
import type { Random } from "../../scripts/models/random.ts";
import { bits64, bytes, chance, f64, i64, oneOf } from "./edges.ts";
import { randomSection } from "./randomCode.ts";

/** A kernel at a place in a program, and all bytes it can reach. */
export interface KernelCase {
  readonly leaf: KernelLeaf;
  readonly valid: ValidKernel;
  /** The kernel's own first chunk: what is before it in `trace` it can load, what comes after it cannot. */
  readonly firstChunk: number;
  readonly trace: Uint8Array;
  readonly weights: Uint8Array;
  readonly input: Uint8Array;
}

const DTYPE_NAMES = Object.keys(DTYPES) as Dtype[];

export function randomCase(random: Random): KernelCase {
  const someChunks = () => Math.max(0, random.below(7) - 1);
  const chunks = { trace: someChunks(), weights: someChunks(), input: someChunks() };
  const kernel = randomKernel(random, chunks);
  const leaf = leafOf(kernel);
  const { valid, malformed } = validate(leaf.descriptor, leaf.chunks);
  // Code that grew beyond a limit: another one.
  if (valid === undefined) {
    if (!SIZE_RULES.has(malformed.rule)) throw new Error(`the generator broke ${malformed.rule}: ${malformed.detail}`);
    return randomCase(random);
  }
  const own = Number(leaf.chunks) + random.below(3);
  return {
    leaf,
    valid,
    firstChunk: chunks.trace,
    trace: bytes(random, (chunks.trace + own) * CHUNK_BYTES),
    weights: bytes(random, chunks.weights * CHUNK_BYTES),
    // The last chunk of the input may be a part of one.
    input: bytes(random, Math.max(0, chunks.input * CHUNK_BYTES - random.below(CHUNK_BYTES))),
  };
}

/** What the kernel of a case can load from. */
export function spacesOfCase({ firstChunk, trace, weights, input }: KernelCase): Spaces {
  return { trace: spaceOf(trace, BigInt(firstChunk)), weights: spaceOf(weights), input: spaceOf(input) };
}

/** Whole elements, the first and the last one among them, and segments that begin with any accumulator. */
export function someRuns(random: Random, { valid }: KernelCase): Run[] {
  const { elements, steps, kernel } = valid;
  const whole = (element: number): Run => ({ element, from: 0, to: steps, accumulator: kernel.init });
  const segment = (element: number): Run => {
    const from = random.below(steps + 1);
    const to = from + random.below(steps - from + 1);
    const accumulator = kernel.accumulator === "f64" ? valueFromBits("f64", f64(random)) : i64(random);
    return { element, from, to, accumulator };
  };
  const among = () => random.below(elements);
  const segments = steps > 0 ? [segment(among()), segment(among()), segment(among())] : [];
  return [whole(0), whole(elements - 1), whole(among()), ...segments];
}

/** The leaf of a kernel, with the chunks that its output needs. */
export function leafOf(kernel: Kernel): KernelLeaf {
  const outputBytes = elementCount(kernel.axes) * DTYPES[kernel.dtype].bytes;
  return { chunks: BigInt(Math.ceil(outputBytes / CHUNK_BYTES)), descriptor: encodeDescriptor(kernel) };
}

const SIZE_RULES = new Set<string>(["constants", "loads", "values", "stack", "cost", "sectionLength"]);

/** @param limits chunks of each space that the kernel can reach */
export function randomKernel(random: Random, limits: Readonly<Record<SpaceName, number>>): Kernel {
  const dtype = oneOf(random, DTYPE_NAMES);
  const accumulator = oneOf(random, ["none", "i64", "f64"] as const);
  const reduces = accumulator !== "none";
  const axes = extents(random, 0, 600);
  const digits = reduces ? extents(random, 1, 150) : [];
  const operands = randomOperands(random, limits);
  const place = { axes, digits, operands, accumulator };
  return {
    dtype,
    accumulator,
    axes,
    digits,
    operands,
    init: randomInit(random, accumulator),
    step: reduces ? randomSection(random, { ...place, section: "step", result: accumulator }) : [],
    finish: randomSection(random, {
      ...place,
      section: "finish",
      result: dtype === "f32" || dtype === "f64" ? "f64" : "i64",
    }),
  };
}

function randomInit(random: Random, accumulator: Kernel["accumulator"]): Kernel["init"] {
  if (accumulator === "none") return 0n;
  if (accumulator === "i64") return i64(random);
  return chance(random, 10) ? Number.NaN : valueFromBits("f64", f64(random));
}

/** Extents with a product of at most `limit`; now and then as many of them as there can be. */
function extents(random: Random, least: number, limit: number): number[] {
  const count = chance(random, 5) ? 8 : least + random.below(4 - least);
  const result: number[] = [];
  let room = limit;
  for (let i = 0; i < count; i++) {
    const extent = chance(random, 30) ? 1 : 1 + random.below(Math.min(room, chance(random, 20) ? room : 9));
    result.push(extent);
    room = Math.floor(room / extent);
  }
  return result;
}

function randomOperands(random: Random, limits: Readonly<Record<SpaceName, number>>): Operand[] {
  const count = chance(random, 5) ? 16 : random.below(5);
  return Array.from({ length: count }, () => {
    const space = oneOf(random, SPACES);
    return chance(random, 80) ? inPlace(random, space, limits[space]) : anywhere(random, space, limits[space]);
  });
}

function inPlace(random: Random, space: SpaceName, limit: number): Operand {
  const dtype = oneOf(random, DTYPE_NAMES);
  const first = random.below(limit + 1);
  const most = ((limit - first) * CHUNK_BYTES) / DTYPES[dtype].bytes;
  return { space, dtype, first: BigInt(first), count: chance(random, 40) ? most : random.below(most + 1) };
}

/** One chunk beside the limit on either side, one element beyond it, or far out. */
function anywhere(random: Random, space: SpaceName, limit: number): Operand {
  const dtype = oneOf(random, DTYPE_NAMES);
  const perChunk = CHUNK_BYTES / DTYPES[dtype].bytes;
  const first = random.below(limit + 2);
  const room = Math.max(0, limit - first) * perChunk;
  const far = oneOf(random, [bits64(random), 2n ** 64n - 1n, 2n ** 63n, 2n ** 32n]);
  return oneOf<Operand>(random, [
    { space, dtype, first: BigInt(first), count: room + 1 },
    { space, dtype, first: BigInt(first), count: room + perChunk },
    { space, dtype, first: far, count: random.below(300) },
    { space, dtype, first: BigInt(first), count: 2 ** 32 - 1 - random.below(2) },
  ]);
}
