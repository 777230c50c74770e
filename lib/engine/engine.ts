import { mkdir } from "node:fs/promises";
import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";

export interface EngineOptions {
  /** @default 2 */
  readonly threads?: number;
  /** Upper bound of DuckDB's own buffers, in MiB; more spills to `tempFolder`. @default 640 */
  readonly memoryMb?: number;
  readonly tempFolder: string;
}

type SqlParameters = Record<string, DuckDBValue>;

/** One connection to the process's DuckDB. Temporary tables are its own. `await using` closes it. */
export interface EngineSession extends AsyncDisposable {
  /** Runs one or more statements; parameters (`$name`) only with one. Interrupted when the session's signal aborts. */
  run(sql: string, parameters?: SqlParameters): Promise<void>;
  /** Rows as plain objects: 64-bit integers as bigint, timestamps and decimals as DuckDB values. For small answers only. */
  rows(sql: string, parameters?: SqlParameters): Promise<Record<string, DuckDBValue>[]>;
  /** Rows as JSON-safe objects: bigints, decimals and timestamps as text. For small answers only. */
  json(sql: string, parameters?: SqlParameters): Promise<Record<string, unknown>[]>;
  /** For appenders and streaming reads of narrow columns. */
  readonly connection: DuckDBConnection;
}

/** DuckDB embedded in this process: one instance, many sessions, one memory limit. */
export interface Engine {
  open(signal: AbortSignal): Promise<EngineSession>;
  close(): void;
}

/** Starts the in-memory instance that all data work of this process shares. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  await mkdir(options.tempFolder, { recursive: true });
  // Loaded here, so that a process that only spells SQL starts without 70 MB of library.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(options.threads ?? 2),
    memory_limit: `${options.memoryMb ?? 640}MiB`,
    temp_directory: options.tempFolder,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
  });
  return {
    open: async (signal) => openSession(await instance.connect(), signal),
    close: () => instance.closeSync(),
  };
}

async function openSession(connection: DuckDBConnection, signal: AbortSignal): Promise<EngineSession> {
  signal.throwIfAborted();
  const interrupt = () => connection.interrupt();
  signal.addEventListener("abort", interrupt);
  await connection.run("SET TimeZone = 'UTC'");
  return {
    connection,
    run: async (sql, parameters) => {
      signal.throwIfAborted();
      await connection.run(sql, parameters);
    },
    rows: async (sql, parameters) => {
      signal.throwIfAborted();
      return (await connection.runAndReadAll(sql, parameters)).getRowObjects();
    },
    json: async (sql, parameters) => {
      signal.throwIfAborted();
      return (await connection.runAndReadAll(sql, parameters)).getRowObjectsJson();
    },
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener("abort", interrupt);
      connection.closeSync();
    },
  };
}

/** A text as an SQL literal. Only for paths and names of ours; data goes by parameters or files. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A list of texts as an SQL list literal, for `read_parquet([...])`. */
export function sqlTexts(texts: readonly string[]): string {
  return `[${texts.map(sqlText).join(", ")}]`;
}
