/** The only composition root: brings adapters, roles and commands together. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import closeWithGrace from "close-with-grace";
import { ArtefactCache } from "./artefact/artefactCache.ts";
import { ChainClient } from "./chain/client.ts";
import { LogCursor } from "./chain/cursor.ts";
import { GameClient } from "./chain/game/client.ts";
import { createKeystore, isExposed, keystoreAddress, loadKeystore } from "./chain/keystore.ts";
import { LogReader } from "./chain/logReader.ts";
import { checkManifest, type Manifest, readManifest } from "./chain/manifest.ts";
import { ChainOutbox } from "./chain/outbox.ts";
import { RpcProvider } from "./chain/provider.ts";
import { ChainSession, checksummed } from "./chain/session.ts";
import { ResultSigner } from "./chain/signer.ts";
import { domainOf } from "./chain/typedData.ts";
import type { StoreSummary, Tools } from "./cli/ports.ts";
import { run } from "./cli/program.ts";
import type { Config } from "./config/schema.ts";
import { ethToWei, gweiToWei } from "./config/wei.ts";
import { startServer } from "./http/server.ts";
import { Alarms } from "./roles/alarms.ts";
import { Defence } from "./roles/defence.ts";
import { Intake } from "./roles/intake.ts";
import { Loop } from "./roles/loop.ts";
import { NodeView } from "./roles/nodeView.ts";
import { Operator, type OperatorOptions } from "./roles/operator.ts";
import { movesMetric } from "./roles/player.ts";
import type { Address, Clock, Logger, Metrics, ModelId, RunLimits } from "./roles/ports.ts";
import { Replays } from "./roles/replays.ts";
import { Watcher, type WatcherOptions } from "./roles/watcher.ts";
import { Watching } from "./roles/watching.ts";
import { CanonicalEngine } from "./runtime/canonicalEngine.ts";
import { OnnxRuntime } from "./runtime/onnxRuntime.ts";
import { Database } from "./store/sqlite/database.ts";
import { SqliteDisputeStore } from "./store/sqlite/disputes.ts";
import { StoreLockedError } from "./store/sqlite/errors.ts";
import { SqliteJobStore } from "./store/sqlite/jobs.ts";
import { SqliteOutboxStore } from "./store/sqlite/outbox.ts";
import { createLogger } from "./telemetry/logger.ts";
import { PrometheusMetrics } from "./telemetry/metrics.ts";

/** How long an endpoint that failed is left alone. */
const COOL_DOWN_MS = 30_000;
/** EIP-7825's limit of a transaction. */
const MAX_GAS = 2n ** 24n;
/** The contracts' own limit of a callback. */
const MAX_CALLBACK_GAS = 2_000_000n;
const RESEND_AFTER_MS = 15_000;
/** Tries per run. */
const MAX_RUNS = 5;
const RETRY_AFTER_MS = 5_000;
/** A run that is under way when the node is told to stop may take so long; it begins anew with the next start. */
const RUN_GRACE_MS = 10_000;
/** Then the process ends in any case. */
const EXIT_GRACE_MS = 20_000;

const clock: Clock = { nowMs: () => Date.now() };

