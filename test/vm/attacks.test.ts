// DESIGN.md, section 9, as far as it is about the machine: proofs, programs, numbers and gas. Multiproofs and kernel
// paths by themselves are in test/parity/proofs.test.ts, random kernels and mutated leaves in parity.test.ts.
import { expect } from "chai";
import { CHUNK_BYTES } from "../../oracle/model/tensor.ts";
import { ChunkTree } from "../../oracle/vm/chunkTree.ts";
import type { Kernel, Operand, SpaceName } from "../../oracle/vm/descriptor.ts";
import { toHex } from "../../oracle/vm/keccak.ts";
import { type Instruction, OPCODE_NAMES, OPCODES, type OpcodeName } from "../../oracle/vm/opcodes.ts";
import { evaluateSegment, type Run, touchedChunks } from "../../oracle/vm/reference.ts";
import { validate } from "../../oracle/vm/validate.ts";
import { encodeWitness } from "../../oracle/vm/witness.ts";
import { Random } from "../../scripts/models/random.ts";
import type { TensorVM } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { BOUNDARIES } from "../kernels/boundaries.ts";
import { bytes, F64_EDGES, I64_EDGES, oneOf } from "../kernels/edges.ts";
import { type KernelCase, leafOf, spacesOfCase } from "../kernels/random.ts";
import { deployMachine, outcomeOf, type RunArguments, runArguments, treesOf } from "./machine.ts";

const TIMEOUT_MS = runs(120_000, 7_200_000);

const get = (imm: number): Instruction => ({ op: "local.get", imm });
const load = (imm: number): Instruction => ({ op: "call", imm });
const integer = (imm: bigint): Instruction => ({ op: "i64.const", imm });

/** Adds up 64 elements of every operand, one of each per step. Locals: digit 0, accumulator 1. */
function sumOf(...operands: Operand[]): Kernel {
  return {
    dtype: "i64",
    accumulator: "i64",
    axes: [],
    digits: [64],
    operands,
    init: 0n,
    step: [get(1), ...operands.flatMap((_, k): Instruction[] => [get(0), load(k), { op: "i64.add" }])],
    finish: [get(1)],
  };
}

/** An element of operand 0 at an index. */
function elementAt(operand: Operand, index: bigint): Kernel {
  const finish = [integer(index), load(0)];
  return { ...sumOf(operand), accumulator: "none", digits: [], step: [], finish };
}

function caseOf(kernel: Kernel, contents: Partial<Pick<KernelCase, SpaceName>>, firstChunk = 0): KernelCase {
  const leaf = leafOf(kernel);
  const { valid, malformed } = validate(leaf.descriptor, leaf.chunks);
  if (valid === undefined) throw new Error(malformed.rule);
  const nothing = new Uint8Array();
  return { leaf, valid, firstChunk, trace: nothing, weights: nothing, input: nothing, ...contents };
}

const whole = ({ valid }: KernelCase): Run => ({
  element: 0,
  from: 0,
  to: Math.min(valid.steps, valid.stepsPerProof),
  accumulator: valid.kernel.init,
});

