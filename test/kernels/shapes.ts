// Kernels of the shapes that models have, of random sizes: products of matrices, windows that slide over images,
// reductions, element by element. They load from every space and dtype, the borders of images among it.

import {
  asInteger,
  type Condition,
  f64,
  type I64,
  i64,
  isI64,
  loadElement,
  type Num,
} from "../../oracle/model/lower/expr.ts";
import { Kernels, load, position } from "../../oracle/model/lower/kernels.ts";
import { linkKernels } from "../../oracle/model/lower/link.ts";
import { constantTensor, type Tensor, tensorOf } from "../../oracle/model/lower/tensor.ts";
import { transposed } from "../../oracle/model/lower/view.ts";
import { CHUNK_BYTES, DTYPES, type Dtype, elementCount } from "../../oracle/model/tensor.ts";
import type { KernelLeaf } from "../../oracle/vm/kernelTree.ts";
import { evaluateProgram } from "../../oracle/vm/reference.ts";
import type { Random } from "../../scripts/models/random.ts";
import { bytes, chance, oneOf } from "./edges.ts";

/** A program whose last kernel has the shape. */
export interface ShapeCase {
  readonly leaves: readonly KernelLeaf[];
  readonly weights: Uint8Array;
  readonly input: Uint8Array;
}

export type ShapeName = keyof typeof SHAPES;

export function randomShape(random: Random, name: ShapeName): ShapeCase {
  const sources = new Sources(random);
  SHAPES[name](sources);
  return sources.link();
}

const FLOATS = ["f32", "f32", "f64"] as const;
const INTEGERS = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "bool"] as const;

/** Draws tensors from all spaces, and links what is computed from them. */
class Sources {
  readonly random: Random;
  readonly kernels = new Kernels(evaluateProgram);
  /** Whether the program computes with floats. */
  readonly isFloat: boolean;
  /** What sums of integers are multiplied by; undefined if they are stored as they are. */
  readonly scale: number | undefined;
  readonly #inputs: number[] = [];

  constructor(random: Random) {
    this.random = random;
    this.isFloat = chance(random, 60);
    this.scale = chance(random, 50) ? random.uniform(-0.1, 0.1) : undefined;
  }

  /** 1 to `most`. */
  size(most: number): number {
    return 1 + this.random.below(most);
  }

  dtype(): Dtype {
    return oneOf<Dtype>(this.random, this.isFloat ? FLOATS : INTEGERS);
  }

  zero(): number | bigint {
    return this.isFloat ? 0 : 0n;
  }

  /** A tensor as it comes, or with its dimensions in another order in memory. */
  tensor(dims: readonly number[], order = dims.map((_, axis) => axis)): Tensor {
    const dtype = this.dtype();
    const stored = order.map((axis) => dims[axis] ?? 1);
    const back = dims.map((_, axis) => order.indexOf(axis));
    return transposed(this.#stored(dtype, stored), back);
  }

  weights(dims: readonly number[]): Tensor {
    const dtype = this.dtype();
    return constantTensor(dtype, dims, bytes(this.random, elementCount(dims) * DTYPES[dtype].bytes));
  }

  #stored(dtype: Dtype, dims: readonly number[]): Tensor {
    const kind = this.random.below(3);
    if (kind === 0) return constantTensor(dtype, dims, bytes(this.random, elementCount(dims) * DTYPES[dtype].bytes));
    const count = elementCount(dims);
    const name = `input${this.#inputs.length}`;
    const input = tensorOf({ space: "input", dtype, count, name, position: this.#inputs.length }, dims);
    this.#inputs.push(Math.ceil((count * DTYPES[dtype].bytes) / CHUNK_BYTES));
    return kind === 1 ? input : tensorOf(this.kernels.copy(input), dims);
  }

  link(): ShapeCase {
    let chunk = 0;
    const first = this.#inputs.map((chunks) => {
      chunk += chunks;
      return chunk - chunks;
    });
    const { leaves, weights } = linkKernels(this.kernels.emitted, first);
    return { leaves, weights, input: bytes(this.random, chunk * CHUNK_BYTES) };
  }
}

