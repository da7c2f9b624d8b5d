// npm run -s deploy -- --network URL (--preset NAME | --parameters FILE) [--out FILE]: deploys a coordinator and writes
// its manifest. The key is ASSAY_DEPLOYER_KEY's, or else the network's first unlocked account.
import { readFileSync, writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import {
  ContractFactory,
  type InterfaceAbi,
  isCallException,
  JsonRpcProvider,
  parseEther,
  type Signer,
  Wallet,
} from "ethers";
import { parse } from "yaml";
import { z } from "zod";
import { coordinatorAt } from "../oracle/chain/contracts.ts";
import {
  address,
  formatManifest,
  MANIFEST_VERSION,
  type Manifest,
  type Parameters,
  parametersSchema,
  readCodeHashes,
} from "../oracle/chain/manifest.ts";
import type { Hex } from "../oracle/vm/keccak.ts";

/** What a deployer decides. */
export interface Deployment {
  readonly parameters: Parameters;
  /** RIP-7212's interface; the zero address: only secp256k1 signatures. */
  readonly p256Verifier: string;
  /** Neither opens a dispute: one takes no models of semantics 1, the other takes them for trying out. */
  readonly arbiter: (typeof ARBITERS)[number];
}

const ARBITERS = ["NullArbiter", "AdmittingArbiter"] as const;

const HOUR = 3600;
const DAY = 24 * HOUR;
/** EIP-7951's precompile, in osaka and on most rollups. */
const P256_PRECOMPILE = "0x0000000000000000000000000000000000000100";

/**
 * Windows have to outlast censorship: a day of full blocks on a layer 1, and a sequencer that delays forced inclusion for a
 * day on a layer 2. Stake stays slashable for the window, both sides' clocks and the life of a receipt. The bond is ten
 * times what a dispute costs (1.2M gas) and what a challenger puts up (1.5 times the defence's 0.6M gas), at 100 gwei on
 * a layer 1 and at 1 gwei on a layer 2. Where value is at stake nothing is called disputable before it is.
 */
export const PRESETS = {
  local: {
    ...preset({ window: 10, exitDelay: 60, takeoverPeriod: 30, maxAnswerPeriod: HOUR }, "1", "0.1"),
    arbiter: "AdmittingArbiter",
  },
  l1: preset({ window: DAY, exitDelay: 7 * DAY, takeoverPeriod: HOUR, maxAnswerPeriod: 7 * DAY }, "10", "2.5"),
  l2: preset({ window: 2 * DAY, exitDelay: 8 * DAY, takeoverPeriod: HOUR, maxAnswerPeriod: 7 * DAY }, "0.1", "0.025"),
} satisfies Record<string, Deployment>;

const fileSchema = parametersSchema.extend({ p256Verifier: address, arbiter: z.enum(ARBITERS).default("NullArbiter") });

/** Reads a deployment from YAML or JSON: `Parameters`, `p256Verifier` and perhaps `arbiter`, wei as strings. */
export function readDeployment(file: string): Deployment {
  const parsed = fileSchema.safeParse(parse(readFileSync(file, "utf8")));
  if (!parsed.success) throw new Error(`${file}:\n${z.prettifyError(parsed.error)}`);
  const { p256Verifier, arbiter, ...parameters } = parsed.data;
  return { parameters, p256Verifier, arbiter };
}

/** Deploys a coordinator, which brings its model registry, its lens, and an arbiter that opens no disputes. */
export async function deploy(signer: Signer, { parameters, p256Verifier, ...roles }: Deployment): Promise<Manifest> {
  const { provider } = signer;
  if (provider === null) throw new Error("the deployer's signer has no provider");
  const arbiter = await create(signer, `dispute/${roles.arbiter}`, []);
  const { contract, receipt, compiler } = await create(signer, "inference/InferenceCoordinator", [
    parameters,
    arbiter.contract,
    p256Verifier,
  ]);
  const lens = await create(signer, "inference/Lens", [contract]);
  const addresses = {
    coordinator: contract,
    modelRegistry: await coordinatorAt(contract, provider).modelRegistry(),
    arbiter: arbiter.contract,
    lens: lens.contract,
    p256Verifier,
  };
  return {
    version: MANIFEST_VERSION,
    chainId: Number((await provider.getNetwork()).chainId),
    addresses,
    codeHashes: await readCodeHashes(provider, addresses),
    parameters,
    block: { number: receipt.blockNumber, hash: receipt.blockHash as Hex },
    deployer: await signer.getAddress(),
    compiler,
  };
}

async function create(signer: Signer, path: string, args: readonly unknown[]) {
  const name = path.split("/").at(-1);
  const artifact = readJson<Artifact>(`contracts/${path}.sol/${name}.json`);
  const { solcLongVersion } = readJson<{ solcLongVersion: string }>(`build-info/${artifact.buildInfoId}.json`);
  const factory = new ContractFactory(artifact.abi, artifact.bytecode, signer);
  const deployed = await factory.deploy(...args).catch((error: unknown) => {
    const revert = isCallException(error) && error.data ? factory.interface.parseError(error.data) : null;
    if (revert === null) throw error;
    throw new Error(`${name} refuses to be deployed: ${revert.name}(${revert.args.join(", ")})`, { cause: error });
  });
  const receipt = await deployed.deploymentTransaction()?.wait();
  if (!receipt?.contractAddress) throw new Error(`${name} was not deployed`);
  return { contract: receipt.contractAddress, receipt, compiler: solcLongVersion };
}

interface Artifact {
  abi: InterfaceAbi;
  bytecode: string;
  buildInfoId: string;
}

const artifacts = new URL("../artifacts/", import.meta.url);
const readJson = <T>(path: string) => JSON.parse(readFileSync(new URL(path, artifacts), "utf8")) as T;

type Periods = Pick<Parameters, "window" | "exitDelay" | "takeoverPeriod" | "maxAnswerPeriod">;

function preset(periods: Periods, minStakeEther: string, operatorBondEther: string): Deployment {
  const money = { minStake: parseEther(minStakeEther), operatorBond: parseEther(operatorBondEther) };
  return { parameters: { ...periods, ...money }, p256Verifier: P256_PRECOMPILE, arbiter: "NullArbiter" };
}

async function connect(url: string): Promise<JsonRpcProvider> {
  // Asked by hand: the provider on its own would try an endpoint that is down for ever.
  const network = await new JsonRpcProvider(url)._detectNetwork();
  // Its cache would give the second transaction the first one's nonce.
  return new JsonRpcProvider(url, network, { staticNetwork: true, cacheTimeout: -1 });
}

async function main(): Promise<void> {
  const command: Command = new Command("deploy")
    .requiredOption("--network <url>", "JSON-RPC endpoint")
    .addOption(new Option("--preset <name>", "parameters that come with Assay").choices(Object.keys(PRESETS)))
    .addOption(new Option("--parameters <file>", "parameters in YAML or JSON").conflicts("preset"))
    .option("--out <file>", "where the manifest goes", "manifest.json")
    .parse();
  const { network, preset, parameters, out } = command.opts<Options>();
  const deployment =
    parameters !== undefined ? readDeployment(parameters) : new Map(Object.entries(PRESETS)).get(preset ?? "");
  if (deployment === undefined) command.error("error: one of --preset and --parameters is needed");

  const provider = await connect(network);
  const key = process.env.ASSAY_DEPLOYER_KEY;
  const signer = key !== undefined ? new Wallet(key, provider) : await provider.getSigner();
  const manifest = await deploy(signer, deployment);
  writeFileSync(out, formatManifest(manifest));
  console.log(`coordinator ${manifest.addresses.coordinator} on chain ${manifest.chainId}, manifest in ${out}`);
  provider.destroy();
}

interface Options {
  network: string;
  preset?: string;
  parameters?: string;
  out: string;
}

if (import.meta.main) {
  await main().catch((error: Error & { shortMessage?: string }) => {
    // The long message of an ethers error holds the whole transaction.
    console.error(`error: ${error.shortMessage ?? error.message}`);
    process.exitCode = 1;
  });
}
