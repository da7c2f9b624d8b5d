/** assay doctor: everything that has to be right for the node to earn, and what to do where it is not. */
import { accessSync, constants, existsSync, mkdirSync, statfsSync } from "node:fs";
import type { Command } from "commander";
import type { Config } from "../../config/schema.ts";
import type { ProgramSpec } from "../../roles/ports.ts";
import { runnableOf } from "../../roles/runnable.ts";
import { formatEth, sameAddress } from "../amounts.ts";
import { configOf } from "../context.ts";
import { CommandError } from "../errors.ts";
import { readPassword } from "../password.ts";
import type { Account, Session, Tools } from "../ports.ts";
import { labelSemantics } from "../semantics.ts";

const EXAMPLES = `
Each line begins with ok or FAIL. Exit code 1 if anything failed.

Examples:
  assay doctor
  assay doctor && assay start`;

const MIN_NODE_MAJOR = 24;
const MIN_FREE_BYTES = 1_000_000_000;
const MAX_CLOCK_SKEW_S = 30;
const MAX_BLOCK_AGE_S = 3_600;
/** Gas of ten answers: assertion, finalisation, callbacks of middling size. */
const GAS_IN_RESERVE = 10n * 300_000n;

export function addDoctor(program: Command, tools: Tools): void {
  program
    .command("doctor")
    .description("check everything that the node needs")
    .addHelpText("after", EXAMPLES)
    .action(async (_options: object, command: Command) => {
      const doctor = new Doctor();
      await doctor.check("node", () => checkNode());
      const config = await doctor.check("configuration", () => readConfig(command));
      if (config !== undefined) await examine(doctor, tools, config);
      if (doctor.failures > 0) throw new CommandError(`${doctor.failures} of ${doctor.checks} checks failed`);
    });
}

/** What a check found: a line for the reader, and a value for later checks. */
interface Finding<T> {
  readonly text: string;
  readonly value: T;
}

class Doctor {
  checks = 0;
  failures = 0;

