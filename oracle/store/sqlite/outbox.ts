/** Transactions, their keys and their attempts. */
import type { SQLOutputValue } from "node:sqlite";
import type { Call } from "../../roles/ports.ts";
import type { Hex } from "../../vm/keccak.ts";
import type { Attempt, OutboxStore, Outcome, StoredTx } from "../port.ts";
import type { Database } from "./database.ts";

type Row = Record<string, SQLOutputValue>;

/** The greatest code point: nothing with this beginning sorts after it. */
const HAS_PREFIX = "key >= :prefix AND key < :prefix || char(0x10ffff)";

export class SqliteOutboxStore implements OutboxStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  enqueue(keys: readonly string[], call: Call, gasLimit: bigint): Promise<boolean> {
    return this.#db.write("tx.enqueue", () => {
      const known = this.#db.prepare("SELECT 1 FROM tx_key WHERE key = ?");
      if (keys.some((key) => known.get(key) !== undefined)) return false;
      const { lastInsertRowid: id } = this.#db
        .prepare("INSERT INTO tx (recipient, data, value_wei, gas_limit) VALUES (?, ?, ?, ?)")
        .run(call.to, call.data, String(call.valueWei ?? 0n), gasLimit.toString());
      for (const key of keys) this.#db.prepare("INSERT INTO tx_key VALUES (?, ?)").run(key, id);
      return true;
    });
  }

  countKeys(prefix: string): Promise<number> {
    return this.#db.read(() => {
      const sql = `SELECT count(*) AS keys FROM tx_key WHERE ${HAS_PREFIX}`;
      return Number(this.#db.prepare(sql).get({ prefix })?.keys);
    });
  }

  byKey(key: string): Promise<StoredTx | undefined> {
    return this.#db.read(() => {
      const row = this.#db.prepare("SELECT tx.* FROM tx JOIN tx_key ON tx_id = id WHERE key = ?").get(key);
      return row === undefined ? undefined : this.#txOf(row);
    });
  }

  open(): Promise<readonly StoredTx[]> {
    return this.#db.read(() =>
      this.#db
        .prepare("SELECT * FROM tx WHERE outcome IS NULL ORDER BY nonce IS NULL, nonce, id")
        .all()
        .map((row) => this.#txOf(row)),
    );
  }

  sign(id: number, nonce: number, attempt: Attempt): Promise<boolean> {
    return this.#db.write("tx.sign", () => {
      const { changes } = this.#db.prepare("UPDATE tx SET nonce = ? WHERE id = ? AND outcome IS NULL").run(nonce, id);
      if (changes === 0) return false;
      this.#db
        .prepare("INSERT INTO tx_attempt VALUES (?, ?, ?, ?, ?, ?, ?)")
        .run(
          attempt.hash,
          id,
          attempt.raw,
          attempt.maxFeeWei.toString(),
          attempt.tipWei.toString(),
          Number(attempt.isCancellation),
          attempt.signedAtMs,
        );
      return true;
    });
  }

  async cancel(prefix: string): Promise<number> {
    const condition = `is_cancelled = 0 AND id IN (SELECT tx_id FROM tx_key WHERE ${HAS_PREFIX})`;
    const wanted = this.#db.prepare(`SELECT 1 FROM tx WHERE ${condition}`);
    if ((await this.#db.read(() => wanted.all({ prefix }))).length === 0) return 0;
    return this.#db.write("tx.cancel", () => {
      const sql = `UPDATE tx SET is_cancelled = 1, outcome = iif(nonce IS NULL, 'cancelled', outcome) WHERE ${condition}`;
      return Number(this.#db.prepare(sql).run({ prefix }).changes);
    });
  }

  finish(id: number, outcome: Outcome): Promise<void> {
    return this.#db.write("tx.finish", () => {
      const mined = outcome.state === "cancelled" ? undefined : outcome;
      this.#db
        .prepare("UPDATE tx SET outcome = ?, block_number = ?, gas_used = ?, cost_wei = ?, error_name = ? WHERE id = ?")
        .run(
          outcome.state,
          mined?.block ?? null,
          mined?.gasUsed.toString() ?? null,
          mined?.costWei.toString() ?? null,
          outcome.state === "reverted" ? outcome.errorName : null,
          id,
        );
    });
  }

  requeue(id: number, isOver: boolean): Promise<void> {
    return this.#db.write("tx.requeue", () => {
      const outcome = isOver ? "cancelled" : null;
      this.#db.prepare("UPDATE tx SET nonce = NULL, outcome = ? WHERE id = ?").run(outcome, id);
      this.#db.prepare("DELETE FROM tx_attempt WHERE tx_id = ?").run(id);
    });
  }

  async reopen(nonce: number): Promise<number> {
    const condition = "nonce >= ? AND outcome IS NOT NULL";
    const undone = await this.#db.read(() => this.#db.prepare(`SELECT 1 FROM tx WHERE ${condition}`).all(nonce));
    if (undone.length === 0) return 0;
    return this.#db.write("tx.reopen", () => {
      const { changes } = this.#db.prepare(`UPDATE tx SET outcome = NULL WHERE ${condition}`).run(nonce);
      return Number(changes);
    });
  }

  #txOf(row: Row): StoredTx {
    const id = Number(row.id);
    const keys = this.#db.prepare("SELECT key FROM tx_key WHERE tx_id = ? ORDER BY rowid").all(id);
    const attempts = this.#db.prepare("SELECT * FROM tx_attempt WHERE tx_id = ? ORDER BY rowid DESC").all(id);
    return {
      id,
      keys: keys.map(({ key }) => String(key)),
      call: { to: String(row.recipient), data: row.data as Hex, valueWei: BigInt(String(row.value_wei)) },
      gasLimit: BigInt(String(row.gas_limit)),
      nonce: row.nonce === null ? undefined : Number(row.nonce),
      isCancelled: row.is_cancelled === 1,
      attempts: attempts.map(attemptOf),
      outcome: outcomeOf(row),
    };
  }
}

function attemptOf(row: Row): Attempt {
  return {
    hash: row.hash as Hex,
    raw: row.raw as Hex,
    maxFeeWei: BigInt(String(row.max_fee_wei)),
    tipWei: BigInt(String(row.tip_wei)),
    isCancellation: row.is_cancellation === 1,
    signedAtMs: Number(row.signed_at_ms),
  };
}

function outcomeOf(row: Row): Outcome | undefined {
  if (row.outcome === null) return undefined;
  if (row.outcome === "cancelled") return { state: "cancelled" };
  const mined = {
    block: Number(row.block_number),
    gasUsed: BigInt(String(row.gas_used)),
    costWei: BigInt(String(row.cost_wei)),
  };
  if (row.outcome === "mined") return { state: "mined", ...mined };
  return { state: "reverted", ...mined, errorName: String(row.error_name) };
}
