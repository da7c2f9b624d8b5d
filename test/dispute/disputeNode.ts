// A node that answers, defends, watches, or all of it, put together for tests from the product's parts.
import { Wallet } from "ethers";
import { ChainClient } from "../../oracle/chain/client.ts";
import { LogCursor } from "../../oracle/chain/cursor.ts";
import { GameClient } from "../../oracle/chain/game/client.ts";
import type { Manifest } from "../../oracle/chain/manifest.ts";
import { ChainOutbox } from "../../oracle/chain/outbox.ts";
import { RpcProvider } from "../../oracle/chain/provider.ts";
import { ResultSigner } from "../../oracle/chain/signer.ts";
import { domainOf } from "../../oracle/chain/typedData.ts";
import { Alarms } from "../../oracle/roles/alarms.ts";
import { Defence } from "../../oracle/roles/defence.ts";
import { Intake } from "../../oracle/roles/intake.ts";
import { Loop } from "../../oracle/roles/loop.ts";
import { Operator } from "../../oracle/roles/operator.ts";
import { movesMetric } from "../../oracle/roles/player.ts";
import type { CanonicalExecutor, Executor, Logger, ModelId, Solver } from "../../oracle/roles/ports.ts";
import { Replays } from "../../oracle/roles/replays.ts";
import { Watcher, type WatcherOptions } from "../../oracle/roles/watcher.ts";
import { Watching } from "../../oracle/roles/watching.ts";
import { Database } from "../../oracle/store/sqlite/database.ts";
import { SqliteDisputeStore } from "../../oracle/store/sqlite/disputes.ts";
import { SqliteJobStore } from "../../oracle/store/sqlite/jobs.ts";
import { SqliteOutboxStore } from "../../oracle/store/sqlite/outbox.ts";
import { PrometheusMetrics } from "../../oracle/telemetry/metrics.ts";

export interface DisputeNodeSettings {
  readonly url: string;
  readonly manifest: Pick<Manifest, "addresses" | "block" | "parameters" | "dispute" | "chainId">;
  /** Signs, and pays for the transactions. */
  readonly privateKey: string;
  /** Path of the model file, whatever the model. */
  readonly artefact: string;
  /** Answers these models for this operator, and defends the answers. */
  readonly answers?: { readonly operator: string; readonly models: readonly ModelId[] };
  /** Checks all answers of others. */
  readonly watches?: Partial<WatcherOptions>;
  /** Path of the database. */
  readonly store?: string;
}

export interface DisputeNodeParts {
  readonly executor: Executor;
  readonly canonical: CanonicalExecutor & Solver;
  readonly logger: Logger;
}

/** EIP-7825's limit for a transaction. */
const MAX_GAS = 2n ** 24n;
const ANY = 1_000_000;

export async function disputeNode(settings: DisputeNodeSettings, { executor, canonical, logger }: DisputeNodeParts) {
  const { manifest, answers, watches } = settings;
  const { chainId, addresses, dispute, block } = manifest;
  const { coordinator, arbiter } = addresses;
  const clock = { nowMs: () => Date.now() };
  const metrics = new PrometheusMetrics();
  const telemetry = { logger, metrics };
  const wallet = new Wallet(settings.privateKey);
  const db = new Database(settings.store ?? ":memory:");
  await db.bind({ chainId, coordinator, operator: answers?.operator ?? wallet.address });
  const jobs = new SqliteJobStore(db);
  const disputes = new SqliteDisputeStore(db);
  const providerOptions = { urls: [settings.url], chainId, timeoutMs: 20_000, coolDownMs: 1_000 };
  const provider = new RpcProvider(providerOptions, { clock, ...telemetry });
  const chainOptions = { manifest, sender: wallet.address, maxGas: MAX_GAS, maxRange: 1_000 };
  const chain = new ChainClient(chainOptions, { provider, logger });
  const contracts = { chainId, coordinator, game: arbiter };
  const feed = new LogCursor(
    { ...contracts, firstBlock: block.number, confirmations: 0, maxRange: 1_000 },
    { provider, ...telemetry },
  );
  const sending = { chainId, maxGas: MAX_GAS, maxFeeWei: 10n ** 12n, bumpAfterMs: 60_000, resendAfterMs: 10_000 };
  const outbox = new ChainOutbox(
    { ...sending, confirmations: 0, maxInFlight: 8 },
    { store: new SqliteOutboxStore(db), provider, signer: wallet, clock, ...telemetry },
  );
  const domain = domainOf(BigInt(chainId), coordinator);
  const game = new GameClient({ address: arbiter, domain, parameters: dispute }, provider);
  const alarms = new Alarms({ clock, ...telemetry });
  const artefacts = { obtain: () => Promise.resolve(settings.artefact) };
  const shared = { chain, artefacts, outbox, alarms, clock, onDone: () => loop.ring(), ...telemetry };
  const replays = new Replays({ uris: new Map() }, { ...shared, store: disputes });
  const ofDisputes = { ...shared, store: disputes, game, replays, solver: canonical, moves: movesMetric(metrics) };
  const limits = { deadlineMs: 60_000, memoryMb: 2_000 };
  const retries = { concurrency: 1, maxRuns: 5, retryAfterMs: 200 };
  const roles: { tick(): Promise<void>; idle(): Promise<void> }[] = [];
  if (answers !== undefined) {
    const { operator, models } = answers;
    const sentinel = { atol: ANY, rtol: ANY };
    const served = { ...limits, minProfitWei: 0n, maxCallbackGas: 2_000_000n, uris: [], sentinel, checkEvery: 1 };
    const options = {
      ...retries,
      operator,
      models: new Map(models.map((id) => [id, { ...served, answers: "canonical" } as const])),
      takesOpen: true,
      marginS: 1,
      maxBatch: 20,
      redeliveries: 3,
      withdrawAboveWei: undefined,
    };
    const signer = new ResultSigner(wallet, domain);
    roles.push(new Operator(options, { ...shared, store: jobs, executor, canonical, signer }));
    roles.push(new Defence({ operator, ...limits, retryAfterMs: 200 }, ofDisputes));
  }
  if (watches !== undefined) {
    const budget = { maxBondsWei: 10n ** 20n, maxGasPriceWei: 10n ** 12n };
    const base = { ...limits, ...retries, ...budget, windowS: manifest.parameters.window };
    const options = { ...base, operator: answers?.operator, sender: wallet.address, ...watches };
    roles.push(new Watcher(options, ofDisputes));
  }
  const watching = new Watching(
    { watches: () => watches !== undefined, operator: answers?.operator },
    { store: disputes, game, ...telemetry },
  );
  await disputes.setScope(watches === undefined ? "own" : "all");
  const intake = new Intake(new Set(answers?.models ?? []), { feed, store: jobs, watching, ...telemetry });
  const steps = [
    { name: "intake", run: () => intake.tick() },
    ...roles.map((role, i) => ({ name: `role ${i}`, run: () => role.tick() })),
    { name: "outbox", run: () => outbox.tick() },
  ];
  const loop: Loop = new Loop({ intervalMs: 50, steps }, { clock, ...telemetry });
  const stopping = new AbortController();
  const ran = { promise: undefined as Promise<void> | undefined };
  return {
    wallet,
    alarms,
    disputes,
    start: () => {
      ran.promise = loop.run(stopping.signal);
    },
    run: (signal: AbortSignal) => loop.run(signal),
    stop: async () => {
      if (stopping.signal.aborted) return;
      stopping.abort();
      await ran.promise;
      await Promise.all(roles.map((role) => role.idle()));
      provider.destroy();
      db.close();
    },
  };
}
