/** Jobs and the blocks they came from. */
import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { ModelId, Request, RequestedEvent, RequestId } from "../../roles/ports.ts";
import type { Hex } from "../../vm/keccak.ts";
import type { BlockRef, Job, JobChange, JobState, JobStore, StoredOutput, Watched } from "../port.ts";
import type { Database } from "./database.ts";
import { addWatched, pruneWatched, rewindWatched } from "./watched.ts";

/** Deeper reorganisations than this many blocks make the node read everything again. */
const TAIL_BLOCKS = 128;

type Row = Record<string, SQLOutputValue>;

const JOB = `SELECT request_id, state, reason, request, block_number, block_hash, round, runs, not_before_ms, issued_at,
  signature FROM job`;

export class SqliteJobStore implements JobStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  tail(): Promise<readonly BlockRef[]> {
    return this.#db.read(() =>
      this.#db
        .prepare("SELECT number, hash FROM block ORDER BY number DESC")
        .all()
        .map((row) => ({ number: Number(row.number), hash: hex(row.hash) })),
    );
  }

  advance(blocks: readonly BlockRef[], requests: readonly RequestedEvent[], watched?: Watched): Promise<void> {
    return this.#db.write("cursor.advance", () => {
      for (const { number, hash } of blocks) this.#db.prepare("INSERT INTO block VALUES (?, ?)").run(number, hash);
      this.#db
        .prepare("DELETE FROM block WHERE number NOT IN (SELECT number FROM block ORDER BY number DESC LIMIT ?)")
        .run(TAIL_BLOCKS);
      for (const event of requests) this.#add(event);
      if (watched === undefined) return;
      addWatched(this.#db, watched);
      pruneWatched(this.#db, (blocks.at(-1)?.number ?? 0) - TAIL_BLOCKS);
    });
  }

  #add({ requestId, request, input, block }: RequestedEvent): void {
    this.#db
      .prepare(`
        INSERT INTO job (request_id, state, block_number, block_hash, model_id, input_root, request, input)
        VALUES (?, 'seen', ?, ?, ?, ?, ?, ?)
        ON CONFLICT (request_id) DO UPDATE SET
          is_orphan = 0,
          state = iif(block_hash = excluded.block_hash AND state <> 'dropped', state, 'seen'),
          round = round + 1,
          not_before_ms = 0,
          request = excluded.request,
          block_number = excluded.block_number,
          block_hash = excluded.block_hash
        WHERE is_orphan = 1`)
      .run(
        requestId,
        block.number,
        block.hash,
        request.modelId,
        request.inputRoot,
        JSON.stringify(request, (_key, value) => (typeof value === "bigint" ? value.toString() : value)),
        input,
      );
  }

  rewind(blockNumber: number): Promise<void> {
    return this.#db.write("cursor.rewind", () => {
      this.#db.prepare("DELETE FROM block WHERE number > ?").run(blockNumber);
      this.#db.prepare("UPDATE job SET is_orphan = 1 WHERE block_number > ?").run(blockNumber);
      rewindWatched(this.#db, blockNumber);
    });
  }

  due(states: readonly JobState[], nowMs: number): Promise<readonly Job[]> {
    return this.#select("is_orphan = 0 AND not_before_ms <= ?", states, nowMs);
  }

  orphans(states: readonly JobState[]): Promise<readonly Job[]> {
    return this.#select("is_orphan = 1", states);
  }

  #select(condition: string, states: readonly JobState[], ...values: SQLInputValue[]): Promise<readonly Job[]> {
    const places = states.map(() => "?").join(", ");
    const sql = `${JOB} WHERE ${condition} AND state IN (${places}) ORDER BY block_number, rowid`;
    return this.#db.read(() =>
      this.#db
        .prepare(sql)
        .all(...values, ...states)
        .map(jobOf),
    );
  }

  job(requestId: RequestId): Promise<Job | undefined> {
    return this.#db.read(() => {
      const row = this.#db.prepare(`${JOB} WHERE request_id = ?`).get(requestId);
      return row === undefined ? undefined : jobOf(row);
    });
  }

  counts(): Promise<Partial<Record<JobState, number>>> {
    return this.#db.read(() => {
      const rows = this.#db
        .prepare("SELECT state, count(*) AS jobs FROM job WHERE NOT is_orphan OR state = 'dropped' GROUP BY state")
        .all();
      return Object.fromEntries(rows.map((row) => [row.state, row.jobs]));
    });
  }

  change(job: Job, change: JobChange): Promise<boolean> {
    return this.#db.write(`job.${change.state}`, () => this.#change(job, change));
  }

  compute(job: Job, { bytes, traceRoot }: StoredOutput): Promise<boolean> {
    return this.#db.write("job.computed", () => {
      this.#db
        .prepare(
          "INSERT INTO output (model_id, input_root, bytes, trace_root) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .run(job.request.modelId, job.request.inputRoot, bytes, traceRoot);
      return this.#change(job, { state: "computed" });
    });
  }

  /** `round` tells apart a job that was orphaned, came back and reached the same state again. */
  #change(job: Job, change: JobChange): boolean {
    const signed = change.signed ?? job.signed;
    const { changes } = this.#db
      .prepare(`
        UPDATE job SET state = ?, reason = ?, round = ?, runs = ?, not_before_ms = ?, issued_at = ?, signature = ?
        WHERE request_id = ? AND state = ? AND round = ?`)
      .run(
        change.state,
        change.reason ?? null,
        change.round ?? job.round,
        change.runs ?? job.runs,
        change.notBeforeMs ?? 0,
        signed?.issuedAt ?? null,
        signed?.signature ?? null,
        job.requestId,
        job.state,
        job.round,
      );
    return changes === 1;
  }

  input(requestId: RequestId): Promise<Uint8Array> {
    return this.#db.read(() => {
      const row = this.#db.prepare("SELECT input FROM job WHERE request_id = ?").get(requestId);
      if (!(row?.input instanceof Uint8Array)) throw new Error(`no job ${requestId}`);
      return row.input;
    });
  }

  output(modelId: ModelId, inputRoot: Hex): Promise<StoredOutput | undefined> {
    return this.#db.read(() => {
      const row = this.#db
        .prepare("SELECT bytes, trace_root FROM output WHERE model_id = ? AND input_root = ?")
        .get(modelId, inputRoot);
      return row?.bytes instanceof Uint8Array ? { bytes: row.bytes, traceRoot: hex(row.trace_root) } : undefined;
    });
  }
}

function jobOf(row: Row): Job {
  return {
    requestId: hex(row.request_id),
    state: row.state as JobState,
    reason: row.reason === null ? undefined : String(row.reason),
    request: requestOf(JSON.parse(String(row.request))),
    block: { number: Number(row.block_number), hash: hex(row.block_hash) },
    round: Number(row.round),
    runs: Number(row.runs),
    notBeforeMs: Number(row.not_before_ms),
    signed: row.signature === null ? undefined : { issuedAt: Number(row.issued_at), signature: hex(row.signature) },
  };
}

/** A stored request: its numbers are decimal strings, since JSON's would lose digits. */
function requestOf(stored: Record<keyof Request, string>): Request {
  return {
    requester: stored.requester,
    nonce: BigInt(stored.nonce),
    modelId: stored.modelId as Hex,
    inputRoot: stored.inputRoot as Hex,
    policy: BigInt(stored.policy),
    fee: BigInt(stored.fee),
    model: BigInt(stored.model),
    assignment: BigInt(stored.assignment),
  };
}

const hex = (value: SQLOutputValue | undefined) => value as Hex;
