/** An operator's node, put together for tests from the product's parts and an executor that needs no model. */
import { createHash } from "node:crypto";
import { Wallet } from "ethers";
import { ChainClient } from "../../oracle/chain/client.ts";
import { LogCursor } from "../../oracle/chain/cursor.ts";
import type { Manifest } from "../../oracle/chain/manifest.ts";
import { ChainOutbox } from "../../oracle/chain/outbox.ts";
import { RpcProvider } from "../../oracle/chain/provider.ts";
import { ResultSigner } from "../../oracle/chain/signer.ts";
import { domainOf } from "../../oracle/chain/typedData.ts";
import { DTYPES, elementCount } from "../../oracle/model/tensor.ts";
import { Intake } from "../../oracle/roles/intake.ts";
import { Loop } from "../../oracle/roles/loop.ts";
import { Operator, type OperatorOptions } from "../../oracle/roles/operator.ts";
import type { Executor, Logger, ModelId } from "../../oracle/roles/ports.ts";
import { Database } from "../../oracle/store/sqlite/database.ts";
import { SqliteJobStore } from "../../oracle/store/sqlite/jobs.ts";
import { SqliteOutboxStore } from "../../oracle/store/sqlite/outbox.ts";
import { PrometheusMetrics } from "../../oracle/telemetry/metrics.ts";

export interface NodeSettings {
  readonly urls: readonly string[];
  readonly manifest: Pick<Manifest, "addresses" | "block" | "parameters" | "chainId">;
  readonly operator: string;
  readonly privateKey: string;
  readonly models: readonly ModelId[];
  /** Path of the database; ":memory:" for none. */
  readonly store: string;
  readonly confirmations?: number;
}

export interface NodeParts {
  readonly executor?: Executor;
  readonly options?: Partial<OperatorOptions>;
  readonly logger: Logger;
}

/** Every output is made of the hash of the inputs, so that equal inputs give equal outputs in every process. */
export const hashingExecutor: Executor = {
  run: (model, inputs) => {
    const seed = createHash("sha256");
    for (const { bytes } of inputs) seed.update(bytes);
    const digest = seed.digest();
    return Promise.resolve(
      model.outputs.map((signature) => {
        const length = elementCount(signature.dims) * DTYPES[signature.dtype].bytes;
        return { ...signature, bytes: Uint8Array.from({ length }, (_, i) => digest[i % digest.length] ?? 0) };
      }),
    );
  },
};

export async function operatorNode(settings: NodeSettings, { executor = hashingExecutor, options, logger }: NodeParts) {
  const { manifest, operator, confirmations = 0 } = settings;
  const { chainId } = manifest;
  const { coordinator } = manifest.addresses;
  const clock = { nowMs: () => Date.now() };
  const metrics = new PrometheusMetrics();
  const db = new Database(settings.store);
  await db.bind({ chainId, coordinator, operator });
  const store = new SqliteJobStore(db);
  const provider = new RpcProvider(
    { urls: settings.urls, chainId, timeoutMs: 1_000, coolDownMs: 1_000 },
    { clock, logger, metrics },
  );
  const wallet = new Wallet(settings.privateKey);
  const outbox = new ChainOutbox(
    {
      chainId,
      maxGas: 16_000_000n,
      maxFeeWei: 1_000_000_000_000n,
      bumpAfterMs: 60_000,
      resendAfterMs: 10_000,
      confirmations,
      maxInFlight: 8,
    },
    { store: new SqliteOutboxStore(db), provider, signer: wallet, clock, logger, metrics },
  );
  const chain = new ChainClient({ manifest, sender: wallet.address, maxRange: 1_000 }, { provider, logger });
  const feed = new LogCursor(
    { chainId, coordinator, firstBlock: manifest.block.number, confirmations, maxRange: 1_000 },
    { provider, logger, metrics },
  );
  const intake = new Intake(new Set(settings.models), { feed, store, logger, metrics });
  const served = { uris: [], minProfitWei: 0n, maxCallbackGas: 2_000_000n, deadlineMs: 5_000, memoryMb: 500 };
  const role = new Operator(
    {
      operator,
      models: new Map(settings.models.map((modelId) => [modelId, served])),
      takesOpen: true,
      marginS: 10,
      concurrency: 2,
      maxRuns: 3,
      retryAfterMs: 100,
      maxBatch: 20,
      redeliveries: 1,
      withdrawAboveWei: 0n,
      ...options,
    },
    {
      store,
      chain,
      executor,
      artefacts: { obtain: () => Promise.resolve("/dev/null") },
      outbox,
      signer: new ResultSigner(wallet, domainOf(BigInt(chainId), coordinator)),
      clock,
      logger,
      metrics,
      onDone: () => loop.ring(),
    },
  );
  const loop: Loop = new Loop(
    {
      intervalMs: 50,
      steps: [
        { name: "intake", run: () => intake.tick() },
        { name: "operator", run: () => role.tick() },
        { name: "outbox", run: () => outbox.tick() },
      ],
    },
    { clock, logger, metrics },
  );
  const close = () => {
    provider.destroy();
    db.close();
  };
  return { loop, intake, role, outbox, store, provider, chain, metrics, close };
}
