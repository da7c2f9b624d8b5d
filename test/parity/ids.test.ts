import { expect } from "chai";
import { id, parseEther, toBeHex, Wallet } from "ethers";
import fc from "fast-check";
import { commitment, type Request, requestId } from "../../oracle/chain/ids.ts";
import {
  lengthsTag,
  type ModelSpec,
  modelId,
  registeredModel,
  specFromAbi,
  specToAbi,
  toleranceClass,
} from "../../oracle/chain/modelSpec.ts";
import { assertionId, signResult } from "../../oracle/chain/typedData.ts";
import { MODEL, packWord, REQUEST_STATE, unpackWord } from "../../oracle/chain/words.ts";
import type { Result } from "../../oracle/dispute/session.ts";
import { DTYPES, type Dtype } from "../../oracle/model/tensor.ts";
import { type Hex, toHex } from "../../oracle/vm/keccak.ts";
import type { FormatsHarness } from "../../types/index.ts";
import { runs, seed } from "../budget.ts";
import { answer, ask, deployed, finalise, register, someTensors, stakeOperator, type World } from "../fixture.ts";
import { formatsHarness, readVectors } from "./harness.ts";

const PROPERTY = { seed, numRuns: runs(50, 5_000) };
const TIMEOUT_MS = runs(60_000, 3_600_000);
const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex);
const uint = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });

const requests: fc.Arbitrary<Request> = fc.record({
  requester: address,
  nonce: uint(64),
  modelId: hash,
  inputRoot: hash,
  policy: uint(256),
  fee: uint(96),
  model: uint(256),
  assignment: uint(256),
});

const tolerance = fc.double({ min: 0, max: 2 ** 15, noNaN: true }).filter((value) => !Object.is(value, -0));
/** Around the classes' bounds, and a bit beyond the least and the greatest of them. */
const powersOfTwo = fc
  .tuple(fc.integer({ min: 1023 - 52, max: 1023 + 18 }), fc.integer({ min: -1, max: 1 }))
  .map(([exponent, offset]) => (BigInt(exponent) << 52n) + BigInt(offset));
const tensorSpecs = fc.array(
  fc.record({
    name: fc.string({ unit: "grapheme" }),
    dtype: fc.constantFrom(...(Object.keys(DTYPES) as Dtype[])),
    dims: fc.array(fc.nat(2 ** 31), { maxLength: 8 }),
  }),
  { maxLength: 4 },
);
const specs: fc.Arbitrary<ModelSpec> = fc.record({
  semantics: fc.nat(255),
  kernelRoot: hash,
  kernelCount: fc.nat(2 ** 32 - 1),
  traceChunks: uint(64),
  outputChunks: uint(64),
  weightsRoot: hash,
  weightsChunks: uint(64),
  inputs: tensorSpecs,
  outputs: tensorSpecs,
  atol: tolerance,
  rtol: tolerance,
  compilerVersion: fc.string(),
  compilerOptions: fc.string({ unit: "grapheme", maxLength: 100 }),
  artefactHash: hash,
  owner: address,
  salt: hash,
});

