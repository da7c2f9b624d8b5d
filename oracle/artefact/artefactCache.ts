/** Model files on the local disk, named by their hash and fetched when they are not there. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ExponentialBackoff, handleWhen, retry } from "cockatiel";
import {
  ArtefactError,
  type Artefacts,
  type ArtefactUris,
  type Counter,
  type Logger,
  type Metrics,
} from "../roles/ports.ts";
import { redactUrl } from "../telemetry/redact.ts";
import type { Hex } from "../vm/keccak.ts";
import { type Access, openSource } from "./openSource.ts";
import { isPublic } from "./publicAddress.ts";
import { SourceError } from "./sourceError.ts";
import { verified } from "./verified.ts";

export interface ArtefactCacheOptions {
  /** Made if missing; only this program writes there. */
  readonly folder: string;
  /** Where relative `file:` URIs lead; undefined: nowhere. */
  readonly fileRoot: string | undefined;
  /** Whether registered URIs may lead to addresses that are not public. */
  readonly allowPrivateNetwork: boolean;
  readonly maxBytes: number;
  /** For one try at one source. */
  readonly timeoutMs: number;
  /** Before the first repetition; it grows from there. */
  readonly retryAfterMs: number;
}

/** Tries at one source when it fails for reasons that may pass. */
const MAX_RETRIES = 2;

export class ArtefactCache implements Artefacts {
  readonly #options: ArtefactCacheOptions;
  readonly #logger: Logger;
  readonly #fetches: Counter;
  /** What is being obtained or was, so that nothing is fetched or hashed twice. */
  readonly #obtained = new Map<Hex, Promise<string>>();

  constructor(options: ArtefactCacheOptions, { logger, metrics }: { logger: Logger; metrics: Metrics }) {
    this.#options = options;
    this.#logger = logger;
    this.#fetches = metrics.counter({
      name: "artefact_fetches_total",
      help: "Tries to fetch a model file from one source, by outcome",
      labels: ["outcome"],
    });
  }

  /** @inheritdoc A cached file is hashed once per run of the program: a corrupted one is fetched again. */
  async obtain(sha256: Hex, uris: ArtefactUris): Promise<string> {
    const known = this.#obtained.get(sha256);
    if (known !== undefined) {
      const path = await known;
      if (existsSync(path)) return path;
      // Deleted since. Whoever else noticed may be fetching it already.
      if (this.#obtained.get(sha256) === known) this.#obtained.delete(sha256);
      return await this.obtain(sha256, uris);
    }
    // All who wait for it are told the same.
    const path = this.#obtain(sha256, uris).catch((error: unknown) => {
      this.#obtained.delete(sha256);
      throw error instanceof ArtefactError ? error : cannotUseCache(error as Error);
    });
    this.#obtained.set(sha256, path);
    return await path;
  }

  async #obtain(sha256: Hex, { configured, registered }: ArtefactUris): Promise<string> {
    const path = join(this.#options.folder, `${sha256.slice(2)}.onnx`);
    if (await this.#isIntact(path, sha256)) return path;
    const { fileRoot, allowPrivateNetwork } = this.#options;
    const anywhere: Access = { fileRoot, mayConnect: () => true };
    const inPublic: Access = { fileRoot: undefined, mayConnect: allowPrivateNetwork ? () => true : isPublic };
    const sources = [
      ...configured.map((uri) => ({ uri, access: anywhere })),
      ...registered.map((uri) => ({ uri, access: inPublic })),
    ];
    const errors: SourceError[] = [];
    const reasons: string[] = [];
    for (const { uri, access } of sources) {
      const error = await this.#fetch(uri, access, path, sha256);
      if (error === undefined) return path;
      errors.push(error);
      reasons.push(`${redactUrl(uri)}: ${error.message}`);
      this.#logger.warn({ sha256, uri: redactUrl(uri), reason: error.message }, "a source does not give the artefact");
    }
    throw new ArtefactError(
      `no source gives the artefact ${sha256}${reasons.length === 0 ? ": none is known" : ` (${reasons.join("; ")})`}`,
      errors.some(({ failure }) => failure !== "refused"),
    );
  }

  async #isIntact(path: string, sha256: Hex): Promise<boolean> {
    if (!existsSync(path)) return false;
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    if (`0x${hash.digest("hex")}` === sha256) return true;
    this.#logger.warn({ path }, "the cached artefact is corrupted and will be fetched again");
    await rm(path);
    return false;
  }

  /** Fetches one URI to `path`, or says why not. */
  async #fetch(uri: string, access: Access, path: string, sha256: Hex): Promise<SourceError | undefined> {
    const policy = retry(
      handleWhen((error) => error instanceof SourceError && error.failure === "transient"),
      {
        maxAttempts: MAX_RETRIES,
        backoff: new ExponentialBackoff({ initialDelay: this.#options.retryAfterMs }),
      },
    );
    try {
      await policy.execute(() => this.#download(uri, access, path, sha256));
      this.#fetches.inc({ outcome: "fetched" });
      return undefined;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      this.#fetches.inc({ outcome: error.failure });
      return error;
    }
  }

  /** The file appears under its name only when it is complete, verified and on the disk. */
  async #download(uri: string, access: Access, path: string, sha256: Hex): Promise<void> {
    const { folder, timeoutMs, maxBytes } = this.#options;
    await mkdir(folder, { recursive: true });
    const part = `${path}.${randomUUID()}.part`;
    const file = await open(part, "wx");
    try {
      const source = await openSource(uri, access, AbortSignal.timeout(timeoutMs));
      await file.writeFile(verified(source, sha256, maxBytes));
      await file.sync();
      await rename(part, path);
    } finally {
      await file.close();
      await rm(part, { force: true });
    }
  }
}

const cannotUseCache = (cause: Error) =>
  new ArtefactError(`cannot use the artefact cache: ${cause.message}`, true, { cause });
