import { createReadStream } from "node:fs";
import { copyFile, mkdir, open } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { PostgresTestbed } from "../lib/destinations/postgres/testbed.ts";
import type { Testbed } from "../lib/destinations/testbed.ts";
import { sqlText } from "../lib/engine/engine.ts";

/** Loads the same files by the engine's own fastest way, past all of our code; milliseconds, or null for an engine that is a stand-in's. */
export async function bareLoad(
  kind: string,
  bed: Testbed,
  paths: readonly string[],
  folder: string,
): Promise<number | null> {
  const load = {
    duckdb: () => bareDuckdb(paths, folder),
    postgres: () => barePostgres(bed as PostgresTestbed, paths),
    s3: () => bareFolder(paths, folder),
  }[kind];
  if (load === undefined) return null;
  return load();
}

/** `CREATE TABLE AS` from all files, and the checkpoint. */
async function bareDuckdb(paths: readonly string[], folder: string): Promise<number> {
  const instance = await DuckDBInstance.create(join(folder, "bare.duckdb"), { threads: "2", memory_limit: "640MiB" });
  const connection = await instance.connect();
  const started = performance.now();
  await connection.run(`CREATE TABLE t AS SELECT * FROM read_parquet([${paths.map(sqlText).join(", ")}]); CHECKPOINT`);
  const ms = performance.now() - started;
  connection.closeSync();
  instance.closeSync();
  return ms;
}

/** `COPY` into a table with the same columns and key. */
async function barePostgres({ server, settings }: PostgresTestbed, paths: readonly string[]): Promise<number> {
  const { host, port, user, password } = server;
  const client = new pg.Client({ host, port, user, password, database: String(settings["database"]) });
  await client.connect();
  await client.query(
    "CREATE TABLE bare (LIKE analytics.klaviyo_event INCLUDING INDEXES); ALTER TABLE bare DROP COLUMN _synced_at",
  );
  const started = performance.now();
  for (const path of paths)
    await pipeline(createReadStream(path), client.query(copyFrom("COPY bare FROM STDIN (FORMAT csv)")));
  const ms = performance.now() - started;
  await client.end();
  return ms;
}

/** Copies the files to another folder of the disk, written through. */
async function bareFolder(paths: readonly string[], folder: string): Promise<number> {
  await mkdir(join(folder, "bare"));
  const started = performance.now();
  for (const path of paths) {
    const copy = join(folder, "bare", basename(path));
    await copyFile(path, copy);
    await using file = await open(copy, "r+");
    await file.sync();
  }
  return performance.now() - started;
}