describe(`ids: Solidity = TypeScript = vectors (seed ${seed})`, () => {
  let solidity: FormatsHarness;
  let world: World;

  beforeEach(async () => {
    solidity ??= await formatsHarness();
    world = await deployed();
  });

  /** Whether a vector was made for the deployment at hand: the chain can only speak for itself. */
  const isHere = (vector: { chainId: string; coordinator: string }) =>
    BigInt(vector.chainId) === world.domain.chainId && vector.coordinator === world.domain.verifyingContract;

  it("the vectors' model ids, tolerance classes and tags of lengths", async () => {
    const { models, tolerances, lengthsTags } = readVectors("ids");
    for (const { name, spec, modelId: expected } of models) {
      expect(await solidity.modelId(spec), name).to.equal(expected);
    }
    for (const { tolerance: value, bits, class: expected } of tolerances) {
      expect(await solidity.toleranceClass(bits), `class of ${value}`).to.equal(expected);
    }
    for (const { lengths, tag } of lengthsTags) {
      expect(await solidity.lengthsTag(lengths), `tag of [${lengths}]`).to.equal(tag);
    }
  });

  it("the vectors' models, registered", async () => {
    const owner = new Wallet(id("owner"), world.ethers.provider);
    await world.networkHelpers.setBalance(owner.address, parseEther("1"));
    const registry = world.registry.connect(owner);
    const artefacts = readVectors("ids").models.filter(({ spec }) => spec.semantics === 0);
    for (const { name, spec, modelId: expected, royaltyBps, word } of artefacts) {
      await registry.register(spec, "0x", royaltyBps, name);
      expect(toBeHex(await world.coordinator.modelOf(expected), 32), name).to.equal(word);
      const [event] = await registry.queryFilter(registry.filters.ModelRegistered(expected));
      expect(event?.args.uri).to.equal(name);
      expect(event && modelId(specFromAbi(event.args.spec)), name).to.equal(expected);
    }
    expect(artefacts.length).to.be.above(0);
  });

  it("the vectors' request and assertion ids", async () => {
    const { requests: requestVectors, signatures } = readVectors("ids");
    const here = requestVectors.filter(isHere);
    for (const { request, requestId: expected } of here) {
      expect(await world.coordinator.requestIdOf(request)).to.equal(expected);
    }
    expect(here.length, "requests to this deployment").to.be.above(0);
    const signed = [
      ...signatures.results.map((made) => ({ ...made, digest: made.assertionId })),
      ...signatures.keyBindings,
    ];
    for (const { digest, signature } of signed) {
      expect(await solidity.recoverKey(digest, signature, world.manifest.addresses.p256Verifier)).to.equal(
        signatures.key,
      );
    }
  });

  it("any model's id", async () => {
    await fc.assert(
      fc.asyncProperty(specs, async (spec) => {
        expect(await solidity.modelId(specToAbi(spec))).to.equal(modelId(spec));
      }),
      PROPERTY,
    );
  }).timeout(TIMEOUT_MS);

  it("any tolerance's class, and which bits are none", async () => {
    const bits = fc.oneof(uint(64), tolerance.map(bitsOf), powersOfTwo);
    await fc.assert(
      fc.asyncProperty(bits, async (pattern) => {
        const value = new DataView(new BigUint64Array([pattern]).buffer).getFloat64(0, true);
        const isTolerance = value >= 0 && value <= 2 ** 15 && !Object.is(value, -0);
        if (isTolerance) {
          expect(await solidity.toleranceClass(pattern), String(value)).to.equal(toleranceClass(value));
        } else {
          expect(() => toleranceClass(value), String(value)).to.throw(RangeError);
          await expect(solidity.toleranceClass(pattern)).to.be.revertedWithCustomError(solidity, "ToleranceOutOfRange");
        }
      }),
      PROPERTY,
    );
  }).timeout(TIMEOUT_MS);

  it("any tag of lengths", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(70_000), { maxLength: 63 }), async (lengths) => {
        expect(await solidity.lengthsTag(lengths)).to.equal(lengthsTag(lengths));
      }),
      PROPERTY,
    );
  }).timeout(TIMEOUT_MS);

  it("any request's and assertion's id", async () => {
    const { chainId, verifyingContract } = world.domain;
    await fc.assert(
      fc.asyncProperty(
        requests,
        hash,
        hash,
        address,
        uint(64),
        async (request, outputRoot, traceRoot, operator, issuedAt) => {
          const asked = requestId(chainId, verifyingContract, request);
          expect(await world.coordinator.requestIdOf(request)).to.equal(asked);
          const { modelId, inputRoot } = request;
          const result: Result = { modelId, requestId: asked, inputRoot, outputRoot, traceRoot, operator, issuedAt };
          const asserted = await world.coordinator.assertionIdOf(request, result, outputRoot);
          expect(asserted).to.equal(assertionId(world.domain, result));
        },
      ),
      PROPERTY,
    );
  }).timeout(TIMEOUT_MS);

  it("any signature's key", async () => {
    const privateKey = hash.filter((key) => BigInt(key) > 0n && BigInt(key) < 2n ** 255n);
    await fc.assert(
      fc.asyncProperty(privateKey, hash, async (key, outputRoot) => {
        const signer = new Wallet(key);
        const operator = signer.address;
        const roots = { modelId: key, requestId: key, inputRoot: key, outputRoot, traceRoot: ZERO_HASH };
        const result: Result = { ...roots, operator, issuedAt: 1n };
        const signature = await signResult(signer, world.domain, result);
        const digest = assertionId(world.domain, result);
        expect(await solidity.recoverKey(digest, signature, operator)).to.equal(signer.address);
      }),
      PROPERTY,
    );
  }).timeout(TIMEOUT_MS);

  it("the commitment of a request, before and after it is final", async () => {
    const model = await register(world);
    await stakeOperator(world);
    const asked = await ask(world, model);
    const { requestId: made, request } = asked;
    const committed = async () => unpackWord(REQUEST_STATE, await world.coordinator.requestStateOf(made)).commitment;
    expect(request.model).to.equal(packWord(MODEL, registeredModel(model.spec, 500)));
    expect(await committed()).to.equal(commitment(request, ZERO_HASH));
    const answered = await answer(world, asked, someTensors(model.spec.outputs)[0] ?? new Uint8Array());
    await finalise(world, asked, answered);
    expect(await committed()).to.equal(commitment(request, answered.result.outputRoot));
  });
});

function bitsOf(value: number): bigint {
  return new DataView(new Float64Array([value]).buffer).getBigUint64(0, true);
}
