import { expect } from "chai";
import { AbiCoder, concat } from "ethers";
import { network } from "hardhat";
import { DTYPES, type Dtype, pack } from "../oracle/model/tensor.ts";
import { Random } from "../scripts/models/random.ts";
import type { TensorsHarness } from "../types/index.ts";
import { runs, seed } from "./budget.ts";
import { fixedPointPairs, floatPairs, MAX_DECIMALS, type Pair } from "./fixedPointOperands.ts";
import {
  BINARY32,
  BINARY64,
  type BinaryFormat,
  decode,
  encode,
  INT256_MAX,
  INT256_MIN,
  isExact,
  isTie,
  unpackBits,
} from "./ieee754.ts";

const PAIRS = runs(3_000, 500_000);
const TENSORS = runs(100, 5_000);
const TIMEOUT_MS = runs(60_000, 3_600_000);
const CALLS_PER_BATCH = 1_000;

const FLOATS = [BINARY32, BINARY64];
const INTEGERS = (Object.keys(DTYPES) as Dtype[]).filter((dtype) => dtype !== "f32" && dtype !== "f64");

type Conversion = "toF32" | "toF64" | "fromF32" | "fromF64";

describe(`Tensors against exact and host arithmetic (seed ${seed})`, () => {
  let harness: TensorsHarness;
  let random: Random;

  before(async () => {
    const { ethers } = await network.getOrCreate();
    harness = await ethers.deployContract("TensorsHarness");
  });

  beforeEach(() => {
    random = new Random(BigInt(seed));
  });

  for (const format of FLOATS) {
    const { dtype } = format;

    it(`writes fixed-point numbers as ${dtype}`, async () => {
      const counts = { pairs: 0, outOfRange: 0, hostChecked: 0 };
      const name = dtype === "f32" ? "toF32" : "toF64";
      for (const pairs of batches(fixedPointPairs(format, random, PAIRS))) {
        const expected = pairs.map((pair) => {
          const bits = encode(format, ...pair);
          const hostBits = hostEncode(format, ...pair);
          if (hostBits !== undefined && hostBits !== bits) expect.fail(`the host writes ${pair} as ${hostBits}`);
          counts.hostChecked += Number(hostBits !== undefined);
          return unpackBits(format, bits) === undefined ? undefined : bits;
        });
        counts.pairs += pairs.length;
        counts.outOfRange += await expectResults(name, pairs, expected, (value, decimals) =>
          error("FixedPointOutOfRange", [value, decimals, DTYPES[dtype].id]),
        );
      }
      report(name, counts);
    }).timeout(TIMEOUT_MS);

    it(`reads ${dtype} as fixed-point numbers`, async () => {
      const counts = { pairs: 0, outOfRange: 0, ties: 0, hostChecked: 0 };
      const name = dtype === "f32" ? "fromF32" : "fromF64";
      for (const pairs of batches(floatPairs(format, random, PAIRS))) {
        const expected = pairs.map((pair) => {
          const value = decode(format, ...pair);
          const hostValue = hostDecode(format, ...pair);
          if (hostValue !== undefined && hostValue !== value) expect.fail(`the host reads ${pair} as ${hostValue}`);
          counts.hostChecked += Number(hostValue !== undefined);
          counts.ties += Number(isTie(format, ...pair));
          return value;
        });
        counts.pairs += pairs.length;
        counts.outOfRange += await expectResults(name, pairs, expected, (bits, decimals) =>
          error("ElementOutOfRange", [bits, DTYPES[dtype].id, decimals]),
        );
      }
      report(name, counts);
    }).timeout(TIMEOUT_MS);
  }

  for (const format of FLOATS) {
    const { dtype } = format;

    it(`packs ${dtype} tensors and reads them back`, async () => {
      for (let i = 0; i < TENSORS; i++) {
        const decimals = random.below(MAX_DECIMALS + 1);
        const values = integersWithin(random, -(2n ** 127n), 2n ** 127n);
        const elements = values.map((value) => encode(format, value, decimals));
        const packed = `0x${elements.map((bits) => littleEndian(bits, DTYPES[dtype].bytes)).join("")}`;
        expect(await harness[dtype](values, decimals)).to.equal(packed);

        const fixed = elements.map((bits) => decode(format, bits, decimals));
        expect(await harness.toFixed(packed, DTYPES[dtype].id, values.length, decimals)).to.deep.equal(fixed);
      }
    });
  }

  for (const dtype of INTEGERS) {
    it(`packs ${dtype} tensors and reads them back`, async () => {
      const { id } = DTYPES[dtype];
      const [min, max] = range(dtype);
      for (let i = 0; i < TENSORS; i++) {
        const values = integersWithin(random, min, max);
        const packed = pack(dtype, values);
        expect(await harness.integers(values, id)).to.equal(`0x${Buffer.from(packed).toString("hex")}`);
        expect(await harness.toInteger(packed, id, values.length)).to.deep.equal(values);

        // 2**63 * 10**57 is still an int256.
        const decimals = random.below(58);
        const fixed = values.map((value) => value * 10n ** BigInt(decimals));
        expect(await harness.toFixed(packed, id, values.length, decimals)).to.deep.equal(fixed);
      }
    });

    it(`refuses what ${dtype} cannot hold`, async () => {
      const { id } = DTYPES[dtype];
      const [min, max] = range(dtype);
      for (const value of [min - 1n, max + 1n, 2n ** 64n + max, INT256_MIN, INT256_MAX]) {
        await expect(harness.integers([0, value], id))
          .to.be.revertedWithCustomError(harness, "IntegerOutOfRange")
          .withArgs(value, id);
      }
    });
  }

  /** Compares the contract's answers, undefined meaning a revert with `reason`. Returns how many reverted. */
  async function expectResults(
    name: Conversion,
    pairs: Pair[],
    expected: (bigint | undefined)[],
    reason: (...pair: Pair) => string,
  ): Promise<number> {
    const returning = pairs.filter((_, i) => expected[i] !== undefined);
    const results = await harness[name](
      returning.map(([operand]) => operand),
      returning.map(([, decimals]) => decimals),
    );
    const values = expected.filter((value) => value !== undefined);
    for (const [i, value] of values.entries()) {
      if (results[i] !== value) expect.fail(`${name}(${returning[i]}) is ${results[i]}, not ${value}`);
    }

    const reverting = pairs.filter((_, i) => expected[i] === undefined);
    const { selector, inputs } = harness[name].fragment;
    const calls = reverting.map(([operand, decimals]) =>
      concat([selector, AbiCoder.defaultAbiCoder().encode(inputs, [[operand], [decimals]])]),
    );
    const reasons = await harness.reasons(calls);
    for (const [i, pair] of reverting.entries()) {
      if (reasons[i] !== reason(...pair)) expect.fail(`${name}(${pair}) does not revert as it should: ${reasons[i]}`);
    }
    return reverting.length;
  }

  function error(name: "FixedPointOutOfRange" | "ElementOutOfRange", args: (bigint | number)[]): string {
    return harness.interface.encodeErrorResult(name, args);
  }
});

