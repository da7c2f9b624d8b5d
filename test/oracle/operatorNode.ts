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
import type { TensorSignature } from "../../oracle/model/onnx/signature.ts";
import { DTYPES, elementCount } from "../../oracle/model/tensor.ts";
import { Alarms } from "../../oracle/roles/alarms.ts";
import { Intake } from "../../oracle/roles/intake.ts";
import { Loop } from "../../oracle/roles/loop.ts";
import { Operator, type OperatorOptions } from "../../oracle/roles/operator.ts";
import {
  type CanonicalExecutor,
  type CanonicalOutput,
  ExecutionError,
  type Executor,
  type Logger,
  type ModelId,
  type RunnableModel,
  type Tensor,
} from "../../oracle/roles/ports.ts";
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
  readonly canonical?: CanonicalExecutor;
  readonly options?: Partial<OperatorOptions>;
  readonly logger: Logger;
}

/** First bytes of an input with which {@link TestExecutor} fails. */
export const REFUSED_INPUT = 0xff;
export const FLAKY_INPUT = 0xfe;

/** Every output is made of the hash of the inputs, so that equal inputs give equal outputs in every process. */
export class TestExecutor implements Executor {
  #isFlaky = true;

  run(model: RunnableModel, inputs: readonly Tensor[]): Promise<Tensor[]> {
    const first = inputs[0]?.bytes[0];
    if (first === REFUSED_INPUT) return Promise.reject(new ExecutionError("model", "the input is refused"));
    if (first === FLAKY_INPUT && this.#isFlaky) {
      this.#isFlaky = false;
      return Promise.reject(new ExecutionError("timeout", "the first run takes too long"));
    }
    const digest = createHash("sha256")
      .update(Buffer.concat(inputs.map(({ bytes }) => bytes)))
      .digest();
    const output = (signature: TensorSignature<number>) => {
      const length = elementCount(signature.dims) * DTYPES[signature.dtype].bytes;
      return { ...signature, bytes: Uint8Array.from({ length }, (_, i) => digest[i % digest.length] ?? 0) };
    };
    return Promise.resolve(model.outputs.map(output));
  }
}

/** What {@link TestExecutor} gives, with a trace. */
export class TestCanonical implements CanonicalExecutor {
  readonly #executor = new TestExecutor();

  async run(model: RunnableModel, inputs: readonly Tensor[]): Promise<CanonicalOutput> {
    return { outputs: await this.#executor.run(model, inputs), traceRoot: model.modelId };
  }

  load(): Promise<void> {
    return Promise.resolve();
  }
}

/** EIP-7825's limit for a transaction. */
const MAX_GAS = 2n ** 24n;

export async function operatorNode(
  settings: NodeSettings,
  { executor = new TestExecutor(), canonical = new TestCanonical(), options, logger }: NodeParts,
) {
  const { manifest, operator, confirmations = 0 } = settings;
  const { chainId } = manifest;
  const { coordinator, arbiter: game } = manifest.addresses;
  const clock = { nowMs: () => Date.now() };
  const metrics = new PrometheusMetrics();
  const db = new Database(settings.store);
  await db.bind({ chainId, coordinator, operator });
  const store = new SqliteJobStore(db);
  const outboxStore = new SqliteOutboxStore(db);
  const provider = new RpcProvider(
    { urls: settings.urls, chainId, timeoutMs: 10_000, coolDownMs: 1_000 },
    { clock, logger, metrics },
  );
  const wallet = new Wallet(settings.privateKey);
  const outbox = new ChainOutbox(
    {
      chainId,
      maxGas: MAX_GAS,
      maxFeeWei: 1_000_000_000_000n,
      bumpAfterMs: 60_000,
      resendAfterMs: 10_000,
      confirmations,
      maxInFlight: 8,
    },
    { store: outboxStore, provider, signer: wallet, clock, logger, metrics },
  );
  const chain = new ChainClient(
    { manifest, sender: wallet.address, maxGas: MAX_GAS, maxRange: 1_000 },
    { provider, logger },
  );
  const feed = new LogCursor(
    { chainId, coordinator, game, firstBlock: manifest.block.number, confirmations, maxRange: 1_000 },
    { provider, logger, metrics },
  );
  const intake = new Intake(new Set(settings.models), { feed, store, logger, metrics });
  const limits = { minProfitWei: 0n, maxCallbackGas: 2_000_000n, deadlineMs: 5_000, memoryMb: 500 };
  const served = { ...limits, uris: [], sentinel: { atol: 0, rtol: 0 }, answers: "canonical", checkEvery: 1 } as const;
  const role = new Operator(
    {
      operator,
      models: new Map(settings.models.map((modelId) => [modelId, served])),
      takesOpen: true,
      marginS: 10,
      concurrency: 2,
      maxRuns: 10,
      retryAfterMs: 100,
      maxBatch: 20,
      redeliveries: 5,
      withdrawAboveWei: 0n,
      ...options,
    },
    {
      store,
      chain,
      executor,
      canonical,
      alarms: new Alarms({ clock, logger, metrics }),
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
      intervalMs: 10,
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
  return { db, loop, intake, role, outbox, store, outboxStore, provider, chain, metrics, close };
}
