import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { sqlText } from "../lib/engine/engine.ts";

export interface BareTimes {
  /** CSV to Parquet, all text, with one JSON column of the columns that have no field of their own. */
  readonly importMs: number;
  /** Events: distinct ids, sorted by time, to Parquet. Profiles: one row per identifier, to Parquet in 16 partitions. */
  readonly consolidateMs: number;
  /** Parquet into a table of a database file. */
  readonly commitMs: number;
  readonly csvBytes: number;
}

/** What DuckDB alone needs for the nearest work, on the same file, with the same threads. */
export async function bareDuckDb(csv: string, object: "profiles" | "events", folder: string): Promise<BareTimes> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const path = (name: string) => sqlText(join(folder, name));
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "2",
    memory_limit: "640MiB",
    temp_directory: join(folder, "spill"),
  });
  const connection = await instance.connect();
  const timed = async (sql: string) => {
    const started = performance.now();
    await connection.run(sql);
    return performance.now() - started;
  };
  const importMs = await timed(
    `COPY (SELECT * EXCLUDE (${jsonColumns[object]}), ${jsonObject(object)} AS properties
       FROM read_csv(${sqlText(csv)}, all_varchar = true, header = true))
     TO ${path("import.parquet")} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
  const consolidateMs = await timed(consolidateSql[object](path("import.parquet"), path("resolved")));
  await connection.run(`ATTACH ${path("bare.duckdb")} AS bare`);
  const resolved = object === "events" ? path("resolved") : sqlText(join(folder, "resolved/**/*.parquet"));
  const commitMs = await timed(`CREATE TABLE bare.t AS SELECT * FROM read_parquet(${resolved}); CHECKPOINT bare`);
  connection.closeSync();
  instance.closeSync();
  const csvBytes = (await stat(csv)).size;
  await rm(folder, { recursive: true, force: true });
  return { importMs, consolidateMs, commitMs, csvBytes };
}

const jsonColumns = {
  profiles: `"City", "Loyalty Points", "VIP", "Note"`,
  events: `"SKU", "Quantity", "Product Name"`,
} as const;

function jsonObject(object: "profiles" | "events"): string {
  const pairs = jsonColumns[object].split(", ").map((name) => `${name.replaceAll('"', "'")}, ${name}`);
  return `json_object(${pairs.join(", ")})`;
}

const consolidateSql = {
  profiles: (from: string, to: string) =>
    `COPY (SELECT *, md5("ExternalID") AS id, left(md5("ExternalID"), 1) AS part FROM read_parquet(${from}))
     TO ${to} (FORMAT parquet, PARTITION_BY (part), COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  events: (from: string, to: string) =>
    `COPY (SELECT * FROM (SELECT *, md5("ExternalID" || "Metric" || "$event_id") AS id FROM read_parquet(${from}))
           WHERE id IN (SELECT DISTINCT md5("ExternalID" || "Metric" || "$event_id") FROM read_parquet(${from}))
           ORDER BY "Timestamp")
     TO ${to} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
} as const;
