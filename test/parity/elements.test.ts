import { expect } from "chai";
import { network } from "hardhat";
import { DTYPES, type Dtype } from "../../oracle/model/tensor.ts";
import { Random } from "../../scripts/models/random.ts";
import type { Float64Harness } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { drawPairs, ELEMENT_KINDS, type Kind, SWEEPS, type Sweep } from "./float64Operands.ts";
import { expectEqual, Slots } from "./slots.ts";

const ELEMENTS = runs(2_000, 1_000_000);
const ELEMENTS_PER_CALL = 500;
const TIMEOUT_MS = runs(60_000, 7_200_000);

const STORED_KINDS = { ...ELEMENT_KINDS, f32: "nearBinary32" } as const;

/** What is tried without a gap, of binary32 as bits and as values. */
const SWEPT: Partial<Record<Dtype, Sweep>> = { f32: "everyBinary32Exponent", f64: "everyExponentAndSpecial" };
const STORED_SWEPT: Partial<Record<Dtype, Sweep>> = { ...SWEPT, f32: "everyExponentAndSpecial" };

describe(`Elements against the host's typed arrays (seed ${seed})`, () => {
  let harness: Float64Harness;
  let random: Random;

  before(async () => {
    const { ethers } = await network.create({ override: { blockGasLimit: 2n ** 40n, transactionGasCap: 2n ** 40n } });
    harness = await ethers.deployContract("Float64Harness");
  });

  beforeEach(() => {
    random = new Random(BigInt(seed));
  });

  for (const dtype of Object.keys(DTYPES) as Dtype[]) {
    const { id, bytes } = DTYPES[dtype];

    it(`loads ${ELEMENTS} elements of ${dtype}`, async () => {
      for (const drawn of calls(ELEMENT_KINDS[dtype], SWEPT[dtype] ?? "everyLength")) {
        const elements = drawn.lowBytes(bytes);
        const view = new DataView(elements.buffer);
        const expected = new Slots(elements.length / bytes);
        for (let i = 0; bytes * i < elements.length; i++) load(dtype, view, bytes * i, expected, i);
        const loaded = Slots.fromHex(await harness.load(id, elements));
        expectEqual(loaded, expected, (i) => `${dtype} in bytes ${elements.subarray(bytes * i, bytes * (i + 1))}`);
      }
    }).timeout(TIMEOUT_MS);

    it(`stores ${ELEMENTS} elements of ${dtype}`, async () => {
      for (const drawn of calls(STORED_KINDS[dtype], STORED_SWEPT[dtype] ?? "everyLength")) {
        const values = new Slots(drawn.integers.length / 2);
        const view = new DataView(new ArrayBuffer(bytes * values.integers.length));
        for (let i = 0; i < values.integers.length; i++) {
          values.integers[i] = drawn.integers[2 * i] ?? 0n;
          store(dtype, view, bytes * i, values, i);
        }
        const stored = Buffer.from((await harness.store(id, values.toHex())).slice(2), "hex");
        const at = stored.findIndex((byte, offset) => byte !== view.getUint8(offset));
        expect(at, `first wrong byte; value ${values.hexAt(Math.floor(at / bytes))}`).to.equal(-1);
        expect(stored.length).to.equal(view.byteLength);
      }
    }).timeout(TIMEOUT_MS);
  }

  it("refuses the dtype that is none", async () => {
    await expect(harness.load(0, "0x")).to.be.revertedWithCustomError(harness, "MissingDtype");
    await expect(harness.store(0, "0x")).to.be.revertedWithCustomError(harness, "MissingDtype");
  });

  /** Random pairs of a kind, then a whole sweep, for one call each. */
  function* calls(kind: Kind, sweep: Sweep): Generator<Slots> {
    for (let done = 0; done < ELEMENTS; done += ELEMENTS_PER_CALL) yield drawPairs([kind], random, ELEMENTS_PER_CALL);
    const swept = drawPairs([sweep], random, SWEEPS[sweep]);
    for (let done = 0; done < SWEEPS[sweep]; done += ELEMENTS_PER_CALL) {
      yield swept.slice(2 * done, 2 * (done + ELEMENTS_PER_CALL));
    }
  }
});

/** Reads the element at byte `at` to slot i: a float, or an integer with its sign extended. */
function load(dtype: Dtype, view: DataView, at: number, slots: Slots, i: number): void {
  const { bytes } = DTYPES[dtype];
  if (dtype === "f32") slots.setFloat(i, view.getFloat32(at, true));
  else if (dtype === "f64") slots.setFloat(i, view.getFloat64(at, true));
  else {
    let value = 0n;
    for (let byte = bytes - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(view.getUint8(at + byte));
    slots.integers[i] = dtype.startsWith("i") ? BigInt.asIntN(8 * bytes, value) : value;
  }
}

/** Writes slot i to byte `at`: a float rounded once, an integer's low bits, whether a bool is not 0. */
function store(dtype: Dtype, view: DataView, at: number, slots: Slots, i: number): void {
  const [float, integer] = [slots.floats[i] ?? 0, slots.integers[i] ?? 0n];
  if (dtype === "f32") {
    if (Number.isNaN(float)) view.setUint32(at, 0x7fc00000, true);
    else view.setFloat32(at, float, true);
  } else if (dtype === "f64") {
    if (Number.isNaN(float)) view.setBigUint64(at, 0x7ff8000000000000n, true);
    else view.setFloat64(at, float, true);
  } else writeInteger(view, at, DTYPES[dtype].bytes, dtype === "bool" ? BigInt(integer !== 0n) : integer);
}

function writeInteger(view: DataView, at: number, bytes: number, value: bigint): void {
  for (let byte = 0; byte < bytes; byte++) view.setUint8(at + byte, Number((value >> BigInt(8 * byte)) & 0xffn));
}
