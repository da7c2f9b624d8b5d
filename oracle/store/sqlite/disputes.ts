/** Answers that are checked, and the disputes over them. */
import type { SQLOutputValue } from "node:sqlite";
import type { GameEvent } from "../../dispute/event.ts";
import type { Address, AssertionId, ModelId, RequestId } from "../../roles/ports.ts";
import type { Hex } from "../../vm/keccak.ts";
import type { DisputeStore, Verdict, VerdictChange, WatchedAssertion } from "../port.ts";
import type { Database } from "./database.ts";
import { decode } from "./json.ts";

const ASSERTION = "SELECT assertion_id, result, disputable_until, verdict, reason, runs FROM assertion";

export class SqliteDisputeStore implements DisputeStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  setScope(scope: string): Promise<void> {
    return this.#db.write("watch.scope", () => {
      const stored = this.#db.prepare("SELECT scope FROM watch_scope").get();
      if (stored?.scope === scope) return;
      const tables = ["watch_scope", "watched_request", "assertion", "game_event", "game_session", "block"];
      for (const table of tables) this.#db.prepare(`DELETE FROM ${table}`).run();
      this.#db.prepare("INSERT INTO watch_scope VALUES (?)").run(scope);
    });
  }

  due(verdicts: readonly Verdict[], nowMs: number): Promise<readonly WatchedAssertion[]> {
    const places = verdicts.map(() => "?").join(", ");
    const sql = `${ASSERTION} WHERE ending IS NULL AND verdict IN (${places}) AND not_before_ms <= ?
      ORDER BY disputable_until, rowid`;
    return this.#db.read(() =>
      this.#db
        .prepare(sql)
        .all(...verdicts, nowMs)
        .map(assertionOf),
    );
  }

  assertion(assertionId: AssertionId): Promise<WatchedAssertion | undefined> {
    return this.#db.read(() => {
      const row = this.#db.prepare(`${ASSERTION} WHERE assertion_id = ?`).get(assertionId);
      return row === undefined ? undefined : assertionOf(row);
    });
  }

  request(requestId: RequestId): Promise<{ readonly modelId: ModelId; readonly inputRoot: Hex } | undefined> {
    return this.#db.read(() => {
      const sql = `SELECT model_id, input_root FROM watched_request WHERE request_id = :id
        UNION SELECT model_id, input_root FROM job WHERE request_id = :id AND is_orphan = 0`;
      const row = this.#db.prepare(sql).get({ id: requestId });
      return row === undefined ? undefined : { modelId: hex(row.model_id), inputRoot: hex(row.input_root) };
    });
  }

  inputOf(assertionId: AssertionId, requestId: RequestId): Promise<Uint8Array | undefined> {
    return this.#bytes(
      `SELECT input AS bytes FROM watched_request WHERE request_id = :requestId
        UNION ALL SELECT input FROM job WHERE request_id = :requestId
        UNION ALL SELECT input FROM assertion WHERE assertion_id = :assertionId AND input IS NOT NULL LIMIT 1`,
      { assertionId, requestId },
    );
  }

  outputOf(assertionId: AssertionId): Promise<Uint8Array | undefined> {
    return this.#bytes("SELECT output AS bytes FROM assertion WHERE assertion_id = :assertionId", { assertionId });
  }

  #bytes(sql: string, values: Record<string, string>): Promise<Uint8Array | undefined> {
    return this.#db.read(() => {
      const row = this.#db.prepare(sql).get(values);
      return row?.bytes instanceof Uint8Array ? row.bytes : undefined;
    });
  }

  judge(assertionId: AssertionId, { verdict, reason, runs, notBeforeMs = 0 }: VerdictChange): Promise<void> {
    return this.#db.write(`verdict.${verdict}`, () => {
      this.#db
        .prepare(`UPDATE assertion SET verdict = ?, reason = ?, runs = coalesce(?, runs), not_before_ms = ?
          WHERE assertion_id = ?`)
        .run(verdict, reason ?? null, runs ?? null, notBeforeMs, assertionId);
    });
  }

  verdicts(): Promise<Partial<Record<Verdict, number>>> {
    return this.#db.read(() => {
      const sql = "SELECT verdict, count(*) AS assertions FROM assertion WHERE ending IS NULL GROUP BY verdict";
      const rows = this.#db.prepare(sql).all();
      return Object.fromEntries(rows.map((row) => [row.verdict, row.assertions]));
    });
  }

  lastBlock(): Promise<number | undefined> {
    return this.#db.read(() => {
      const number = this.#db.prepare("SELECT max(number) AS number FROM block").get()?.number;
      return typeof number === "number" ? number : undefined;
    });
  }

  events(assertionId: AssertionId): Promise<readonly GameEvent[]> {
    return this.#db.read(() =>
      this.#db
        .prepare("SELECT event FROM game_event WHERE assertion_id = ? ORDER BY block_number, log_index")
        .all(assertionId)
        .map((row) => decode<GameEvent>(String(row.event))),
    );
  }

  disputed(by: "owner" | "operator", address: Address): Promise<readonly AssertionId[]> {
    return this.#db.read(() =>
      this.#db
        .prepare(`SELECT DISTINCT assertion_id FROM game_session WHERE ${by} = ? AND closed_block IS NULL
          ORDER BY opened_block, rowid`)
        .all(address)
        .map((row) => hex(row.assertion_id)),
    );
  }

  bondsOut(owner: Address): Promise<bigint> {
    return this.#db.read(() =>
      this.#db
        .prepare("SELECT bond_wei FROM game_session WHERE owner = ? AND closed_block IS NULL")
        .all(owner)
        .reduce((sum, row) => sum + BigInt(String(row.bond_wei)), 0n),
    );
  }
}

function assertionOf(row: Record<string, SQLOutputValue>): WatchedAssertion {
  return {
    assertionId: hex(row.assertion_id),
    result: decode(String(row.result)),
    disputableUntil: Number(row.disputable_until),
    verdict: row.verdict as Verdict,
    reason: row.reason === null ? undefined : String(row.reason),
    runs: Number(row.runs),
  };
}

const hex = (value: SQLOutputValue | undefined) => value as Hex;
