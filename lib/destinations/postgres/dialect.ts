import type { TableName } from "../../model/tables.ts";
import type { StagedFile } from "../destination.ts";
import {
  columnDefinitions,
  columnList,
  type SqlDialect,
  stagedColumns,
  tableKeys,
  tableOf,
  tableRef,
} from "../sql/dialect.ts";
import { quoteIdentifier } from "../sql/identifiers.ts";

/** Longer names are cut by the server without a word. https://www.postgresql.org/docs/current/limits.html */
const nameBytesMax = 63;

/** A name as PostgreSQL quotes it. Throws `NAME_INVALID`. */
export function quote(name: string): string {
  return quoteIdentifier(name, nameBytesMax);
}

/** Types are spelt as `format_type` prints them. Every table has its key: an insert that meets it is told so. */
export function postgresDialect(schema: string): SqlDialect {
  return {
    types: {
      text: "text",
      json: "jsonb",
      instant: "timestamp with time zone",
      int64: "bigint",
      decimal: "numeric(38,9)",
      bool: "boolean",
    },
    nameBytesMax,
    keyedTables: ["profile", "event", "metric", "sync_receipt"],
    qualifier: `${quote(schema)}.`,
    epochMs: (expression) => `floor(extract(epoch FROM ${expression}) * 1000)::bigint`,
    now: "clock_timestamp()",
  };
}

/** What the names of a plan's staging tables begin with. */
export function stagingPrefix(planId: string): string {
  return `_ws_${planId}_`;
}

/** The bare name of the table that holds one staged file. */
export function stagingName(planId: string, file: Pick<StagedFile, "object" | "number">): string {
  return `${stagingPrefix(planId)}${file.object}_${file.number}`;
}

/** Makes the staging table anew. Unlogged: a crash of the server empties it, which `countStaged` finds. */
export function createStaging(dialect: SqlDialect, staging: string, table: TableName): string {
  const columns = columnDefinitions(dialect, stagedColumns(table));
  return `DROP TABLE IF EXISTS ${staging};\nCREATE UNLOGGED TABLE ${staging} (\n${columns}\n) WITH (autovacuum_enabled = false)`;
}

/** Reads a file as `lib/engine/encode` writes it: every value quoted, an empty cell without quotes is null. */
export function copyStaging(staging: string, table: TableName): string {
  return `COPY ${staging} (${columnList(stagedColumns(table))}) FROM STDIN WITH (FORMAT csv, ENCODING 'UTF8')`;
}

/** Rows that lie in staging tables, in all. */
export function countStaged(stagings: readonly string[]): string {
  return `SELECT (${stagings.map((staging) => `(SELECT count(*) FROM ${staging})`).join(" + ")})::bigint AS rows`;
}

/**
 * Merges staging tables into their table and counts what that did. Of each id within the batch the row with the highest
 * `_seq` counts, and replaces one with a lower. Events never change: of each id the first counts, and only where the
 * table has none. `$1` is `_synced_at`.
 */
export function mergeStaged(
  dialect: SqlDialect,
  prefix: string,
  object: StagedFile["object"],
  stagings: readonly string[],
): string {
  const table = tableOf(object);
  const columns = stagedColumns(table);
  const key = tableKeys[table].map((name) => `"${name}"`).join(", ");
  const isFinal = table === "event";
  const replaced = [...columns.map(({ name }) => name), "_synced_at"].map((name) => `"${name}" = EXCLUDED."${name}"`);
  const onConflict = isFinal ? "DO NOTHING" : `DO UPDATE SET ${replaced.join(", ")} WHERE t."_seq" < EXCLUDED."_seq"`;
  const all = stagings.map((staging) => `SELECT ${columnList(columns)} FROM ${staging}`).join("\nUNION ALL ");
  return `WITH merged AS (
INSERT INTO ${tableRef(dialect, prefix, table)} AS t (${columnList(columns)}, "_synced_at")
SELECT DISTINCT ON (${key}) ${columnList(columns)}, $1::timestamptz FROM (${all}) s
ORDER BY ${key}, "_seq" ${isFinal ? "ASC" : "DESC"}
ON CONFLICT (${key}) ${onConflict}
RETURNING (xmax = 0) AS is_new
) SELECT count(*) FILTER (WHERE is_new) AS inserted, count(*) FILTER (WHERE NOT is_new) AS updated FROM merged`;
}
