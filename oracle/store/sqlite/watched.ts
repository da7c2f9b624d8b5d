/** What blocks bring for disputes, written and taken back with the blocks themselves. */
import type { PlacedGameEvent } from "../../roles/ports.ts";
import type { Watched } from "../port.ts";
import type { Database } from "./database.ts";
import { encode } from "./json.ts";

/** Inside a transaction that notes the blocks. Events that are known are passed over: blocks may be read again. */
export function addWatched(db: Database, { requests, assertions, endings, game }: Watched): void {
  for (const { requestId, request, input, block } of requests) {
    db.prepare("INSERT INTO watched_request VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING").run(
      requestId,
      block.number,
      request.modelId,
      request.inputRoot,
      input,
    );
  }
  for (const { assertionId, result, disputableUntil, input, output, block } of assertions) {
    db.prepare(`
      INSERT INTO assertion (assertion_id, block_number, request_id, result, disputable_until, input, output)
      VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`).run(
      assertionId,
      block.number,
      result.requestId,
      encode(result),
      disputableUntil,
      input ?? null,
      output,
    );
  }
  for (const { ending, requestId, assertionId, block } of endings) {
    db.prepare("UPDATE assertion SET ending = ?, ended_block = ? WHERE assertion_id = ?").run(
      ending,
      block.number,
      assertionId,
    );
    if (ending !== "final") continue;
    db.prepare("UPDATE watched_request SET final_block = ? WHERE request_id = ?").run(block.number, requestId);
  }
  for (const placed of game) addGameEvent(db, placed);
}

function addGameEvent(db: Database, { event, block, logIndex }: PlacedGameEvent): void {
  const { assertionId } = event;
  db.prepare("INSERT INTO game_event VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING").run(
    block.number,
    logIndex,
    assertionId,
    encode(event),
  );
  if (event.type === "Opened") {
    const { owner, operator, bond } = event.session;
    db.prepare("INSERT INTO game_session VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING").run(
      event.sessionId,
      assertionId,
      owner,
      operator,
      bond.toString(),
      block.number,
    );
  } else if (event.type === "SessionLost" || event.type === "Claimed") {
    db.prepare("UPDATE game_session SET closed_block = ? WHERE session_id = ?").run(block.number, event.sessionId);
  } else if (event.type === "Refuted") {
    // A receipt has no other ending; that of an assertion comes in the same transaction.
    db.prepare("UPDATE assertion SET ending = 'rejected', ended_block = ? WHERE assertion_id = ?").run(
      block.number,
      assertionId,
    );
  }
}

/** Takes back what came after a block. */
export function rewindWatched(db: Database, blockNumber: number): void {
  const statements = [
    "DELETE FROM watched_request WHERE block_number > ?",
    "UPDATE watched_request SET final_block = NULL WHERE final_block > ?",
    "DELETE FROM assertion WHERE block_number > ?",
    "UPDATE assertion SET ending = NULL, ended_block = NULL WHERE ended_block > ?",
    "DELETE FROM game_event WHERE block_number > ?",
    "DELETE FROM game_session WHERE opened_block > ?",
    "UPDATE game_session SET closed_block = NULL WHERE closed_block > ?",
  ];
  for (const sql of statements) db.prepare(sql).run(blockNumber);
}

/** Forgets what ended before a block that no reorganisation is expected to reach. */
export function pruneWatched(db: Database, blockNumber: number): void {
  const isPlayed = (id: string) =>
    `EXISTS (SELECT 1 FROM game_session s WHERE s.assertion_id = ${id} AND closed_block IS NULL)`;
  const statements = [
    "DELETE FROM watched_request WHERE final_block < ? AND request_id NOT IN (SELECT request_id FROM assertion WHERE ending IS NULL)",
    `DELETE FROM assertion WHERE ended_block < ? AND NOT ${isPlayed("assertion.assertion_id")}`,
  ];
  for (const sql of statements) db.prepare(sql).run(blockNumber);
}
