import { expect } from "chai";
import { type BaseContract, toBeHex } from "ethers";
import fc from "fast-check";
import {
  ASSERTION_STATE,
  LAYOUTS,
  MODEL,
  OPERATOR_STATE,
  POLICY,
  packWord,
  REQUEST_STATE,
  REQUEST_STATUSES,
  unpackWord,
} from "../../oracle/chain/words.ts";
import type { FormatsHarness } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { formatsHarness, readVectors } from "./harness.ts";

type Name = keyof typeof LAYOUTS;
type Fields = Record<string, string | number | boolean | bigint>;

const PROPERTY = { seed, numRuns: runs(50, 5_000) };
const TIMEOUT_MS = runs(60_000, 3_600_000);

const statuses: readonly unknown[] = REQUEST_STATUSES;

/** Fields of which the Solidity only ever compares a part of a hash. */
const HASHES = new Set(["commitment", "id"]);

/** Any word, made one that the contracts can build. */
const BUILDABLE: Partial<Record<Name, (word: bigint) => bigint>> = {
  model: (word) => {
    const model = unpackWord(MODEL, word);
    const capped = (bytes: number) => (bytes > 65_536 ? 0x1ffff : bytes);
    const inputBytes = capped(model.inputBytes);
    return packWord(MODEL, { ...model, inputBytes, outputBytes: capped(model.outputBytes), offerCount: 0 });
  },
  policy: (word) => {
    const policy = unpackWord(POLICY, word);
    return packWord(POLICY, { ...policy, callbackGas: policy.callbackGas % 2_000_001 });
  },
  operatorState: (word) => {
    const state = unpackWord(OPERATOR_STATE, word);
    return packWord(OPERATOR_STATE, { ...state, locked: state.locked % (state.stake + 1n) });
  },
};

/** Fields as the harness has them. */
function toSolidity(fields: Fields): Fields {
  const entries = Object.entries(fields).map(([name, value]): [string, Fields[string]] => {
    if (name === "final") return ["isFinal", value];
    if (name === "status") return [name, statuses.indexOf(value)];
    return [name, value];
  });
  return Object.fromEntries(entries);
}

describe(`words: Solidity = TypeScript = vectors (seed ${seed})`, () => {
  let harness: FormatsHarness;
  /** The same, by names that a loop makes. */
  let solidity: BaseContract;

  before(async () => {
    harness = await formatsHarness();
    solidity = harness;
  });

  for (const [name, table] of Object.entries(LAYOUTS) as [Name, (typeof LAYOUTS)["offer"]][]) {
    const suffix = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const mask = Object.values(table).reduce(
      (all, { low, bits }) => all | (((1n << BigInt(bits)) - 1n) << BigInt(low)),
      0n,
    );
    const toWord = (bits: bigint) =>
      name === "requestState" ? (((bits & mask) >> 8n) << 8n) | (bits % 5n) : bits & mask;
    const words = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map(toWord);

    async function expectRead(word: bigint, fields: Fields): Promise<void> {
      const read = await solidity.getFunction(`read${suffix}`)(word);
      for (const [field, value] of Object.entries(toSolidity(fields))) {
        if (!HASHES.has(field)) expect(String(read[field]), `${field} of ${toBeHex(word, 32)}`).to.equal(String(value));
      }
    }

    it(`${name}: the vectors`, async () => {
      const vectors = readVectors("words")[name] ?? [];
      expect(vectors.length).to.be.above(0);
      for (const { fields, word } of vectors) await expectRead(BigInt(word), fields as Fields);
    });

    it(`${name}: any word is read alike`, async () => {
      await fc.assert(
        fc.asyncProperty(words, (word) => expectRead(word, unpackWord(table, word))),
        PROPERTY,
      );
    }).timeout(TIMEOUT_MS);

    it(`${name}: any fields are packed alike`, async () => {
      const buildable = words.map(BUILDABLE[name] ?? ((word) => word));
      await fc.assert(
        fc.asyncProperty(buildable, async (word) => {
          const fields: Fields = toSolidity(unpackWord(table, word));
          const hash = hashOf(name, word);
          const packed = await solidity.getFunction(`pack${suffix}`)(fields, ...(hash === undefined ? [] : [hash]));
          expect(toBeHex(packed, 32)).to.equal(toBeHex(word, 32));
        }),
        PROPERTY,
      );
    }).timeout(TIMEOUT_MS);
  }

  it("parts of hashes are compared bit for bit", async () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
    await fc.assert(
      fc.asyncProperty(word, fc.nat(255), async (hash, bit) => {
        const other = toBeHex(hash ^ (1n << BigInt(bit)), 32);
        const state = packWord(REQUEST_STATE, { ...unpackWord(REQUEST_STATE, 0n), commitment: hash >> 64n });
        expect(await harness.commitsTo(state, toBeHex(hash, 32))).to.equal(true);
        expect(await harness.commitsTo(state, other), `bit ${bit} of a commitment`).to.equal(bit < 64);
        const assertion = packWord(ASSERTION_STATE, { ...unpackWord(ASSERTION_STATE, 0n), id: hash >> 96n });
        expect(await harness.isFor(assertion, toBeHex(hash, 32))).to.equal(true);
        expect(await harness.isFor(assertion, other), `bit ${bit} of an assertionId`).to.equal(bit < 96);
      }),
      PROPERTY,
    );
  }).timeout(TIMEOUT_MS);

  it("the policy's unused bits are the same ones", async () => {
    for (let bit = 0; bit < 256; bit++) {
      const isUsed = Object.values(POLICY).some(({ low, bits }) => bit >= low && bit < low + bits);
      expect(await harness.hasUnusedBits(1n << BigInt(bit)), `bit ${bit}`).to.equal(!isUsed);
    }
  });
});

/** A whole hash of which the word keeps the upper bits. */
function hashOf(name: Name, word: bigint): string | undefined {
  if (name === "requestState") return toBeHex(unpackWord(REQUEST_STATE, word).commitment << 64n, 32);
  if (name === "assertionState") return toBeHex(unpackWord(ASSERTION_STATE, word).id << 96n, 32);
  return undefined;
}
