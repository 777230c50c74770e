import { lstat, mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BIGINT, type DuckDBConnection, DuckDBInstance, VARCHAR } from "@duckdb/node-api";
import { SyncError } from "../../model/errors.ts";
import { abortError } from "../abort.ts";
import { quoteText } from "../sql/identifiers.ts";
import type { SqlRow, SqlStatement } from "../sql/receipts.ts";
import { duckdbError } from "./errors.ts";

/** MiB of DuckDB's own buffers while the file is open; the rest of the process has a budget too. */
const memoryMiB = 400;

/**
 * What a writer holds of each row group, and copies to compress it, is beyond that limit: with rows of 3 KB the process
 * grew to 1.3 GB. From this average on, row groups are smaller than DuckDB's 122,880 rows, and one thread writes them.
 */
const wideRowBytes = 1_024;
const wideRowGroupRows = 16_384;

/** The file's name within the instance. */
export const catalogue = "warehouse";

/** How long another process may hold the file before we say so. */
const lockWaitMs = 5_000;
const lockPollMs = 200;

export interface DatabaseLocation {
  /** The account's own folder. */
  readonly folder: string;
  /** Bare name of the file in it. */
  readonly file: string;
  /** Staged files that the work will read. */
  readonly staged?: readonly string[];
}

/** The one connection to the customer's file while it is open. */
export interface OpenDatabase {
  query(statement: SqlStatement): Promise<readonly SqlRow[]>;
  run(sql: string): Promise<readonly SqlRow[]>;
}

/** Where staged files and spilled blocks lie. The database can read no other file. */
export function stagingFolder(folder: string): string {
  return join(folder, ".staging");
}

/**
 * One file at a time in this process: the memory is budgeted once, and the lock of the operating system does not part
 * two openings by the same process, which would ruin the file.
 */
let turn: Promise<unknown> = Promise.resolve();

/** Opens the file, does the work, and closes it again, so that its owner can look in between. Throws `DEST_BUSY` while another process has it open. */
export async function withDatabase<T>(
  location: DatabaseLocation,
  signal: AbortSignal,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const giveUpAt = performance.now() + lockWaitMs;
  for (;;) {
    try {
      return await inTurn(() => openAndWork(location, signal, work));
    } catch (thrown) {
      if (!(thrown instanceof FileHeld)) throw thrown;
      if (performance.now() > giveUpAt) {
        throw new SyncError("DEST_BUSY", {
          message: `another program has ${location.file} open; close it there: we open it only during a commit`,
          cause: thrown,
        });
      }
      await sleep(lockPollMs, undefined, { signal }).catch(() => Promise.reject(abortError(signal)));
    }
  }
}

class FileHeld extends Error {
  override readonly name = "FileHeld";
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  return mine;
}

async function openAndWork<T>(
  location: DatabaseLocation,
  signal: AbortSignal,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw abortError(signal);
  const path = await checkedPath(location);
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "2",
    memory_limit: `${memoryMiB}MiB`,
    temp_directory: join(stagingFolder(location.folder), "spill"),
    preserve_insertion_order: "false",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  const interrupt = () => connection.interrupt();
  signal.addEventListener("abort", interrupt);
  try {
    await attach(connection, path, location);
    return await work(openDatabase(connection, signal));
  } finally {
    signal.removeEventListener("abort", interrupt);
    connection.closeSync();
    instance.closeSync();
  }
}

/** Opens the file; from then on nothing else can be opened but what is staged. Throws `FileHeld`. */
async function attach(connection: DuckDBConnection, path: string, location: DatabaseLocation): Promise<void> {
  const isWide = await hasWideRows(connection, location.staged ?? []);
  const options = isWide ? ` (ROW_GROUP_SIZE ${wideRowGroupRows})` : "";
  try {
    if (isWide) await connection.run("SET threads = 1");
    await connection.run(`ATTACH ${quoteText(path)} AS ${catalogue}${options}; USE ${catalogue}`);
    await connection.run(`SET allowed_directories = [${quoteText(stagingFolder(location.folder))}]`);
    await connection.run("SET enable_external_access = false; SET TimeZone = 'UTC'");
  } catch (thrown) {
    const error = duckdbError(thrown);
    throw error.code === "DEST_BUSY" ? new FileHeld("held by another process", { cause: error }) : error;
  }
}

/** Whether a row of the staged files is wide on average, by their footers. A file that cannot be read says nothing; the merge will. */
async function hasWideRows(connection: DuckDBConnection, paths: readonly string[]): Promise<boolean> {
  if (paths.length === 0) return false;
  const list = paths.map(quoteText).join(", ");
  const rows = `(SELECT sum(num_rows) FROM parquet_file_metadata([${list}]))`;
  const sql = `SELECT sum(total_uncompressed_size) > ${wideRowBytes} * ${rows} FROM parquet_metadata([${list}])`;
  return connection.runAndReadAll(sql).then(
    (answer) => answer.getRows()[0]?.[0] === true,
    () => false,
  );
}

function openDatabase(connection: DuckDBConnection, signal: AbortSignal): OpenDatabase {
  const query = async ({ sql, values }: SqlStatement): Promise<readonly SqlRow[]> => {
    const bound = values.map((value) => (typeof value === "number" ? BigInt(value) : value));
    const types = values.map((value) => (typeof value === "number" ? BIGINT : VARCHAR));
    try {
      signal.throwIfAborted();
      return (await connection.runAndReadAll(sql, bound, types)).getRowObjects();
    } catch (error) {
      throw signal.aborted ? abortError(signal) : duckdbError(error);
    }
  };
  return { query, run: (sql) => query({ sql, values: [] }) };
}

/** The file's real place, which is inside the folder: no link leads away from it. */
async function checkedPath({ folder, file }: DatabaseLocation): Promise<string> {
  const real = await mkdir(stagingFolder(folder), { recursive: true })
    .then(() => realpath(folder))
    .catch((error: unknown) => Promise.reject(duckdbError(error)));
  for (const name of [file, `${file}.wal`]) {
    const found = await lstat(join(real, name)).catch(() => undefined);
    if (found !== undefined && !found.isFile()) {
      throw new SyncError("SETTINGS_INVALID", { message: `file: ${name} is not a plain file` });
    }
  }
  return join(real, file);
}
