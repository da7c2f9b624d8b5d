import { id, Wallet, ZeroAddress } from "ethers";
import { commitment, type Request, requestId } from "../../../oracle/chain/ids.ts";
import {
  artefactSpec,
  lengthsTag,
  type ModelSpec,
  modelId,
  registeredModel,
  specToAbi,
  toleranceBits,
  toleranceClass,
} from "../../../oracle/chain/modelSpec.ts";
import {
  assertionId,
  domainOf,
  keyBindingDigest,
  signKeyBinding,
  signResult,
} from "../../../oracle/chain/typedData.ts";
import { MODEL, packWord } from "../../../oracle/chain/words.ts";
import type { Result } from "../../../oracle/dispute/session.ts";
import { DTYPES, type Dtype } from "../../../oracle/model/tensor.ts";
import type { Hex } from "../../../oracle/vm/keccak.ts";

const hash = (name: string) => id(name) as Hex;
const addressOf = (name: string) => new Wallet(id(name)).address;
const word = (value: bigint) => `0x${value.toString(16).padStart(64, "0")}`;

const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;
const FULL_HASH: Hex = `0x${"ff".repeat(32)}`;
const FULL_ADDRESS = "0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF";

const artefact = {
  inputs: [{ name: "features", dtype: "f32", dims: [1, 32] }],
  outputs: [{ name: "scores", dtype: "f32", dims: [1, 24] }],
  artefactHash: hash("artefact"),
  owner: addressOf("owner"),
  salt: ZERO_HASH,
  compilerVersion: "",
} satisfies Partial<ModelSpec>;

const SPECS: Record<string, ModelSpec> = {
  "artefact only": artefactSpec(artefact),
  "no inputs, a scalar output": artefactSpec({
    ...artefact,
    inputs: [],
    outputs: [{ name: "y", dtype: "i64", dims: [] }],
  }),
  "every dtype": artefactSpec({
    ...artefact,
    inputs: (Object.keys(DTYPES) as Dtype[]).map((dtype, i) => ({ name: dtype, dtype, dims: [i + 1, 3] })),
  }),
  "as much as a transaction carries": artefactSpec({
    ...artefact,
    inputs: [{ name: "x", dtype: "u8", dims: [65_536] }],
  }),
  "more than a transaction carries": artefactSpec({
    ...artefact,
    inputs: [{ name: "x", dtype: "u8", dims: [65_537] }],
  }),
  "a kernel program with tolerances": {
    ...artefactSpec(artefact),
    semantics: 1,
    kernelRoot: hash("kernels"),
    kernelCount: 2 ** 32 - 1,
    traceChunks: 2n ** 64n - 1n,
    outputChunks: 1n,
    weightsRoot: hash("weights"),
    weightsChunks: 2n ** 63n,
    atol: 1e-4,
    rtol: 2 ** 15,
    compilerVersion: "0.1.0",
    compilerOptions: '{"dims":{"batch":1},"name":"größe"}',
    salt: FULL_HASH,
  },
};

const TOLERANCES = [
  0,
  Number.MIN_VALUE,
  2 ** -48,
  2 ** -47,
  1.0000000000000002 * 2 ** -47,
  1e-6,
  1e-4,
  0.5,
  1,
  1.5,
  32_767.5,
  2 ** 15,
];

const LENGTHS = [[], [0], [128], [128, 4], [4, 128], [65_536], Array.from({ length: 63 }, (_, i) => i)];

const REQUESTS: Request[] = [
  {
    requester: addressOf("requester"),
    nonce: 21_000_000n << 16n,
    modelId: hash("model"),
    inputRoot: hash("input"),
    policy: 3n,
    fee: 10n ** 15n,
    model: BigInt(hash("model's word")),
    assignment: BigInt(hash("assignment")),
  },
  {
    requester: ZeroAddress,
    nonce: 0n,
    modelId: ZERO_HASH,
    inputRoot: ZERO_HASH,
    policy: 0n,
    fee: 0n,
    model: 0n,
    assignment: 0n,
  },
  {
    requester: FULL_ADDRESS,
    nonce: 2n ** 64n - 1n,
    modelId: FULL_HASH,
    inputRoot: FULL_HASH,
    policy: 2n ** 256n - 1n,
    fee: 2n ** 96n - 1n,
    model: 2n ** 256n - 1n,
    assignment: 2n ** 256n - 1n,
  },
];

const RESULTS: Result[] = REQUESTS.map(({ modelId, inputRoot }, i) => ({
  modelId,
  requestId: hash(`request ${i}`),
  inputRoot,
  outputRoot: hash(`output ${i}`),
  traceRoot: i === 0 ? ZERO_HASH : hash(`trace ${i}`),
  operator: addressOf("operator"),
  issuedAt: [1_800_000_000n, 0n, 2n ** 64n - 1n][i] ?? 0n,
}));

const DOMAINS = [
  // What the first account of a local network deploys with its second transaction, so that tests can ask it.
  { chainId: 31_337n, coordinator: "0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9" },
  { chainId: 1n, coordinator: addressOf("coordinator") },
  { chainId: 2n ** 256n - 1n, coordinator: FULL_ADDRESS },
];

/** Model, request and assertion ids, the hashes inside words, and signatures (RFC 6979, by a key that everybody has). */
export async function idVectors() {
  return {
    tolerances: TOLERANCES.map((tolerance) => ({
      tolerance,
      bits: `0x${toleranceBits(tolerance).toString(16).padStart(16, "0")}`,
      class: toleranceClass(tolerance),
    })),
    lengthsTags: LENGTHS.map((lengths) => ({ lengths, tag: lengthsTag(lengths) })),
    models: Object.entries(SPECS).map(([name, spec]) => ({
      name,
      spec: specToAbi(spec),
      modelId: modelId(spec),
      royaltyBps: 250,
      word: word(packWord(MODEL, registeredModel(spec, 250))),
    })),
    requests: DOMAINS.flatMap(({ chainId, coordinator }) =>
      REQUESTS.map((request) => ({
        chainId,
        coordinator,
        request,
        requestId: requestId(chainId, coordinator, request),
      })),
    ),
    commitments: REQUESTS.flatMap(({ model, assignment }) =>
      [ZERO_HASH, hash("output")].map((finalRoot) => ({
        model,
        assignment,
        finalRoot,
        commitment: commitment({ model, assignment }, finalRoot),
      })),
    ),
    signatures: await signatures(),
  };
}

async function signatures() {
  const signer = new Wallet(id("signing key"));
  const results = DOMAINS.flatMap(({ chainId, coordinator }) =>
    RESULTS.map(async (result) => {
      const domain = domainOf(chainId, coordinator);
      const signature = await signResult(signer, domain, result);
      return { chainId, coordinator, result, assertionId: assertionId(domain, result), signature };
    }),
  );
  const bindings = DOMAINS.map(async ({ chainId, coordinator }) => {
    const domain = domainOf(chainId, coordinator);
    const operator = addressOf("operator");
    const signature = await signKeyBinding(signer, domain, operator);
    return { chainId, coordinator, operator, digest: keyBindingDigest(domain, operator), signature };
  });
  return {
    privateKey: signer.privateKey,
    key: signer.address,
    results: await Promise.all(results),
    keyBindings: await Promise.all(bindings),
  };
}
