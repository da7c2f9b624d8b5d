/**
 * The schema's history. A migration is never edited once released, and its number, the tables' and the columns' names
 * are never used again for something else: a store written by any version is read by every later one.
 */
export const MIGRATIONS: readonly { readonly number: number; readonly sql: string }[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE deployment (chain_id INTEGER NOT NULL, coordinator TEXT NOT NULL, operator TEXT NOT NULL) STRICT;

      CREATE TABLE block (number INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;

      CREATE TABLE job (
        request_id TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        reason TEXT,
        is_orphan INTEGER NOT NULL DEFAULT 0,
        block_number INTEGER NOT NULL,
        block_hash TEXT NOT NULL,
        model_id TEXT NOT NULL,
        input_root TEXT NOT NULL,
        request TEXT NOT NULL,
        input BLOB NOT NULL,
        round INTEGER NOT NULL DEFAULT 0,
        runs INTEGER NOT NULL DEFAULT 0,
        not_before_ms INTEGER NOT NULL DEFAULT 0,
        issued_at INTEGER,
        signature TEXT
      ) STRICT;
      CREATE INDEX job_due ON job (state, not_before_ms);
      CREATE INDEX job_block ON job (block_number);

      CREATE TABLE output (
        model_id TEXT NOT NULL,
        input_root TEXT NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (model_id, input_root)
      ) STRICT;

      CREATE TABLE tx (
        id INTEGER PRIMARY KEY,
        recipient TEXT NOT NULL,
        data TEXT NOT NULL,
        gas_limit TEXT NOT NULL,
        nonce INTEGER,
        is_cancelled INTEGER NOT NULL DEFAULT 0,
        outcome TEXT,
        block_number INTEGER,
        gas_used TEXT,
        cost_wei TEXT,
        error_name TEXT
      ) STRICT;
      CREATE INDEX tx_open ON tx (id) WHERE outcome IS NULL;
      CREATE INDEX tx_nonce ON tx (nonce);

      CREATE TABLE tx_key (key TEXT PRIMARY KEY, tx_id INTEGER NOT NULL REFERENCES tx) STRICT;
      CREATE INDEX tx_key_tx ON tx_key (tx_id);

      CREATE TABLE tx_attempt (
        hash TEXT PRIMARY KEY,
        tx_id INTEGER NOT NULL REFERENCES tx,
        raw TEXT NOT NULL,
        max_fee_wei TEXT NOT NULL,
        tip_wei TEXT NOT NULL,
        is_cancellation INTEGER NOT NULL,
        signed_at_ms INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX tx_attempt_tx ON tx_attempt (tx_id);
    `,
  },
  {
    number: 2,
    sql: `ALTER TABLE output ADD COLUMN trace_root TEXT NOT NULL DEFAULT '0x${"00".repeat(32)}'`,
  },
  {
    number: 3,
    sql: `
      ALTER TABLE tx ADD COLUMN value_wei TEXT NOT NULL DEFAULT '0';

      -- Earlier blocks were not read for disputes: they are read again, which changes no job.
      DELETE FROM block;
      CREATE TABLE watch_scope (scope TEXT NOT NULL) STRICT;

      CREATE TABLE watched_request (
        request_id TEXT PRIMARY KEY,
        block_number INTEGER NOT NULL,
        model_id TEXT NOT NULL,
        input_root TEXT NOT NULL,
        input BLOB NOT NULL,
        final_block INTEGER
      ) STRICT;

      CREATE TABLE assertion (
        assertion_id TEXT PRIMARY KEY,
        block_number INTEGER NOT NULL,
        request_id TEXT NOT NULL,
        result TEXT NOT NULL,
        disputable_until INTEGER NOT NULL,
        input BLOB,
        output BLOB NOT NULL,
        ending TEXT,
        ended_block INTEGER,
        verdict TEXT NOT NULL DEFAULT 'unchecked',
        reason TEXT,
        runs INTEGER NOT NULL DEFAULT 0,
        not_before_ms INTEGER NOT NULL DEFAULT 0
      ) STRICT;
      CREATE INDEX assertion_open ON assertion (verdict, disputable_until) WHERE ending IS NULL;

      CREATE TABLE game_event (
        block_number INTEGER NOT NULL,
        log_index INTEGER NOT NULL,
        assertion_id TEXT NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (block_number, log_index)
      ) STRICT;
      CREATE INDEX game_event_assertion ON game_event (assertion_id);

      CREATE TABLE game_session (
        session_id TEXT PRIMARY KEY,
        assertion_id TEXT NOT NULL,
        owner TEXT NOT NULL,
        operator TEXT NOT NULL,
        bond_wei TEXT NOT NULL,
        opened_block INTEGER NOT NULL,
        closed_block INTEGER
      ) STRICT;
      CREATE INDEX game_session_open ON game_session (owner) WHERE closed_block IS NULL;
    `,
  },
];
