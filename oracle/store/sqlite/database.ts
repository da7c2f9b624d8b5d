/** One SQLite file: opened by one process at a time, brought to the newest schema, each write durable when it returns. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { failpoint, type Step } from "../../failpoint.ts";
import type { Address } from "../../roles/ports.ts";
import { StoreError } from "../port.ts";
import { StoreLockedError, StoreMismatchError, StoreTooNewError } from "./errors.ts";
import { MIGRATIONS } from "./migrations.ts";

/** Whom a store belongs to. */
export interface Deployment {
  readonly chainId: number;
  readonly coordinator: Address;
  readonly operator: Address;
}

const SQLITE_BUSY = 5;
const newest = Math.max(...MIGRATIONS.map(({ number }) => number));

export class Database {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();

  /**
   * Opens or creates the file; ":memory:" is a store that forgets.
   * @throws StoreLockedError
   * @throws StoreTooNewError
   */
  constructor(path: string) {
    this.#path = path;
    this.#db = new DatabaseSync(path, { timeout: 0 });
    try {
      // The exclusive lock is taken by the first statement and kept until the process ends, however it ends.
      this.#db.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA foreign_keys = ON;
      `);
      this.#transaction(() => this.#migrate());
    } catch (error) {
      this.#db.close();
      if (isBusy(error)) throw new StoreLockedError(path, { cause: error });
      throw error;
    }
  }

  /**
   * Makes the store this deployment's, or checks that it is.
   * @throws StoreMismatchError
   */
  bind({ chainId, coordinator, operator }: Deployment): Promise<void> {
    return this.write("store.bind", () => {
      const stored = this.prepare("SELECT chain_id, coordinator, operator FROM deployment").get();
      if (stored === undefined) {
        this.prepare("INSERT INTO deployment VALUES (?, ?, ?)").run(chainId, coordinator, operator);
        return;
      }
      for (const [field, given] of Object.entries({ chain_id: chainId, coordinator, operator })) {
        if (stored[field] === given) continue;
        throw new StoreMismatchError(this.#path, field.replace("_", " "), String(stored[field]), String(given));
      }
    });
  }

  prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  read<T>(body: () => T): Promise<T> {
    return new Promise((resolve) => resolve(guarded(body)));
  }

  /** Runs `body` as one transaction between the two failpoints of `step`. */
  write<T>(step: Step, body: () => T): Promise<T> {
    return new Promise((resolve) => {
      failpoint(`${step}:before`);
      const result = guarded(() => this.#transaction(body));
      failpoint(`${step}:after`);
      resolve(result);
    });
  }

  close(): void {
    this.#db.close();
  }

  #transaction<T>(body: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = body();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #migrate(): void {
    const found = Number(this.#db.prepare("PRAGMA user_version").get()?.user_version);
    if (found > newest) throw new StoreTooNewError(this.#path, found, newest);
    for (const { number, sql } of MIGRATIONS) {
      if (number <= found) continue;
      this.#db.exec(sql);
      this.#db.exec(`PRAGMA user_version = ${number}`);
    }
  }
}

function guarded<T>(body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const isSqlite = cause instanceof Error && "errcode" in cause;
    throw isSqlite ? new StoreError(cause.message, { cause }) : cause;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}