  /** Prints a line; undefined if the check failed. */
  async check<T>(name: string, run: () => Finding<T> | Promise<Finding<T>>): Promise<T | undefined> {
    this.checks++;
    try {
      const { text, value } = await run();
      console.log(`ok    ${name}: ${text}`);
      return value;
    } catch (error) {
      this.failures++;
      console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
}

const finding = (text: string): Finding<void> => ({ text, value: undefined });

async function examine(doctor: Doctor, tools: Tools, config: Config): Promise<void> {
  await doctor.check("data folder", () => checkFolder(config.data));
  const session = await doctor.check("manifest", () => {
    const opened = tools.connect(config);
    const { chainId, coordinator } = opened.deployment;
    return { text: `chain ${chainId}, coordinator ${coordinator}`, value: opened };
  });
  if (session === undefined) return;
  try {
    await doctor.check("chain", () => checkChain(session));
    await doctor.check("clock", () => checkClock(session));
    const account = await doctor.check("keystore", () => openKey(tools, config, session));
    if (account !== undefined) await doctor.check("key", () => checkKey(session, config, account));
    if (account !== undefined) await doctor.check("gas", () => checkGas(session, account));
    await doctor.check("stake", () => checkStake(session, config));
    if (config.operator.models.length === 0) {
      await doctor.check("models", () => fail("none is configured: list them under operator.models"));
    }
    for (const model of config.operator.models) {
      await doctor.check(`model ${model.id}`, () => checkModel(tools, config, session, model));
    }
  } finally {
    session.close();
  }
}

function fail(message: string): never {
  throw new CommandError(message);
}

function checkNode(): Finding<void> {
  const { version, versions } = process;
  if (Number(versions.node.split(".")[0]) < MIN_NODE_MAJOR) fail(`${version}; ${MIN_NODE_MAJOR} or newer is needed`);
  return finding(version);
}

function readConfig(command: Command): Finding<Config> {
  return { text: command.optsWithGlobals<{ config: string }>().config, value: configOf(command) };
}

function checkFolder(folder: string): Finding<void> {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.R_OK | constants.W_OK);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < MIN_FREE_BYTES) fail(`${folder} has ${gigabytes(free)} left; free some space`);
  return finding(`${folder}, ${gigabytes(free)} free`);
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

async function checkChain(session: Session): Promise<Finding<void>> {
  const { number } = await session.head();
  await session.verify();
  return finding(`block ${number}, and the contracts are the manifest's`);
}

async function checkClock(session: Session): Promise<Finding<void>> {
  const { timestamp } = await session.head();
  const ageS = Math.round(Date.now() / 1000 - timestamp);
  if (ageS < -MAX_CLOCK_SKEW_S) fail(`${-ageS} s behind the latest block: set this machine's clock`);
  if (ageS > MAX_BLOCK_AGE_S) {
    fail(`the latest block is ${ageS} s old: the endpoint is not synced, or this machine's clock is wrong`);
  }
  return finding(`the latest block is ${ageS} s old`);
}

async function openKey(tools: Tools, config: Config, session: Session): Promise<Finding<Account>> {
  const { file, passwordFile } = config.keystore;
  if (tools.keystores.isExposed(file)) fail(`others may read ${file}: chmod 600 ${file}`);
  const account = await session.account(file, await readPassword(passwordFile, `Password of ${file}`));
  return { text: file, value: account };
}

async function checkKey(session: Session, config: Config, { address }: Account): Promise<Finding<void>> {
  const operator = await session.operatorOfKey(address);
  if (operator === undefined) fail(`${address} signs for nobody: assay operator key`);
  if (!sameAddress(operator, config.operator.address)) {
    fail(`${address} signs for ${operator}, and operator.address is ${config.operator.address}`);
  }
  return finding(`${address} signs for ${operator}`);
}

async function checkGas(session: Session, { address }: Account): Promise<Finding<void>> {
  const [balanceWei, gasPriceWei] = await Promise.all([session.balanceWei(address), session.gasPriceWei()]);
  const neededWei = GAS_IN_RESERVE * gasPriceWei;
  if (balanceWei < neededWei) {
    fail(`${address} has ${formatEth(balanceWei)}; ten answers may take ${formatEth(neededWei)}: send it some`);
  }
  return finding(`${address} has ${formatEth(balanceWei)}`);
}

async function checkStake(session: Session, { operator: { address } }: Config): Promise<Finding<void>> {
  const { stakeWei, lockedWei, isLive } = await session.operator(address);
  const { minStakeWei, operatorBondWei } = session.deployment;
  if (stakeWei < minStakeWei) {
    fail(`${formatEth(stakeWei)}, at least ${formatEth(minStakeWei)} is needed: assay operator stake`);
  }
  if (stakeWei - lockedWei < operatorBondWei) {
    fail(`${formatEth(stakeWei - lockedWei)} is free, and an answer locks ${formatEth(operatorBondWei)}: stake more`);
  }
  if (!isLive) fail("no request is assigned to this operator: assay operator live on");
  return finding(`${formatEth(stakeWei)}, ${formatEth(stakeWei - lockedWei)} free, live`);
}

async function checkModel(
  tools: Tools,
  config: Config,
  session: Session,
  { id, uris, answers }: Config["operator"]["models"][number],
): Promise<Finding<void>> {
  const model = await session.model(id);
  if (model === undefined) fail("not registered on this chain");
  const [terms, offer] = await Promise.all([session.modelTerms(id), session.offer(id, config.operator.address)]);
  if (terms?.isDeprecated) fail("deprecated: nobody can ask it any more");
  if (offer === undefined) fail(`not offered: assay operator offer ${id}`);
  const path = await tools.obtain(config, model.artefactHash, { configured: uris, registered: model.uris });
  const { program } = model;
  if (answers === "onnxRuntime" && !hasTolerance(program)) fail("answers: onnxRuntime, and it has no tolerance");
  await tools.tryModel(config, runnableOf(model, path));
  const loads = program === undefined ? "loads" : "compiles to what is registered";
  return finding(
    `${labelSemantics(model.semantics)}, offered for ${offer.priceGwei} gwei, its file is there and ${loads}`,
  );
}

const hasTolerance = (program: ProgramSpec | undefined) =>
  program === undefined || program.tolerance.atol > 0 || program.tolerance.rtol > 0;