/**
 * The host's answer: it parses decimals exactly, as IEEE 754 asks. Its binary32 is a second rounding, so undefined where
 * the first one was inexact and ended beside the middle of two binary32 numbers.
 */
function hostEncode({ dtype }: BinaryFormat, value: bigint, decimals: number): bigint | undefined {
  const double = Number(`${value}e-${decimals}`);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, double);
  const bits = view.getBigUint64(0);
  if (dtype === "f64") return bits;

  const isNearTie = Math.fround(double * (1 - Number.EPSILON)) !== Math.fround(double * (1 + Number.EPSILON));
  if (isNearTie && !isExact(BINARY64, bits, value, decimals)) return undefined;
  view.setFloat32(0, double);
  return BigInt(view.getUint32(0));
}

/** The host's answer: `toFixed` is exact below 1e21, but takes ties upwards. */
function hostDecode(format: BinaryFormat, bits: bigint, decimals: number): bigint | undefined {
  const view = new DataView(new ArrayBuffer(8));
  if (format.dtype === "f32") view.setUint32(0, Number(bits));
  else view.setBigUint64(0, bits);
  const x = format.dtype === "f32" ? view.getFloat32(0) : view.getFloat64(0);
  if (!(Math.abs(x) < 1e21) || isTie(format, bits, decimals)) return undefined;
  const value = BigInt(x.toFixed(decimals).replace(".", ""));
  return INT256_MIN <= value && value <= INT256_MAX ? value : undefined;
}

/** The least and greatest value of an integer dtype. */
function range(dtype: Dtype): [min: bigint, max: bigint] {
  const bits = dtype === "bool" ? 1n : BigInt(8 * DTYPES[dtype].bytes);
  return dtype.startsWith("i") ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
}

/** Up to 40 integers within `[min, max]`, the bounds among them. */
function integersWithin(random: Random, min: bigint, max: bigint): bigint[] {
  const span = max - min + 1n;
  const uniform = () => {
    let value = 0n;
    for (let i = 0; i < 8; i++) value = (value << 32n) | BigInt(random.uint32());
    return min + (value % span);
  };
  const choices = [() => min, () => max, uniform, uniform, uniform];
  return Array.from({ length: random.below(41) }, () => (choices[random.below(5)] ?? uniform)());
}

function littleEndian(value: bigint, bytes: number): string {
  const bigEndian = value.toString(16).padStart(2 * bytes, "0");
  return bigEndian.match(/../g)?.reverse().join("") ?? "";
}

function batches<T>(items: T[]): T[][] {
  const count = Math.ceil(items.length / CALLS_PER_BATCH);
  return Array.from({ length: count }, (_, i) => items.slice(i * CALLS_PER_BATCH, (i + 1) * CALLS_PER_BATCH));
}

function report(name: Conversion, counts: Record<string, number>): void {
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  console.log(`        ${name}: ${parts.join(", ")}`);
}
