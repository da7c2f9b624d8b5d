// The largest and the dearest that the machine can be asked for: all of it must fit a transaction.
import { expect } from "chai";
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import { type Kernel, type Operand, SPACES } from "../../oracle/vm/descriptor.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { createHashEach } from "../../oracle/vm/keccakBatch.ts";
import type { Instruction } from "../../oracle/vm/opcodes.ts";
import { evaluateSegment, touchedChunks } from "../../oracle/vm/reference.ts";
import { validate } from "../../oracle/vm/validate.ts";
import { encodeWitness } from "../../oracle/vm/witness.ts";
import { dearest } from "../../scripts/bench/vm/dearest.ts";
import { Random } from "../../scripts/models/random.ts";
import { seed } from "../budget.ts";
import { bytes } from "../kernels/edges.ts";
import { leafOf, spacesOfCase } from "../kernels/random.ts";
import { deployMachine, type RunArguments, runArguments } from "./machine.ts";

/** EIP-7825. */
const MAX_GAS = 2n ** 24n;
/** What is around a run in a dispute has the rest of the 128 KiB that nodes take as one transaction. */
const MAX_CALLDATA_BYTES = 120_000;
const TIMEOUT_MS = 120_000;

const CHUNKS = 2 ** 17;
const MOST_CHUNKS = { trace: 46, weights: 45, input: 45 };

const get = (imm: number): Instruction => ({ op: "local.get", imm });
const times = (count: number, ...code: Instruction[]): Instruction[] =>
  Array.from({ length: count }, () => code).flat();

/** What becomes most EVM code: 18 bytes of 2, for two of the values that a section can make, and 43 of 10. */
const reinterpretations = (count: number) => times(count, { op: "i64.reinterpret_f64" }, { op: "f64.reinterpret_i64" });
const constants = (count: number, op: "f64.max" | "f64.sub") =>
  times(count, { op: "f64.const", imm: 0x3ff8000000000000n }, { op });
const loads = (count: number, operands: number): Instruction[] =>
  Array.from({ length: count }, (_, i) => ({ op: "call", imm: i % operands }));

/** Loads one after the other, the accumulator's bits being the first index. */
const indexed = (count: number, operands: number): Instruction[] => [
  get(16),
  { op: "i64.reinterpret_f64" },
  ...loads(count, operands),
  { op: "f64.reinterpret_i64" },
];

/** Both sections full to the last bytes and values; 8 steps, which have all 128 loads, and `finish` in one run. */
function longest(operands: readonly Operand[]): Kernel {
  return {
    dtype: "f64",
    accumulator: "f64",
    axes: Array(8).fill(2),
    digits: Array(8).fill(2),
    operands,
    init: 1,
    step: [...indexed(16, operands.length), ...reinterpretations(89), ...constants(29, "f64.max")],
    finish: [...indexed(8, operands.length), ...reinterpretations(91), ...constants(30, "f64.sub")],
  };
}

/** The gas limit of a call counts like a transaction's: calldata and all. */
async function expectFits(run: RunArguments, expected: Uint8Array): Promise<void> {
  const machine = await deployMachine();
  expect(machine.interface.encodeFunctionData("run", run).length / 2).to.be.lessThan(MAX_CALLDATA_BYTES);
  const { value } = await machine.run.staticCall(...run, { gasLimit: MAX_GAS });
  expect(value).to.equal(toHex(expected).padEnd(18, "0"));
}

describe("limits of TensorVM", () => {
  it("the longest code, with the most chunks in three trees of depth 17", async () => {
    const pattern = bytes(new Random(BigInt(seed)), 64 * CHUNK_BYTES);
    const space = new Uint8Array(CHUNKS * CHUNK_BYTES);
    for (let at = 0; at < space.length; at += pattern.length) space.set(pattern, at);
    const operands = Array.from({ length: 16 }, (_, k): Operand => {
      return { space: SPACES[k % 3] ?? "trace", dtype: "i64", first: 0n, count: 32 * CHUNKS };
    });
    const leaf = leafOf(longest(operands));
    const { valid, malformed } = validate(leaf.descriptor, leaf.chunks);
    if (valid === undefined) throw new Error(malformed.rule);
    expect(valid.stepsPerProof).to.equal(8);

    const kernelCase = { leaf, valid, firstChunk: CHUNKS, trace: space, weights: space, input: space };
    const tree = new ChunkTree(space, createHashEach());
    const trees = { trace: tree, weights: tree, input: tree };
    const run = { element: 2 ** 8 - 1, from: 2 ** 8 - 8, to: 2 ** 8, accumulator: 2 ** 20 };
    const chunks = touchedChunks(valid, spacesOfCase(kernelCase), run);
    for (const name of SPACES) {
      for (let i = 0; chunks[name].size < MOST_CHUNKS[name]; i++) {
        chunks[name].add(Math.floor((i * CHUNKS) / MOST_CHUNKS[name]));
      }
    }
    const [context, descriptor, segment] = runArguments(kernelCase, run, trees);
    const witness = encodeWitness(trees, chunks);
    const expected = evaluateSegment(valid, spacesOfCase(kernelCase), run);
    await expectFits([context, descriptor, segment, witness], expected);
  }).timeout(TIMEOUT_MS);

  it("the dearest kernel", async () => {
    const { kernelCase, trees } = dearest();
    const { valid } = kernelCase;
    const run = { element: 0, from: 0, to: valid.steps, accumulator: valid.kernel.init };
    expect(valid.stepsPerProof).to.equal(valid.steps);
    const expected = evaluateSegment(valid, spacesOfCase(kernelCase), run);
    await expectFits(runArguments(kernelCase, run, trees), expected);
  }).timeout(TIMEOUT_MS);
});