describe("attacks on TensorVM", () => {
  let machine: TensorVM;
  const random = new Random(BigInt(seed));
  const weights = bytes(random, 8 * CHUNK_BYTES);
  const input = bytes(random, 8 * CHUNK_BYTES);
  const numbers = caseOf(
    sumOf(
      { space: "weights", dtype: "i64", first: 2n, count: 64 },
      { space: "input", dtype: "i64", first: 5n, count: 64 },
    ),
    { weights, input },
  );

  before(async () => {
    machine = await deployMachine();
  });

  async function expectReference(kernelCase: KernelCase, run = whole(kernelCase)): Promise<void> {
    const expected = toHex(evaluateSegment(kernelCase.valid, spacesOfCase(kernelCase), run));
    const { value } = await outcomeOf(machine, runArguments(kernelCase, run));
    expect(value).to.equal(expected.padEnd(18, "0"));
  }

  const expectRevert = (run: RunArguments, error: string, ...args: unknown[]) => {
    const reverts = expect(machine.run.staticCall(...run)).to.be.revertedWithCustomError(machine, error);
    return args.length > 0 ? reverts.withArgs(...args) : reverts;
  };

  /** Undefined if it reverts. */
  async function valueGiven(run: RunArguments, gasLimit?: bigint): Promise<string | undefined> {
    try {
      const { value } = await machine.run.staticCall(...run, gasLimit === undefined ? {} : { gasLimit });
      return value;
    } catch (error) {
      // Hardhat reports a call that runs out of gas as an error of the network's, not as a revert.
      expect(error)
        .to.have.property("message")
        .that.matches(/revert|out of gas/i);
      return undefined;
    }
  }

  /** `numbers` with another witness, or other trees. */
  function changed(change: (witness: Uint8Array) => Uint8Array, context: Partial<RunArguments[0]> = {}): RunArguments {
    const [given, descriptor, segment, witness] = runArguments(numbers, whole(numbers));
    return [{ ...given, ...context }, descriptor, segment, change(witness)];
  }
  const same = (witness: Uint8Array) => witness;

  describe("proofs", () => {
    it("the honest witness is accepted", () => expectReference(numbers));

    it("a byte after the witness", () =>
      expectRevert(
        changed((witness) => Uint8Array.from([...witness, 0])),
        "WitnessMalformed",
      ));

    it("a section that is neither present nor absent", () =>
      expectRevert(
        changed((witness) => Uint8Array.from([2, ...witness.slice(1)])),
        "WitnessMalformed",
      ));

    it("nothing at all", () =>
      expectRevert(
        changed(() => new Uint8Array()),
        "WitnessMalformed",
      ));

    it("a witness cut anywhere", async () => {
      const [, , , witness] = runArguments(numbers, whole(numbers));
      for (let length = 0; length < witness.length; length += 1 + Math.floor(witness.length / 40)) {
        expect(await valueGiven(changed(() => witness.subarray(0, length))), `${length} bytes`).to.equal(undefined);
      }
    }).timeout(TIMEOUT_MS);

    it("another model's weights", () => {
      const other = new ChunkTree(bytes(random, 8 * CHUNK_BYTES));
      return expectRevert(changed(same, { weightsRoot: other.root }), "RootMismatch");
    });

    it("another request's input", () => {
      const other = new ChunkTree(bytes(random, 8 * CHUNK_BYTES));
      return expectRevert(changed(same, { inputRoot: other.root }), "RootMismatch");
    });

    it("a tree of another depth", () =>
      expectRevert(changed(same, { weightsChunks: 16 }), "MultiproofSiblingsMismatch"));

    it("an index past the end", () => expectRevert(changed(same, { inputChunks: 5 }), "ChunkIndexOutOfRange"));

    it("the sections of two spaces swapped", () => {
      const trees = treesOf(numbers);
      const touched = touchedChunks(numbers.valid, spacesOfCase(numbers), whole(numbers));
      const swapped = encodeWitness(
        { ...trees, weights: trees.input, input: trees.weights },
        { ...touched, weights: touched.input, input: touched.weights },
      );
      return expectRevert(
        changed(() => swapped),
        "RootMismatch",
      );
    });

    it("one flipped bit in a chunk", () =>
      expectRevert(
        changed((witness) => witness.map((byte, i) => (i === 40 ? byte ^ 1 : byte))),
        "RootMismatch",
      ));

    it("a chunk left out: missing, and no verdict", async () => {
      const touched = touchedChunks(numbers.valid, spacesOfCase(numbers), whole(numbers));
      for (const [id, space] of (["trace", "weights", "input"] as const).entries()) {
        for (const chunk of touched[space]) {
          const rest = new Set([...touched[space]].filter((other) => other !== chunk));
          const witness = encodeWitness(treesOf(numbers), { ...touched, [space]: rest });
          await expectRevert(
            changed(() => witness),
            "MissingChunk",
            id,
            chunk,
          );
        }
      }
    });

    it("more chunks than a run can load", () => {
      const many = bytes(random, 137 * CHUNK_BYTES);
      const kernelCase = caseOf(numbers.valid.kernel, { weights: many, input });
      const all = new Set(Array.from({ length: 137 }, (_, i) => i));
      const trees = treesOf(kernelCase);
      const [context, descriptor, segment] = runArguments(kernelCase, whole(kernelCase));
      const witness = encodeWitness(trees, { trace: new Set(), weights: all, input: new Set() });
      return expectRevert([context, descriptor, segment, witness], "TooManyChunks", 137);
    });

    it("chunks that all want one slot of the table", async () => {
      const far = bytes(random, 1_100 * CHUNK_BYTES);
      // Operands begin 0x25 slots apart: these chunks are 256, and 37, and 0 slots from each other.
      const firsts = [0n, 256n, 512n, 768n, 1_024n, 219n, 475n];
      const operands = firsts.map((first): Operand => ({ space: "weights", dtype: "u8", first, count: 9_000 }));
      const indices = [0n, 256n, 512n, 37n * 256n - 1n, 8_000n];
      const loads = operands.flatMap((_, k) =>
        indices.flatMap((index): Instruction[] => [integer(index), load(k), { op: "i64.add" }]),
      );
      const base = elementAt({ space: "weights", dtype: "u8", first: 0n, count: 1 }, 0n);
      await expectReference(caseOf({ ...base, operands, finish: [integer(0n), ...loads] }, { weights: far }));
    });
  });

  describe("programs", () => {
    it("every malformed class, and what is just well-formed", async () => {
      for (const { name, leaf, rule } of BOUNDARIES) {
        const { malformed } = await machine.inspect(leaf.chunks, leaf.descriptor);
        expect(malformed, name).to.equal(rule !== undefined);
      }
    }).timeout(TIMEOUT_MS);

    it("all bytes of a malformed kernel are 0, whatever is asked of it", async () => {
      const [context, , , witness] = runArguments(numbers, whole(numbers));
      const nonsense = { element: 2 ** 31, from: 9, to: 3, accumulator: new Uint8Array(8).fill(0xff) };
      const { shape, value } = await outcomeOf(machine, [context, new Uint8Array(30), nonsense, witness.subarray(7)]);
      expect(shape).to.equal(undefined);
      expect(value).to.equal("0x0000000000000000");
    });

    it("a forward read gives 0 and needs no witness", async () => {
      const trace = bytes(random, 8 * CHUNK_BYTES);
      for (const [first, count] of [
        [4n, 1],
        [3n, 33],
        [0n, 129],
        [2n ** 64n - 1n, 2 ** 32 - 1],
      ] as const) {
        const kernelCase = caseOf(elementAt({ space: "trace", dtype: "i64", first, count }, 0n), { trace }, 4);
        const { value } = await outcomeOf(machine, runArguments(kernelCase, whole(kernelCase)));
        expect(value).to.equal("0x0000000000000000");
      }
    });

    it("an operand that ends where the kernel begins is in place", () =>
      expectReference(
        caseOf(elementAt({ space: "trace", dtype: "i64", first: 3n, count: 32 }, 31n), { trace: input }, 4),
      ));

    it("operands that overlap", () => {
      const operands = (["u8", "i16", "i64", "i8"] as const).map(
        (dtype): Operand => ({ space: "input", dtype, first: 1n, count: 64 }),
      );
      const kernelCase = caseOf({ ...sumOf(...operands), digits: [32] }, { input });
      return expectReference(kernelCase);
    });

    it("bytes behind an operand's last element are not its own", async () => {
      const full = new Uint8Array(2 * CHUNK_BYTES).fill(0xff);
      for (const index of [9n, 10n, 31n, 32n, 63n, -1n, -32n, 2n ** 62n, -(2n ** 63n), 2n ** 63n - 1n]) {
        const operand: Operand = { space: "input", dtype: "i64", first: 0n, count: 10 };
        await expectReference(caseOf(elementAt(operand, index), { input: full }));
      }
    });

    it("the last chunk of a space is a part of one", () =>
      expectReference(
        caseOf(elementAt({ space: "input", dtype: "i32", first: 1n, count: 64 }, 1n), {
          input: input.subarray(0, 263),
        }),
      ));

    it("an element or steps that there are not", async () => {
      const [context, descriptor, segment, witness] = runArguments(numbers, whole(numbers));
      const ask = (part: Partial<RunArguments[2]>): RunArguments => [
        context,
        descriptor,
        { ...segment, ...part },
        witness,
      ];
      await expectRevert(ask({ element: 1 }), "ElementOutOfRange", 1, 1);
      await expectRevert(ask({ from: 1, to: 1 }), "StepsOutOfRange", 1, 1, 64);
      await expectRevert(ask({ from: 2, to: 1 }), "StepsOutOfRange", 2, 1, 64);
      await expectRevert(ask({ to: 65 }), "StepsOutOfRange", 0, 65, 64);
      const longer = caseOf({ ...numbers.valid.kernel, digits: [65] }, { weights, input });
      const run = runArguments(longer, { ...whole(longer), to: 65 });
      await expectRevert(run, "TooManySteps", 65, 64);
    });
  });

  describe("numbers", () => {
    /** Mixes the bits of an operation on 64 pairs of operands into one integer. */
    function mixed(op: OpcodeName): Kernel {
      const { pops = [], pushes } = OPCODES[op];
      const type = pops[0] === "f64" ? "f64" : "i64";
      const operands = [0n, 2n].map((first): Operand => ({ space: "input", dtype: type, first, count: 64 }));
      const toInteger: Record<string, Instruction[]> = {
        f64: [{ op: "i64.reinterpret_f64" }],
        i32: [{ op: "i64.extend_i32_u" }],
        i64: [],
      };
      return {
        ...sumOf(...operands),
        step: [
          ...[get(1), integer(31n), { op: "i64.mul" } as const],
          ...pops.flatMap((_, k) => [get(0), load(k)]),
          ...[{ op } as Instruction, ...(toInteger[pushes ?? "i64"] ?? []), { op: "i64.add" } as const],
        ],
      };
    }

    const plainOf = (type: "i64" | "f64") =>
      OPCODE_NAMES.filter((name) => OPCODES[name].immediate === undefined && OPCODES[name].pops?.[0] === type);

    /** NaN payloads, both zeros, infinities, subnormals, ties, numbers that cancel; ends of i64, shift counts. */
    for (const [type, edges] of [
      ["f64", F64_EDGES],
      ["i64", I64_EDGES],
    ] as const) {
      it(`${type}: every instruction on edges`, async () => {
        const rounds = runs(2, 100);
        for (const op of plainOf(type)) {
          for (let round = 0; round < rounds; round++) {
            const pairs = new BigUint64Array(128).map(() => BigInt.asUintN(64, oneOf(random, edges)));
            await expectReference(caseOf(mixed(op), { input: new Uint8Array(pairs.buffer) }));
          }
        }
      }).timeout(TIMEOUT_MS);
    }

    it("an accumulator with another NaN than the canonical one", async () => {
      const kernel: Kernel = {
        ...sumOf(),
        accumulator: "f64",
        dtype: "f64",
        init: 0,
        step: [get(1)],
        finish: [get(1)],
      };
      const kernelCase = caseOf(kernel, {});
      const [context, descriptor, , witness] = runArguments(kernelCase, whole(kernelCase));
      const from = (...accumulator: number[]): RunArguments => [
        context,
        descriptor,
        { element: 0, from: 1, to: 2, accumulator: Uint8Array.from(accumulator) },
        witness,
      ];
      const canonical = [0, 0, 0, 0, 0, 0, 0xf8, 0x7f];
      expect((await outcomeOf(machine, from(...canonical))).value).to.equal("0x000000000000f87f");
      await expectRevert(from(1, 0, 0, 0, 0, 0, 0xf8, 0x7f), "AccumulatorNotCanonical");
      await expectRevert(from(0, 0, 0, 0, 0, 0, 0xf8, 0xff), "AccumulatorNotCanonical");
      await expectRevert(from(1, 0, 0, 0, 0, 0, 0xf0, 0x7f), "AccumulatorNotCanonical");
      expect((await outcomeOf(machine, from(0, 0, 0, 0, 0, 0, 0xf0, 0x7f))).value).to.equal("0x000000000000f07f");
      expect((await outcomeOf(machine, from(0, 0, 0, 0, 0, 0, 0, 0x80))).value).to.equal("0x0000000000000080");
    });
  });

  describe("gas", () => {
    it("a starved run reverts, or gives what it gives with plenty", async () => {
      const run = runArguments(numbers, whole(numbers));
      const plenty = await machine.run.estimateGas(...run);
      const { value } = await outcomeOf(machine, run);
      const outcomes = { reverted: 0, finished: 0 };
      const stride = BigInt(runs(4_001, 37));
      // Calldata alone has a floor, below which there is no transaction (EIP-7623).
      for (let gasLimit = (plenty * 3n) / 4n; gasLimit < plenty + 20_000n; gasLimit += stride) {
        const given = await valueGiven(run, gasLimit);
        if (given === undefined) outcomes.reverted++;
        else expect(given).to.equal(value);
        if (given !== undefined) outcomes.finished++;
      }
      expect(outcomes.reverted).to.be.greaterThan(5);
      expect(outcomes.finished).to.be.greaterThan(2);
    }).timeout(TIMEOUT_MS);

    it("a starved sub-call is out of gas, which is no verdict", async () => {
      const run = runArguments(numbers, whole(numbers));
      const plenty = await machine.run.estimateGas(...run);
      await expect(machine.run.staticCall(...run, { gasLimit: plenty - 10_000n })).to.be.revertedWithCustomError(
        machine,
        "OutOfGas",
      );
    });
  });
});
