/** A deployment's manifest: what was deployed where, so that a node can tell whether it faces that deployment. */
import { readFileSync } from "node:fs";
import { getAddress, isAddress, keccak256, type Provider } from "ethers";
import { z } from "zod";
import type { Hex } from "../vm/keccak.ts";
import { coordinatorAt, disputeGameAt } from "./contracts.ts";

/** Raised when contracts or manifest change so that this oracle cannot serve what was deployed before. */
export const MANIFEST_VERSION = 2;

/** Wei as a decimal string: JSON's numbers cannot hold it. */
export const wei = z
  .string()
  .regex(/^\d+$/, "expected a whole number of wei as a string")
  .transform((digits) => BigInt(digits));
const seconds = z.int().nonnegative();
const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, "expected 32 bytes in lower-case hexadecimal")
  .transform((text) => text as Hex);
export const address = z
  .string()
  .refine(isAddress, "expected an address")
  .transform((text) => getAddress(text));

/** The immutables of a deployment, as `Parameters` in Solidity: times in seconds, money in wei. */
export const parametersSchema = z.strictObject({
  window: seconds,
  exitDelay: seconds,
  takeoverPeriod: seconds,
  maxAnswerPeriod: seconds,
  minStake: wei,
  operatorBond: wei,
});

/** The immutables of the dispute game, as `DisputeParameters` in Solidity: times in seconds, money in wei. */
export const disputeParametersSchema = z.strictObject({
  clock: seconds,
  increment: seconds,
  payoutDelay: seconds,
  receiptUse: seconds,
  challengeBond: wei,
  priceCap: wei,
  tip: wei,
});

const ofContracts = <T extends z.ZodType>(value: T) =>
  z.strictObject({
    coordinator: value,
    modelRegistry: value,
    /** The dispute game. */
    arbiter: value,
    /** Judges proofs for the game. */
    verdict: value,
    /** Computes for the verdict. */
    tensorVm: value,
    /** Views for wallets and indexers; this oracle reads the words itself. */
    lens: value,
    /** The zero address: no P-256 signatures. */
    p256Verifier: value,
  });

const manifestSchema = z.strictObject({
  version: z.literal(MANIFEST_VERSION),
  chainId: z.int().positive(),
  addresses: ofContracts(address),
  /** keccak256 of the code at each address; a precompile has none. */
  codeHashes: ofContracts(hash),
  parameters: parametersSchema,
  dispute: disputeParametersSchema,
  /** Of the coordinator's deployment: there is nothing to read in earlier ones. */
  block: z.strictObject({ number: z.int().nonnegative(), hash }),
  deployer: address,
  /** The compiler's own version string. */
  compiler: z.string(),
});

export type Parameters = z.output<typeof parametersSchema>;
export type DisputeParameters = z.output<typeof disputeParametersSchema>;
export type Manifest = z.output<typeof manifestSchema>;
export type ContractName = keyof Manifest["addresses"];

/** A manifest that cannot be read. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
}

export interface Mismatch {
  /** The manifest's field, as `parameters.window`. */
  readonly field: string;
  readonly manifest: string;
  readonly chain: string;
}

/** The chain is not what the manifest says. */
export class ManifestMismatchError extends Error {
  readonly mismatches: readonly Mismatch[];

  constructor(mismatches: readonly Mismatch[]) {
    const lines = mismatches.map(({ field, manifest, chain }) => `\n  ${field}: ${manifest}, on chain ${chain}`);
    super(`the chain is not the one of the manifest${lines.join("")}`);
    this.name = "ManifestMismatchError";
    this.mismatches = mismatches;
  }
}

/** Reads a manifest from a JSON file. Throws {@link ManifestError}, which names the path of every field at fault. */
export function readManifest(file: string): Manifest {
  const parsed = manifestSchema.safeParse(parse(file));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `\n  ${path.join(".") || "manifest"}: ${message}`);
  throw new ManifestError(`${file} is not a manifest${issues.join("")}`);
}

/** The manifest as JSON text, for {@link readManifest}. */
export function formatManifest(manifest: Manifest): string {
  const withoutBigints = (_: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
  return `${JSON.stringify(manifest, withoutBigints, 2)}\n`;
}

/**
 * Throws {@link ManifestMismatchError} with everything that differs, unless the chain's id, the block of the deployment,
 * the code at every address and the parameters are the manifest's.
 */
export async function checkManifest(provider: Provider, manifest: Manifest): Promise<void> {
  const { chainId } = await provider.getNetwork();
  const mismatches = differences({ chainId: manifest.chainId }, { chainId });
  // On another chain all the rest would differ as well, and say nothing.
  if (mismatches.length === 0) {
    const codeHashes = await readCodeHashes(provider, manifest.addresses);
    const block = await provider.getBlock(manifest.block.number);
    mismatches.push(
      ...differences({ "block.hash": manifest.block.hash }, { "block.hash": block?.hash ?? "unknown" }),
      ...differences(prefix("codeHashes", manifest.codeHashes), prefix("codeHashes", codeHashes)),
    );
  }
  // Without the expected code nothing can be asked about parameters.
  if (mismatches.length === 0) {
    const { addresses, parameters, dispute } = manifest;
    const [coordinator, game] = await Promise.all([
      coordinatorAt(addresses.coordinator, provider).parameters(),
      disputeGameAt(addresses.arbiter, provider).disputeParameters(),
    ]);
    mismatches.push(
      ...differences(prefix("parameters", parameters), prefix("parameters", fieldsOf(coordinator, parameters))),
      ...differences(prefix("dispute", dispute), prefix("dispute", fieldsOf(game, dispute))),
    );
  }
  if (mismatches.length > 0) throw new ManifestMismatchError(mismatches);
}

/** keccak256 of the code at each of the addresses. */
export async function readCodeHashes(
  provider: Provider,
  addresses: Manifest["addresses"],
): Promise<Manifest["codeHashes"]> {
  const hashAt = async (name: ContractName) => keccak256(await provider.getCode(addresses[name])) as Hex;
  return {
    coordinator: await hashAt("coordinator"),
    modelRegistry: await hashAt("modelRegistry"),
    arbiter: await hashAt("arbiter"),
    verdict: await hashAt("verdict"),
    tensorVm: await hashAt("tensorVm"),
    lens: await hashAt("lens"),
    p256Verifier: await hashAt("p256Verifier"),
  };
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new ManifestError(`${file} cannot be read`, { cause });
  }
}

/** An ABI struct has its fields as properties that spreading misses. */
const fieldsOf = (struct: object, like: object) =>
  Object.fromEntries(Object.keys(like).map((name) => [name, Reflect.get(struct, name)]));

const prefix = (path: string, fields: object) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`${path}.${name}`, value]));

/** Every field of `manifest` whose value on chain reads otherwise. */
function differences(manifest: Record<string, unknown>, chain: Record<string, unknown>): Mismatch[] {
  return Object.entries(manifest)
    .map(([field, value]) => ({ field, manifest: String(value), chain: String(chain[field]) }))
    .filter((pair) => pair.manifest !== pair.chain);
}
