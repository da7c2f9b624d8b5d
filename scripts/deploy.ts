// npm run -s deploy -- --network URL (--preset NAME | --parameters FILE) [--out FILE]: deploys the contracts and writes
// their manifest. The key is ASSAY_DEPLOYER_KEY's, or else the network's first unlocked account.
import { readFileSync, writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import {
  ContractFactory,
  getCreateAddress,
  type InterfaceAbi,
  isCallException,
  JsonRpcProvider,
  type Signer,
  Wallet,
} from "ethers";
import { coordinatorAt } from "../oracle/chain/contracts.ts";
import { formatManifest, MANIFEST_VERSION, type Manifest, readCodeHashes } from "../oracle/chain/manifest.ts";
import type { Hex } from "../oracle/vm/keccak.ts";
import { type Deployment, PRESETS, readDeployment, violations } from "./deployment.ts";

/** Deploys machine, verdict, dispute game, and the coordinator, which brings its model registry, and its lens. */
export async function deploy(signer: Signer, deployment: Deployment): Promise<Manifest> {
  const { parameters, dispute, p256Verifier } = deployment;
  const { provider } = signer;
  if (provider === null) throw new Error("the deployer's signer has no provider");
  const unsafe = violations(deployment);
  if (unsafe.length > 0) throw new Error(`this deployment is unsafe:\n  ${unsafe.join("\n  ")}`);
  const tensorVm = await create(signer, "vm/TensorVM", []);
  const verdict = await create(signer, "dispute/Verdict", [tensorVm.contract]);
  // The game needs the coordinator's address and the coordinator the game's: the coordinator comes right after it.
  const deployer = await signer.getAddress();
  const nonce = (await provider.getTransactionCount(deployer)) + 1;
  const coordinator = getCreateAddress({ from: deployer, nonce });
  const game = await create(signer, "dispute/DisputeGame", [coordinator, verdict.contract, dispute, p256Verifier]);
  const { contract, receipt, compiler } = await create(signer, "inference/InferenceCoordinator", [
    parameters,
    game.contract,
    p256Verifier,
  ]);
  if (contract !== coordinator)
    throw new Error(`the coordinator is at ${contract}, and its game serves ${coordinator}`);
  const lens = await create(signer, "inference/Lens", [contract]);
  const addresses = {
    coordinator: contract,
    modelRegistry: await coordinatorAt(contract, provider).modelRegistry(),
    arbiter: game.contract,
    verdict: verdict.contract,
    tensorVm: tensorVm.contract,
    lens: lens.contract,
    p256Verifier,
  };
  return {
    version: MANIFEST_VERSION,
    chainId: Number((await provider.getNetwork()).chainId),
    addresses,
    codeHashes: await readCodeHashes(provider, addresses),
    parameters,
    dispute,
    block: { number: receipt.blockNumber, hash: receipt.blockHash as Hex },
    deployer,
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
