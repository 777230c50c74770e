import { type TableName, warehouseTables } from "../../model/tables.ts";
import { columnList, type SqlDialect, stagedColumns, tableRef } from "../sql/dialect.ts";
import { quoteText } from "../sql/identifiers.ts";

/** Types are spelt as `duckdb_columns()` prints them. Instants are plain timestamps in UTC. */
export const duckdbDialect: SqlDialect = {
  types: {
    text: "VARCHAR",
    json: "JSON",
    instant: "TIMESTAMP",
    int64: "BIGINT",
    decimal: "DECIMAL(38,9)",
    bool: "BOOLEAN",
  },
  nameBytesMax: 63,
  // An index on millions of ids costs more than the joins that it saves; the small table needs it for its lease row.
  keyedTables: ["sync_receipt"],
  qualifier: "",
  epochMs: (expression) => `epoch_ms(${expression})`,
  now: "(now() AT TIME ZONE 'UTC')",
};

/** `read_parquet` over staged files in their order, with a number for each row that is unique among them. */
function staged(paths: readonly string[]): string {
  return `read_parquet([${paths.map(quoteText).join(", ")}], file_row_number = true)`;
}

/** Where picked rows are noted; the customer's own tables cannot stand in its way. */
const picked = "temp.main._ws_picked";

export const dropPicked = `DROP TABLE ${picked}`;

/** A file holds fewer rows than 2^40. */
const rowKey = "file_index::BIGINT * 1099511627776 + file_row_number";

/**
 * Notes in a temporary table which staged rows go in: of each id the one with the highest `_seq`, where it
 * is higher than what the table has. Only keys are held: whole rows in an aggregate would not fit in memory.
 */
export function pickLatest(prefix: string, table: TableName, paths: readonly string[]): string {
  return `CREATE OR REPLACE TEMP TABLE ${picked} AS
SELECT b.row_key, b.id, t._seq AS old_seq
FROM (SELECT id, max(_seq) AS _seq, arg_max(${rowKey}, _seq) AS row_key FROM ${staged(paths)} GROUP BY id) b
LEFT JOIN ${tableRef(duckdbDialect, prefix, table)} t ON t.id = b.id
WHERE t._seq IS NULL OR t._seq < b._seq`;
}

/** The same for rows that never change: of each id the first, where the table has none. Looks only at the table's rows between two instants. */
export function pickNew(
  prefix: string,
  table: TableName,
  paths: readonly string[],
  range: { from: string; to: string },
): string {
  const between = `event_at BETWEEN ${quoteText(range.from)}::TIMESTAMP AND ${quoteText(range.to)}::TIMESTAMP`;
  return `CREATE OR REPLACE TEMP TABLE ${picked} AS
SELECT arg_min(${rowKey}, _seq) AS row_key, id, NULL::BIGINT AS old_seq FROM ${staged(paths)} s
WHERE NOT EXISTS (SELECT 1 FROM ${tableRef(duckdbDialect, prefix, table)} t WHERE ${between} AND t.id = s.id)
GROUP BY id`;
}

/** The staged events' own range of time, to the microsecond, as text. */
export function timeRange(paths: readonly string[]): string {
  return `SELECT min(event_at)::VARCHAR AS "from", max(event_at)::VARCHAR AS "to" FROM ${staged(paths)}`;
}

export const countPicked = `SELECT count(*) AS picked, count(old_seq) AS updated FROM ${picked}`;

/** Takes out the rows that the picked ones replace. */
export function deletePicked(prefix: string, table: TableName): string {
  return `DELETE FROM ${tableRef(duckdbDialect, prefix, table)} WHERE id IN (SELECT id FROM ${picked} WHERE old_seq IS NOT NULL)`;
}

/** Brings the picked rows in; `isAll` spares the look-up where every staged row was picked. `$1` is `_synced_at` in milliseconds. */
export function insertPicked(prefix: string, table: TableName, paths: readonly string[], isAll: boolean): string {
  const values = stagedColumns(table).map((column) => `CAST("${column.name}" AS ${duckdbDialect.types[column.type]})`);
  return `INSERT INTO ${tableRef(duckdbDialect, prefix, table)} (${columnList(stagedColumns(table))}, "_synced_at")
SELECT ${values.join(", ")}, make_timestamp_ms($1) FROM ${staged(paths)}
${isAll ? "" : `WHERE ${rowKey} IN (SELECT row_key FROM ${picked})`}`;
}

/** Rows of one staged file whose JSON cannot be read. */
export function countMalformed(table: TableName, path: string): string {
  const malformed = warehouseTables[table]
    .filter((column) => column.type === "json")
    .map((column) => `NOT json_valid("${column.name}")`);
  return `SELECT count(*) AS rows FROM ${staged([path])} WHERE ${["false", ...malformed].join(" OR ")}`;
}

/** Rows of staged files, by their footers. */
export function countRows(paths: readonly string[]): string {
  return `SELECT coalesce(sum(num_rows), 0)::BIGINT AS rows FROM parquet_file_metadata([${paths.map(quoteText).join(", ")}])`;
}