interface Telemetry {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** For commands: what they have to say they say themselves. */
const quiet = (): Telemetry => ({ logger: createLogger("silent"), metrics: new PrometheusMetrics() });

function openProvider({ chain }: Config, { chainId }: Manifest, telemetry: Telemetry): RpcProvider {
  const options = { urls: chain.rpcUrls, chainId, timeoutMs: chain.rpcTimeoutMs, coolDownMs: COOL_DOWN_MS };
  return new RpcProvider(options, { clock, ...telemetry });
}

function openArtefacts({ artefacts, data }: Config, telemetry: Telemetry): ArtefactCache {
  const { fileRoot, allowPrivateNetwork, maxMb, timeoutMs } = artefacts;
  const access = { fileRoot, allowPrivateNetwork };
  const limits = { maxBytes: maxMb * 1_000_000, timeoutMs, retryAfterMs: 1_000 };
  return new ArtefactCache({ folder: join(data, "artefacts"), ...access, ...limits }, telemetry);
}

const poolOptions = ({ execution: { processes, modelsLoaded } }: Config) => ({ processes, maxModels: modelsLoaded });

const limitsOf = ({ execution: { deadlineMs, memoryMb } }: Config): RunLimits => ({ deadlineMs, memoryMb });

const storePath = ({ data }: Config) => join(data, "assay.db");

const tools: Tools = {
  keystores: { create: createKeystore, addressIn: keystoreAddress, isExposed },
  connect(config) {
    const telemetry = quiet();
    const manifest = readManifest(config.chain.manifest);
    const provider = openProvider(config, manifest, telemetry);
    const maxRange = config.chain.logRange;
    const sender = checksummed(config.operator.address);
    const client = new ChainClient({ manifest, sender, maxGas: MAX_GAS, maxRange }, { provider, ...telemetry });
    const logs = new LogReader(provider, maxRange, telemetry.logger);
    return new ChainSession({ manifest, provider, client, logs });
  },
  async tryModel(config, tried) {
    const model = { modelId: "0x", ...tried } as const;
    const [executor, canonical] = [new OnnxRuntime(poolOptions(config)), new CanonicalEngine(poolOptions(config))];
    try {
      await executor.load(model, limitsOf(config));
      if (model.program !== undefined) await canonical.load(model, limitsOf(config));
    } finally {
      await Promise.all([executor.close(), canonical.close()]);
    }
  },
  async judge(config, model, inputs, answer) {
    const engine = new CanonicalEngine(poolOptions(config));
    try {
      return await engine.judge(model, inputs, limitsOf(config), answer);
    } finally {
      await engine.close();
    }
  },
  openRuntime: () => new OnnxRuntime({ processes: 1, maxModels: 1 }),
  obtain: (config, artefactHash, uris) => openArtefacts(config, quiet()).obtain(artefactHash, uris),
  storeSummary,
  start,
};

async function storeSummary(config: Config): Promise<StoreSummary | "none" | "in use"> {
  if (!existsSync(storePath(config))) return "none";
  try {
    const database = new Database(storePath(config));
    const store = new SqliteJobStore(database);
    const [jobs, [last]] = await Promise.all([store.counts(), store.tail()]);
    database.close();
    return { jobs: jobs as Record<string, number>, block: last?.number };
  } catch (error) {
    if (error instanceof StoreLockedError) return "in use";
    throw error;
  }
}

/** Runs the node until a signal comes or something fails for good. */
async function start(config: Config, password: string): Promise<void> {
  const logger = createLogger(config.log.level);
  const metrics = new PrometheusMetrics();
  metrics.collectProcessMetrics();
  const stop = new AbortController();
  const ended = Promise.withResolvers<void>();
  const closers: Closer[] = [];
  try {
    const loop = await assemble(config, password, { logger, metrics }, (close) => closers.unshift(close));
    const graceLogger = { error: (error: unknown) => logger.error({ error }, "the end is not graceful") };
    closeWithGrace({ delay: EXIT_GRACE_MS, logger: graceLogger }, ({ signal, err }) => {
      logger.info({ signal, error: err }, "stopping");
      stop.abort();
      return ended.promise;
    });
    await loop.run(stop.signal);
    logger.info({}, "closing");
  } finally {
    for (const close of closers) await close();
    ended.resolve();
  }
}

type Closer = () => void | Promise<void>;

interface Role {
  readonly name: string;
  readonly role: { tick(): Promise<void>; idle(): Promise<void> };
}

/**
 * Builds the node up to the loop that drives it.
 * @param onClose takes what has to be closed, the last one first, also when this fails half way
 */
async function assemble(
  config: Config,
  password: string,
  { logger, metrics }: { logger: Logger; metrics: PrometheusMetrics },
  onClose: (close: Closer) => void,
): Promise<Loop> {
  const { chain: chainConfig, transactions, keystore, http } = config;
  const { confirmations, logRange: maxRange, pollMs } = chainConfig;
  const telemetry = { logger, metrics };
  const operatorAddress = checksummed(config.operator.address);
  const manifest = readManifest(chainConfig.manifest);
  const { chainId } = manifest;
  const { coordinator, arbiter } = manifest.addresses;
  const wallet = await loadKeystore(keystore.file, password);

  const provider = openProvider(config, manifest, telemetry);
  onClose(() => provider.destroy());
  await checkManifest(provider, manifest);

  mkdirSync(config.data, { recursive: true });
  const database = new Database(storePath(config));
  onClose(() => database.close());
  await database.bind({ chainId, coordinator, operator: operatorAddress });
  const store = new SqliteJobStore(database);

  const clientOptions = { manifest, sender: wallet.address, maxGas: MAX_GAS, maxRange };
  const chain = new ChainClient(clientOptions, { provider, ...telemetry });
  const contracts = { chainId, coordinator, game: arbiter };
  const cursorOptions = { ...contracts, firstBlock: manifest.block.number, confirmations, maxRange };
  const feed = new LogCursor(cursorOptions, { provider, ...telemetry });
  const outbox = new ChainOutbox(
    {
      chainId,
      maxGas: MAX_GAS,
      maxFeeWei: gweiToWei(transactions.maxFeeGwei),
      bumpAfterMs: transactions.bumpAfterMs,
      resendAfterMs: RESEND_AFTER_MS,
      confirmations,
      maxInFlight: transactions.maxInFlight,
    },
    { store: new SqliteOutboxStore(database), provider, signer: wallet, clock, ...telemetry },
  );

  const executor = new OnnxRuntime(poolOptions(config));
  const canonical = new CanonicalEngine(poolOptions(config));
  const alarms = new Alarms({ clock, ...telemetry });
  const artefacts = openArtefacts(config, telemetry);
  const disputes = new SqliteDisputeStore(database);
  const domain = domainOf(BigInt(chainId), coordinator);
  const game = new GameClient({ address: arbiter, domain, parameters: manifest.dispute }, provider);
  const serving = operatorOptions(config, operatorAddress);
  const shared = { chain, artefacts, outbox, alarms, clock, onDone: () => loop.ring(), ...telemetry };
  const replaysOptions = { uris: new Map([...serving.models].map(([id, { uris }]) => [id, uris])) };
  const replays = new Replays(replaysOptions, { ...shared, store: disputes });
  const moves = movesMetric(metrics);
  const ofDisputes = { ...shared, store: disputes, game, replays, solver: canonical, moves };
  const roles: Role[] = [];
  if (config.operator.enabled) {
    const signer = new ResultSigner(wallet, domain);
    const operator = new Operator(serving, { ...shared, store, executor, canonical, signer });
    roles.push({ name: "operator", role: operator });
    const defence = { operator: operatorAddress, retryAfterMs: RETRY_AFTER_MS, ...limitsOf(config) };
    roles.push({ name: "defence", role: new Defence(defence, ofDisputes) });
  }
  if (config.watcher.enabled) {
    const options = watcherOptions(config, manifest, operatorAddress, wallet.address);
    roles.push({ name: "watcher", role: new Watcher(options, ofDisputes) });
  }
  const idle = () => Promise.all(roles.map(({ role }) => role.idle())).then(() => undefined);
  // What is killed still has to be noted in the store.
  onClose(idle);
  onClose(() => Promise.all([executor.close(), canonical.close()]).then(() => undefined));
  onClose(() => Promise.race([idle(), sleep(RUN_GRACE_MS, undefined, { ref: false })]));
  const watching = new Watching(
    { watches: watchedBy(config), operator: operatorAddress },
    { store: disputes, game, ...telemetry },
  );
  await disputes.setScope(scopeOf(config));
  const served = config.operator.enabled ? new Set(serving.models.keys()) : new Set<ModelId>();
  const intake = new Intake(served, { feed, store, watching, ...telemetry });
  const steps = [
    { name: "intake", run: () => intake.tick() },
    ...roles.map(({ name, role }) => ({ name, run: () => role.tick() })),
    { name: "outbox", run: () => outbox.tick() },
  ];
  const loop: Loop = new Loop({ intervalMs: pollMs, steps }, { clock, ...telemetry });

  const view = new NodeView(
    { chainId, coordinator, operator: operatorAddress, confirmations, pollMs },
    { chain, store, loop, clock, alarms, checkExecutor: () => checkExecutors([executor, canonical], config) },
  );
  const sources = { probes: view.probes(), status: () => view.status(), metrics: () => metrics.text(), logger };
  const server = await startServer(http, sources);
  onClose(() => server.close());
  logger.info({ url: server.url, chainId, coordinator, operator: operatorAddress, key: wallet.address }, "started");
  if (roles.length === 0) logger.warn({}, "neither operator nor watcher is enabled: nothing will be done");
  if (config.operator.enabled && served.size === 0) {
    logger.warn({}, "no model is configured: nothing will be answered");
  }
  return loop;
}

/** A process of each kind can be had. */
async function checkExecutors(executors: readonly (OnnxRuntime | CanonicalEngine)[], config: Config): Promise<void> {
  await Promise.all(executors.map((executor) => executor.check(limitsOf(config))));
}

function operatorOptions({ operator, execution }: Config, address: string): OperatorOptions {
  const { takesOpen, minProfitEth, answerMarginS, withdrawAboveEth, models } = operator;
  const { deadlineMs, memoryMb, processes } = execution;
  const serving = { minProfitWei: ethToWei(minProfitEth), maxCallbackGas: MAX_CALLBACK_GAS, deadlineMs, memoryMb };
  return {
    operator: address,
    models: new Map(models.map(({ id, ...model }) => [id, { ...serving, ...model }])),
    takesOpen,
    marginS: answerMarginS,
    concurrency: processes,
    maxRuns: MAX_RUNS,
    retryAfterMs: RETRY_AFTER_MS,
    maxBatch: 20,
    redeliveries: 3,
    withdrawAboveWei: withdrawAboveEth === undefined ? undefined : ethToWei(withdrawAboveEth),
  };
}

function watcherOptions(config: Config, { parameters }: Manifest, operator: Address, sender: Address): WatcherOptions {
  const { maxBondsEth, maxGasPriceGwei } = config.watcher;
  return {
    ...limitsOf(config),
    operator: config.operator.enabled ? operator : undefined,
    sender,
    windowS: parameters.window,
    concurrency: config.execution.processes,
    maxRuns: MAX_RUNS,
    retryAfterMs: RETRY_AFTER_MS,
    maxBondsWei: ethToWei(maxBondsEth),
    maxGasPriceWei: gweiToWei(maxGasPriceGwei),
  };
}

function watchedBy({ watcher: { enabled, models } }: Config): (modelId: ModelId) => boolean {
  if (!enabled) return () => false;
  const chosen = new Set(models);
  return chosen.size === 0 ? () => true : (modelId) => chosen.has(modelId);
}

/** What the store is read for: with another scope it is read again. */
function scopeOf({ watcher: { enabled, models } }: Config): string {
  if (!enabled) return "own";
  return models.length === 0 ? "all" : models.toSorted().join(" ");
}

/**
 * Runs one command.
 * @param argv the arguments after the program's name
 * @returns the exit code
 */
export function main(argv: readonly string[]): Promise<number> {
  return run(argv, tools);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