const SHAPES = { matmul, window, depthwise, transposedWindow, pool, columns, elements, gather } as const;

export const SHAPE_NAMES = Object.keys(SHAPES) as ShapeName[];

function matmul(sources: Sources): void {
  const { random, kernels } = sources;
  const [batch, rows, columns, depth] = [sources.size(2), sources.size(9), sources.size(21), sources.size(20)];
  const a = sources.tensor([batch, rows, depth], chance(random, 30) ? [0, 2, 1] : [0, 1, 2]);
  const b = sources.tensor([batch, depth, columns], chance(random, 50) ? [0, 2, 1] : [0, 1, 2]);
  const bias = sources.weights([columns]);
  kernels.reduce(sources.dtype(), [batch, rows, columns], {
    digits: [depth],
    init: sources.zero(),
    step: (sum, [k], [n, i, j]) => sum.add(load(a, all(n, i, k)).mul(load(b, all(n, k, j)))),
    finish: (sum, [, , j]) => relu(sources, sum.add(load(bias, all(j)))),
  });
}

/** A window along one dimension of an image. */
interface Window {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
}

function windowOf(sources: Sources): Window {
  const [kernel, stride, dilation] = [sources.size(3), sources.size(2), sources.size(2)];
  return { input: sources.size(9), output: sources.size(9), kernel, stride, dilation, pad: sources.size(3) - 1 };
}

/** Where a window's element lies, and whether that is inside of the image. */
function along({ input, stride, dilation, pad }: Window, output: I64, digit: I64): { at: I64; inside: Condition } {
  const at = output.mul(stride).add(digit.mul(dilation)).sub(pad);
  return { at, inside: at.isBelow(input) };
}

/** An image's element, or 0 outside of it. */
function pixel(image: Tensor, indices: readonly I64[], inside: Condition): Num {
  return loadElement(image.source, inside.select(position(image, indices), i64(-1)));
}

function window(sources: Sources): void {
  const { random, kernels } = sources;
  const [y, x] = [windowOf(sources), windowOf(sources)];
  const group = sources.size(2);
  const [depth, maps] = [sources.size(5), sources.size(9)];
  const image = sources.tensor([y.input, x.input, group * depth], chance(random, 20) ? [2, 0, 1] : [0, 1, 2]);
  const weights = sources.tensor([group * maps, y.kernel, x.kernel, depth]);
  kernels.reduce(sources.dtype(), [y.output, x.output, group * maps], {
    digits: [y.kernel, x.kernel, depth],
    init: sources.zero(),
    step: (sum, [dy, dx, c], [i, j, m]) => {
      const [row, column] = [along(y, ...pair(i, dy)), along(x, ...pair(j, dx))];
      const channel = defined(m).div(maps).mul(depth).add(defined(c));
      const value = pixel(image, [row.at, column.at, channel], row.inside.and(column.inside));
      return sum.add(value.mul(load(weights, all(m, dy, dx, c))));
    },
    finish: (sum) => relu(sources, sum),
  });
}

function depthwise(sources: Sources): void {
  const { kernels } = sources;
  const [y, x] = [windowOf(sources), windowOf(sources)];
  const channels = sources.size(20);
  const image = sources.tensor([y.input, x.input, channels]);
  const weights = sources.weights([channels, y.kernel, x.kernel]);
  kernels.reduce(sources.dtype(), [y.output, x.output, channels], {
    digits: [y.kernel, x.kernel],
    init: sources.zero(),
    step: (sum, [dy, dx], [i, j, c]) => {
      const [row, column] = [along(y, ...pair(i, dy)), along(x, ...pair(j, dx))];
      const value = pixel(image, [row.at, column.at, defined(c)], row.inside.and(column.inside));
      return sum.add(value.mul(load(weights, all(c, dy, dx))));
    },
  });
}

