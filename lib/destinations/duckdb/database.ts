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

/** How long another process may hold the file before we say so. */
const lockWaitMs = 5_000;
const lockPollMs = 200;

export interface DatabaseLocation {
  /** The account's own folder. */
  readonly folder: string;
  /** Bare name of the file in it. */
  readonly file: string;
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
  const instance = await openInstance(location);
  try {
    const connection = await instance.connect();
    const interrupt = () => connection.interrupt();
    signal.addEventListener("abort", interrupt);
    try {
      await connection.run(
        `SET TimeZone = 'UTC'; SET allowed_directories = [${quoteText(stagingFolder(location.folder))}]`,
      );
      await connection.run("SET enable_external_access = false");
      return await work(openDatabase(connection, signal));
    } finally {
      signal.removeEventListener("abort", interrupt);
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
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

async function openInstance(location: DatabaseLocation): Promise<DuckDBInstance> {
  const path = await checkedPath(location);
  try {
    return await DuckDBInstance.create(path, {
      threads: "2",
      memory_limit: `${memoryMiB}MiB`,
      temp_directory: join(stagingFolder(location.folder), "spill"),
      preserve_insertion_order: "false",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
  } catch (thrown) {
    const error = duckdbError(thrown);
    throw error.code === "DEST_BUSY" ? new FileHeld("held by another process", { cause: error }) : error;
  }
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
