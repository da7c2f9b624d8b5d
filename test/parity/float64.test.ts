import { network } from "hardhat";
import { Random } from "../../scripts/models/random.ts";
import type { Float64Harness } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { drawPairs, SWEEPS } from "./float64Operands.ts";
import { CHAINABLE, OPERATIONS, type Operation } from "./float64Operations.ts";
import { expectEqual, Slots } from "./slots.ts";

const PAIRS = runs(512, 1_000_192);
// The network keeps every step of a call in memory until it ends.
const PAIRS_PER_CALL = 256;
const TIMEOUT_MS = runs(60_000, 7_200_000);

describe(`Float64 against the host's IEEE 754 arithmetic (seed ${seed})`, () => {
  let harness: Float64Harness;
  let random: Random;

  before(async () => {
    const { ethers } = await network.create({ override: { blockGasLimit: 2n ** 40n, transactionGasCap: 2n ** 40n } });
    harness = await ethers.deployContract("Float64Harness");
  });

  beforeEach(() => {
    random = new Random(BigInt(seed));
  });

  for (const [id, operation] of OPERATIONS.entries()) {
    const { name, kinds, sweep } = operation;

    it(`${name} of ${PAIRS} pairs`, async () => {
      for (let done = 0; done < PAIRS; done += PAIRS_PER_CALL) {
        await check(id, operation, drawPairs(kinds, random, PAIRS_PER_CALL));
      }
    }).timeout(TIMEOUT_MS);

    it(`${name} of ${sweep}`, async () => {
      const operands = drawPairs([sweep], random, SWEEPS[sweep]);
      for (let done = 0; done < SWEEPS[sweep]; done += PAIRS_PER_CALL) {
        await check(id, operation, operands.slice(2 * done, 2 * (done + PAIRS_PER_CALL)));
      }
    }).timeout(TIMEOUT_MS);
  }

  it(`${PAIRS} operations on each other's results`, async () => {
    for (let done = 0; done < PAIRS; done += PAIRS_PER_CALL) {
      const steps = Uint8Array.from({ length: PAIRS_PER_CALL }, () => random.below(CHAINABLE.length));
      const { operands, expected } = chain(steps, random);
      const results = Slots.fromHex(await harness.chain(steps, operands.toHex()));
      expectEqual(results, expected, (i) => `step ${i}, ${OPERATIONS[steps[i] ?? 0]?.name},`);
    }
  }).timeout(TIMEOUT_MS);

  async function check(id: number, { name, host }: Operation, operands: Slots): Promise<void> {
    const expected = new Slots(operands.floats.length / 2);
    for (let i = 0; i < expected.floats.length; i++) host(operands, i, expected);
    const results = Slots.fromHex(await harness.run(id, operands.toHex()));
    expectEqual(results, expected, (i) => `${name}(${operands.hexAt(2 * i)}, ${operands.hexAt(2 * i + 1)})`);
  }
});

/** Every operation's first operand is the result before it, but for every eighth, so that no NaN or zero lasts. */
function chain(steps: Uint8Array, random: Random): { operands: Slots; expected: Slots } {
  const operands = drawPairs(["dyadic"], random, steps.length);
  const expected = new Slots(steps.length);
  for (const [i, step] of steps.entries()) {
    if (i % 8 !== 0) operands.floats[2 * i] = expected.floats[i - 1] ?? 0;
    CHAINABLE[step]?.host(operands, i, expected);
  }
  return { operands, expected };
}
