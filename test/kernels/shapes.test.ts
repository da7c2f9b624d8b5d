// The engine's fast paths against the reference evaluator: on kernels of the shapes that models have, and with loops
// ordered, tiled and divided among workers in any way.
import { expect } from "chai";
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import type { Kernel } from "../../oracle/vm/descriptor.ts";
import { Executor, placeAlone, runProgram } from "../../oracle/vm/engine/executor.ts";
import { type KernelPlan, nestOf, planKernel } from "../../oracle/vm/engine/kernelCode.ts";
import { layoutOf, pagesFor } from "../../oracle/vm/engine/layout.ts";
import { liftKernel } from "../../oracle/vm/engine/lift.ts";
import type { Nest, Tiling } from "../../oracle/vm/engine/nest.ts";
import { addNestFunction, type RunRounds, roundCount } from "../../oracle/vm/engine/nestCode.ts";
import { placeKernels } from "../../oracle/vm/engine/placement.ts";
import { compileProgram } from "../../oracle/vm/engine/programCode.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { evaluateKernel, evaluateProgram } from "../../oracle/vm/reference.ts";
import { validate } from "../../oracle/vm/validate.ts";
import { buildModule } from "../../oracle/vm/wasmBuilder.ts";
import { WebAssembly } from "../../oracle/vm/webAssembly.ts";
import { Random } from "../../scripts/models/random.ts";
import { runs, seed } from "../budget.ts";
import { chance } from "./edges.ts";
import { type KernelCase, leafOf, randomCase, spacesOfCase } from "./random.ts";
import { randomShape, SHAPE_NAMES, type ShapeCase, type ShapeName } from "./shapes.ts";

const chunksIn = (bytes: Uint8Array) => Math.ceil(bytes.length / CHUNK_BYTES);

/** How the engine would run the case's last kernel; undefined if that is made of constants only, and so folded. */
function planOf({ leaves, weights, input }: ShapeCase): KernelPlan | undefined {
  const placed = placeKernels(leaves, { weights: chunksIn(weights), input: chunksIn(input) }).at(-1);
  if (placed?.valid === undefined) return undefined;
  const spaces = placed.valid.kernel.operands.map(({ space }) => space);
  return planKernel(placed.valid, liftKernel(placed.valid, placed.operands), spaces);
}

describe("the engine's loop nests", () => {
  for (const name of SHAPE_NAMES) {
    it(`give what the reference evaluator gives: ${name} (seed ${seed})`, function () {
      this.timeout(0);
      const random = new Random(BigInt(seed));
      for (let i = 0; i < runs(12, 2_000); i++) {
        const { leaves, weights, input } = randomShape(random, name);
        const expected = evaluateProgram(leaves, weights, input);
        expect(toHex(runProgram(leaves, weights, input)), `kernel ${i}`).to.equal(toHex(expected));
      }
    });
  }

  it(`need no buffers where memory has no room for them (seed ${seed})`, function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    for (let i = 0; i < runs(10, 500); i++) {
      const { leaves, weights, input } = randomShape(random, "window");
      const bytes = { weightBytes: weights.length, inputBytes: input.length };
      const code = compileProgram(leaves, bytes, { maxBytes: 0 });
      expect(code.end, `kernel ${i}`).to.equal(code.layout.end);
      const executor = new Executor(leaves, weights, input.length, placeAlone(code));
      executor.run(input);
      expect(toHex(executor.trace), `kernel ${i}`).to.equal(toHex(evaluateProgram(leaves, weights, input)));
    }
  });

  // At least this share, in percent, of the kernels with two axes or more that add up floats, or integers small enough to be exact floats.
  const strategies: readonly [ShapeName, "vectors" | "packed weights" | "packed images", number][] = [
    ["matmul", "vectors", 90],
    ["window", "vectors", 70],
    ["depthwise", "vectors", 60],
    ["transposedWindow", "vectors", 70],
    ["columns", "vectors", 50],
    ["matmul", "packed weights", 30],
    ["window", "packed weights", 30],
    ["depthwise", "packed weights", 80],
    ["window", "packed images", 50],
    ["transposedWindow", "packed images", 50],
  ];
  for (const [name, strategy, share] of strategies) {
    it(`use ${strategy} for most kernels: ${name}`, () => {
      const random = new Random(1n);
      let [count, using] = [0, 0];
      for (let i = 0; i < 40; i++) {
        const plan = planOf(randomShape(random, name));
        if (plan?.nest.step?.type !== "f64" || plan.nest.axisCount < 2) continue;
        count++;
        const { packs, tiling } = plan;
        const isUsing = {
          vectors: tiling.vectorAxis !== undefined,
          "packed weights": packs.some(({ isConstant }) => isConstant),
          "packed images": packs.some(({ isConstant }) => !isConstant),
        };
        if (isUsing[strategy]) using++;
      }
      expect(count).to.be.greaterThan(10);
      expect((100 * using) / count).to.satisfy((percent: number) => percent >= share);
    });
  }

  it(`do not depend on the order of the loops, on tiles or on who runs which rounds (seed ${seed})`, function () {
    this.timeout(0);
    const random = new Random(BigInt(seed));
    for (let i = 0; i < runs(40, 10_000); i++) {
      const kernelCase = randomCase(random);
      const expected = toHex(evaluateKernel(kernelCase.valid, spacesOfCase(kernelCase)));
      const { nest, output, run } = hostOf(kernelCase);
      for (let attempt = 0; attempt < 2; attempt++) {
        const tiling = randomTiling(random, nest);
        run(tiling, random.below(roundCount(nest, tiling) + 1));
        expect(toHex(output()), `kernel ${i} ${JSON.stringify(tiling)}`).to.equal(expected);
      }
    }
  });

  it("compute nothing beyond the end of an axis, where vectors have a lane left", () => {
    const { output, run } = hostOf(quotients());
    run({ order: [0], tiles: [2], vectorAxis: 0, panelAxis: undefined }, 1);
    expect([...new BigInt64Array(output().buffer)]).to.deep.equal([33n, 50n, 100n]);
  });
});