function transposedWindow(sources: Sources): void {
  const { kernels } = sources;
  const { input, output, kernel, stride, dilation, pad } = windowOf(sources);
  const [depth, maps] = [sources.size(4), sources.size(9)];
  const image = sources.tensor([input, depth]);
  const weights = sources.weights([kernel, depth, maps]);
  kernels.reduce(sources.dtype(), [output, maps], {
    digits: [kernel, depth],
    init: sources.zero(),
    step: (sum, [d, c], [i, m]) => {
      const at = defined(i).add(pad).sub(defined(d).mul(dilation));
      const inside = at.isBelow(input * stride).and(at.rem(stride).eq(0n));
      const value = pixel(image, [at.div(stride), defined(c)], inside);
      return sum.add(value.mul(load(weights, all(d, c, m))));
    },
  });
}

function pool(sources: Sources): void {
  const { kernels } = sources;
  const [y, x] = [windowOf(sources), windowOf(sources)];
  const channels = sources.size(10);
  const image = sources.tensor([y.input, x.input, channels]);
  const least = sources.isFloat ? Number.NEGATIVE_INFINITY : -(2n ** 63n);
  kernels.reduce(sources.dtype(), [y.output, x.output, channels], {
    digits: [y.kernel, x.kernel],
    init: least,
    step: (best, [dy, dx], [i, j, c]) => {
      const [row, column] = [along(y, ...pair(i, dy)), along(x, ...pair(j, dx))];
      const inside = row.inside.and(column.inside);
      const value = pixel(image, [row.at, column.at, defined(c)], inside);
      const start: Num = typeof least === "bigint" ? i64(least) : f64(least);
      return best.max(inside.select(value, start));
    },
  });
}

/** Sums along a dimension that is not the last one, of differences that are squared. */
function columns(sources: Sources): void {
  const { kernels } = sources;
  const dims = [sources.size(4), sources.size(12), sources.size(12)];
  const [x, mean] = [sources.tensor(dims), sources.tensor([dims[0] ?? 1, dims[2] ?? 1])];
  kernels.reduce(sources.dtype(), [dims[0] ?? 1, dims[2] ?? 1], {
    digits: [dims[1] ?? 1],
    init: sources.zero(),
    step: (sum, [k], [i, j]) => {
      const difference = load(x, all(i, k, j)).sub(load(mean, all(i, j)));
      return sum.add(difference.mul(difference));
    },
  });
}

/** Broadcast, gone through backwards, shifted beyond the end. */
function elements(sources: Sources): void {
  const { kernels } = sources;
  const dims = [sources.size(5), sources.size(6), sources.size(20)];
  const [n = 1, h = 1, w = 1] = dims;
  const [x, row, column] = [sources.tensor(dims), sources.tensor([w]), sources.tensor([n, h])];
  const shift = sources.size(3) - 2;
  kernels.map(sources.dtype(), dims, ([a, b, c]) => {
    const back = i64(w - 1).sub(defined(c));
    const shifted = loadElement(row.source, defined(c).add(shift));
    const sum = load(x, all(a, b, back))
      .mul(load(column, all(a, b)))
      .add(shifted);
    return relu(sources, sum);
  });
}

/** Rows of a table, by indices some of which have none. */
function gather(sources: Sources): void {
  const { random, kernels } = sources;
  const [count, rows, width] = [sources.size(9), sources.size(9), sources.size(9)];
  const table = sources.tensor([rows, width]);
  const indices = constantTensor("i8", [count], bytes(random, count));
  kernels.map(sources.dtype(), [count, width], ([i, j]) => {
    const index = asInteger(load(indices, all(i)));
    return loadElement(table.source, index.mul(width).add(defined(j))).add(loadElement(table.source, index));
  });
}

/** Relu; of integers a scale, a rounding and limits, as quantised models have them. */
function relu(sources: Sources, x: Num): Num {
  if (!isI64(x)) return x.max(f64(0));
  return sources.scale === undefined ? x : x.toF64().roundF32().mul(sources.scale).max(-300).min(300).nearest().toI64();
}

/** Loop variables that are there. */
function all(...indices: (I64 | undefined)[]): I64[] {
  return indices.map(defined);
}

function pair(a: I64 | undefined, b: I64 | undefined): [I64, I64] {
  return [defined(a), defined(b)];
}

function defined(index: I64 | undefined): I64 {
  if (index === undefined) throw new RangeError("no such loop");
  return index;
}
