import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  type Clock,
  type Condition,
  ConditionFailed,
  type Item,
  type ItemKey,
  type Table,
  type TablePage,
  type TableQuery,
  type TableWrite,
} from "../../flows/ports.ts";
import { SyncError } from "../../model/errors.ts";
import { dayMs } from "../../model/time.ts";
import { checkKey, checkTransaction, itemText, keyOf } from "../table-limits.ts";
import { holds } from "./condition.ts";

export interface TableOptions {
  readonly clock: Pick<Clock, "now">;
  /** Whether a commit survives a power cut (an fsync each) or only the end of the process. @default "power" */
  readonly survives?: "power" | "process";
}

/** How long a write waits for writers of other processes before it gives up with `STORE_UNAVAILABLE`. */
const busyTimeoutMs = 10_000;
const writesBetweenPurges = 1_000;
const itemsPerPurge = 500;
const pageItemsMax = 1_000;

/** `synchronous=FULL`: a file of the inbox moves on once the table says so, and that must not be unsaid by a power cut. */
const setUp = (survives: "power" | "process") => `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = ${survives === "power" ? "FULL" : "NORMAL"};
  CREATE TABLE IF NOT EXISTS item (
    pk TEXT NOT NULL, sk TEXT NOT NULL, expires_at INTEGER, body TEXT NOT NULL, PRIMARY KEY (pk, sk)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS item_expiry ON item (expires_at) WHERE expires_at IS NOT NULL;
`;

/** The state store in one SQLite file that many processes may open at once. Reads and writes are short and block the event loop. */
export function openTable(path: string, options: TableOptions): Table & Disposable {
  const database = translating(() => new DatabaseSync(path, { timeout: busyTimeoutMs }));
  translating(() => setUpOnce(database, options.survives ?? "power"));
  return new SqliteTable(database, options.clock);
}

const setUpTriesMax = 100;
const setUpPauseMs = 20;

/** Many processes may open a new file at once; the change to WAL does not wait for the busy timeout by itself. */
function setUpOnce(database: DatabaseSync, survives: "power" | "process"): void {
  for (let tries = 1; ; tries += 1) {
    try {
      database.exec(setUp(survives));
      return;
    } catch (error) {
      if (tries === setUpTriesMax || primaryCode(error) !== sqliteBusy) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, setUpPauseMs);
    }
  }
}

class SqliteTable implements Table, Disposable {
  readonly #database: DatabaseSync;
  readonly #clock: Pick<Clock, "now">;
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #purge: StatementSync;
  readonly #ascending: StatementSync;
  readonly #descending: StatementSync;
  #writesUntilPurge = 0;

  constructor(database: DatabaseSync, clock: Pick<Clock, "now">) {
    this.#database = database;
    this.#clock = clock;
    this.#select = database.prepare(
      "SELECT body FROM item WHERE pk = ? AND sk = ? AND (expires_at IS NULL OR expires_at > ?)",
    );
    this.#upsert = database.prepare("INSERT OR REPLACE INTO item (pk, sk, expires_at, body) VALUES (?, ?, ?, ?)");
    this.#delete = database.prepare("DELETE FROM item WHERE pk = ? AND sk = ?");
    this.#purge = database.prepare(
      "DELETE FROM item WHERE (pk, sk) IN (SELECT pk, sk FROM item WHERE expires_at < ? LIMIT ?)",
    );
    const page = (order: "ASC" | "DESC") =>
      database.prepare(
        `SELECT sk, body FROM item WHERE pk = ? AND sk >= ? AND sk < ? AND (expires_at IS NULL OR expires_at > ?)
         ORDER BY sk ${order} LIMIT ?`,
      );
    this.#ascending = page("ASC");
    this.#descending = page("DESC");
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    return translating(() => this.#read(key));
  }

  async query(query: TableQuery): Promise<TablePage> {
    const limit = Math.min(query.limit ?? 100, pageItemsMax);
    if (!(limit >= 1)) throw new RangeError(`a page has at least one item, not ${limit}`);
    const isDescending = query.order === "descending";
    const resume = query.cursor === undefined ? undefined : Buffer.from(query.cursor, "base64url").toString();
    // A byte above every text: blobs sort after all of it.
    const end = (!isDescending ? undefined : resume) ?? query.to ?? new Uint8Array(0);
    const start = (isDescending || resume === undefined ? undefined : `${resume}\0`) ?? query.from ?? "";
    const statement = isDescending ? this.#descending : this.#ascending;
    const rows = translating(() => statement.all(query.pk, start, end, this.#clock.now(), limit + 1));
    const items = rows.slice(0, limit).map((row) => JSON.parse(String(row["body"])) as Item);
    const last = rows.length > limit ? items.at(-1) : undefined;
    return last === undefined ? { items } : { items, cursor: Buffer.from(last.sk).toString("base64url") };
  }

  async put(item: Item, condition?: Condition): Promise<void> {
    this.#write([condition === undefined ? { put: item } : { put: item, condition }]);
  }

  async delete(key: ItemKey, condition?: Condition): Promise<void> {
    this.#write([condition === undefined ? { delete: key } : { delete: key, condition }]);
  }

  async transact(writes: readonly TableWrite[]): Promise<void> {
    checkTransaction(writes);
    if (writes.length > 0) this.#write(writes);
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #read(key: ItemKey): Item | undefined {
    const row = this.#select.get(key.pk, key.sk, this.#clock.now());
    return row === undefined ? undefined : (JSON.parse(String(row["body"])) as Item);
  }

  #write(writes: readonly TableWrite[]): void {
    const texts = writes.map(textOf);
    translating(() => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        writes.forEach((write, index) => {
          if (write.condition && !holds(write.condition, this.#read(keyOf(write)))) throw new ConditionFailed(index);
        });
        writes.forEach((write, index) => {
          this.#apply(write, texts[index]);
        });
        this.#purgeNowAndThen(writes.length);
        this.#database.exec("COMMIT");
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  #apply(write: TableWrite, text = ""): void {
    if ("put" in write) {
      this.#upsert.run(write.put.pk, write.put.sk, write.put.expiresAt ?? null, text);
    } else if ("delete" in write) {
      this.#delete.run(write.delete.pk, write.delete.sk);
    }
  }

  /** Expired items read as absent at once; a day later (clocks may step back) they give their room back. */
  #purgeNowAndThen(writes: number): void {
    this.#writesUntilPurge -= writes;
    if (this.#writesUntilPurge > 0) return;
    this.#writesUntilPurge = writesBetweenPurges;
    this.#purge.run(this.#clock.now() - dayMs, itemsPerPurge);
  }
}

/** The text to store, empty where nothing is stored; refuses what no adapter can hold. */
function textOf(write: TableWrite): string {
  if ("put" in write) return itemText(write.put);
  checkKey(keyOf(write));
  return "";
}

const sqliteBusy = 5;
const sqliteFull = 13;

function translating<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = primaryCode(error);
    if (code === undefined) throw error;
    if (code === sqliteFull) throw new SyncError("STORAGE_FULL", { cause: error });
    const message = code === sqliteBusy ? "the table is locked by another process" : String(error);
    throw new SyncError("STORE_UNAVAILABLE", { message, cause: error });
  }
}

/** SQLite's primary result code, the low byte of the extended one; undefined for errors of other origin: https://sqlite.org/rescode.html */
function primaryCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}
