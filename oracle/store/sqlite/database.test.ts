import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "chai";
import { StoreError } from "../port.ts";
import { Database } from "./database.ts";
import { StoreLockedError, StoreMismatchError, StoreTooNewError } from "./errors.ts";
import { MIGRATIONS } from "./migrations.ts";

const deployment = { chainId: 1, coordinator: "0xC0", operator: "0x0e" };

describe("Database", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-store-"));
    path = join(folder, "node.sqlite");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("keeps what was written", async () => {
    const first = new Database(path);
    await first.bind(deployment);
    first.close();
    const second = new Database(path);
    await second.bind(deployment);
    expect({ ...second.prepare("SELECT * FROM deployment").get() }).to.deep.equal({
      chain_id: 1,
      coordinator: "0xC0",
      operator: "0x0e",
    });
    second.close();
  });

  it("is one process's at a time", () => {
    const first = new Database(path);
    expect(() => new Database(path)).to.throw(StoreLockedError, "in use by another process");
    first.close();
    new Database(path).close();
  });

  it("is one deployment's and one operator's for ever", async () => {
    const db = new Database(path);
    await db.bind(deployment);
    const other = await failure(db.bind({ ...deployment, chainId: 2 }));
    expect(other).to.be.instanceOf(StoreMismatchError);
    expect((other as Error).message).to.equal(`${path} was made for chain id 1, not 2; use a store of its own`);
    expect(await failure(db.bind({ ...deployment, operator: "0x0f" }))).to.include({ field: "operator" });
    db.close();
  });

  it("does not open what a newer version wrote", () => {
    new Database(path).close();
    const raw = new DatabaseSync(path);
    raw.exec("PRAGMA user_version = 99");
    raw.close();
    expect(() => new Database(path)).to.throw(StoreTooNewError, `${path} has schema 99`);
  });

  it("undoes a write that fails half way, and says that it did not happen", async () => {
    const db = new Database(path);
    const insert = "INSERT INTO block VALUES (1, '0x')";
    const twice = db.write("cursor.advance", () => {
      db.prepare(insert).run();
      db.prepare(insert).run();
    });
    expect(await failure(twice)).to.be.instanceOf(StoreError);
    expect(db.prepare("SELECT * FROM block").all()).to.have.length(0);
    db.close();
  });

  it("survives a power cut as far as SQLite can: synchronous and write-ahead", () => {
    const db = new Database(path);
    expect(db.prepare("PRAGMA journal_mode").get()?.journal_mode).to.equal("wal");
    expect(db.prepare("PRAGMA synchronous").get()?.synchronous).to.equal(2);
    db.close();
  });

  it("numbers its migrations from 1 on without gaps", () => {
    expect(MIGRATIONS.map(({ number }) => number)).to.deep.equal(MIGRATIONS.map((_, i) => i + 1));
  });
});