/** 100 / (3 - i), whose next element has no quotient. */
function quotients(): KernelCase {
  const kernel: Kernel = {
    ...{ dtype: "i64", accumulator: "none", axes: [3], digits: [], operands: [], init: 0n, step: [] },
    finish: [
      { op: "i64.const", imm: 100n },
      { op: "i64.const", imm: 3n },
      { op: "local.get", imm: 0 },
      { op: "i64.sub" },
      { op: "i64.div_s" },
    ],
  };
  const leaf = leafOf(kernel);
  const { valid } = validate(leaf.descriptor, leaf.chunks);
  if (valid === undefined) throw new TypeError("malformed");
  const none = new Uint8Array(0);
  return { leaf, valid, firstChunk: 0, trace: new Uint8Array(CHUNK_BYTES), weights: none, input: none };
}

/** A kernel's nest, and memory in which it can run. */
function hostOf({ leaf, valid, firstChunk, trace, weights, input }: KernelCase) {
  const chunks = { weights: chunksIn(weights), input: chunksIn(input) };
  const [, placed] = placeKernels([{ chunks: BigInt(firstChunk), descriptor: new Uint8Array() }, leaf], chunks);
  if (placed === undefined) throw new RangeError("no kernel");
  const nest = nestOf(valid, liftKernel(valid, placed.operands));
  const { spaces, end } = layoutOf({ ...chunks, trace: firstChunk + placed.chunks });
  const pages = pagesFor(end);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(weights, spaces.weights);
  bytes.set(input, spaces.input);
  bytes.set(trace.subarray(0, firstChunk * CHUNK_BYTES), spaces.trace);
  const target = spaces.trace + firstChunk * CHUNK_BYTES;
  const operands = valid.kernel.operands.map(({ space, first }) => spaces[space] + Number(first) * CHUNK_BYTES);
  const length = evaluateKernel(valid, spacesOfCase({ leaf, valid, firstChunk, trace, weights, input })).length;
  return {
    nest,
    output: () => bytes.slice(target, target + length),
    /** In two parts. */
    run: (tiling: Tiling, cut: number) => {
      bytes.fill(0, target, end);
      const module = buildModule((builder) => addNestFunction(builder, "run", nest, tiling, 1 + operands.length));
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
      const rounds = exports.run as RunRounds;
      rounds(cut, roundCount(nest, tiling), target, ...operands);
      rounds(0, cut, target, ...operands);
    },
  };
}

/** Any order of the axes, tiles of any size, vectors along any axis; digits keep their order, which is that of the sums. */
function randomTiling(random: Random, { graph: { extents }, axisCount }: Nest): Tiling {
  const order = Array.from({ length: axisCount }, (_, axis) => axis);
  for (let i = axisCount - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  const vectorAxis = axisCount > 0 && chance(random, 70) ? random.below(axisCount) : undefined;
  const tiles = extents.map((_, axis) => (axis < axisCount && chance(random, 30) ? 1 + random.below(3) : 1));
  if (vectorAxis !== undefined) tiles[vectorAxis] = 2 + 2 * random.below(3);
  // Steps are written out in the order of the digits only as far as all digits inside are written out whole.
  for (let digit = extents.length - 1; digit >= axisCount; digit--) {
    const extent = extents[digit] ?? 1;
    tiles[digit] = extent < 12 && chance(random, 30) ? extent : 1 + random.below(4);
    if (tiles[digit] !== extent) break;
  }
  return { order, tiles, vectorAxis, panelAxis: undefined };
}
