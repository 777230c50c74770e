import { type Column, type ColumnType, type TableName, warehouseTables } from "../../model/tables.ts";
import { bareName, stagedColumns } from "../sql/dialect.ts";
import { quoteIdentifier, quoteText } from "../sql/identifiers.ts";
import { dataTables, extensions, layoutOf } from "./layout.ts";
import type { S3Settings } from "./settings.ts";

/** What the views lie over. */
export interface ViewPlace extends Pick<S3Settings, "prefix" | "format"> {
  /** What keys are appended to: `s3://bucket/`. */
  readonly base: string;
  readonly tablePrefix: string;
}

const nameBytesMax = 255;

export function quoted(name: string): string {
  return quoteIdentifier(name, nameBytesMax);
}

/** The row that a table shows of each id: the latest of profiles and metrics, the first of events. */
export const newestFirst: Readonly<Record<(typeof dataTables)[number], "ASC" | "DESC">> = {
  profile: "DESC",
  event: "ASC",
  metric: "DESC",
};

const types: Readonly<Record<ColumnType, string>> = {
  text: "VARCHAR",
  json: "JSON",
  instant: "TIMESTAMP",
  int64: "BIGINT",
  decimal: "DECIMAL(38,9)",
  bool: "BOOLEAN",
};

/** DuckDB's statements for views that read the bucket as tables. Files that no manifest names do not count. */
export function duckdbViews(place: ViewPlace): readonly string[] {
  return [receiptView(place), ...dataTables.map((table) => dataView(place, table))];
}

/** Manifests that commit a batch, a row each. */
function manifests({ base, prefix, format, tablePrefix }: ViewPlace): string {
  const { receiptRoot } = layoutOf({ prefix, format }, tablePrefix);
  const fields = warehouseTables.sync_receipt.map(({ name, type }) => `${name}: '${types[type]}'`);
  const columns = [
    "kind: 'VARCHAR'",
    "number: 'BIGINT'",
    ...fields,
    "synced_at: 'TIMESTAMP'",
    "files: 'STRUCT(table_name VARCHAR, object_key VARCHAR, rows BIGINT, bytes BIGINT)[]'",
  ];
  const glob = quoteText(`${base}${receiptRoot}*/*.json`);
  const options = "format = 'newline_delimited', hive_partitioning = false, maximum_object_size = 67108864";
  return `(SELECT * FROM read_json(${glob}, ${options}, columns = {${columns.join(", ")}}) WHERE kind = 'batch')`;
}

function receiptView(place: ViewPlace): string {
  const columns = warehouseTables.sync_receipt.map(({ name }) => `"${name}"`).join(", ");
  return `CREATE OR REPLACE VIEW ${quoted(bareName(place.tablePrefix, "sync_receipt"))} AS
SELECT ${columns} FROM ${manifests(place)};`;
}

function dataView(place: ViewPlace, table: (typeof dataTables)[number]): string {
  const name = bareName(place.tablePrefix, table);
  const columns = stagedColumns(table).map(
    (column) => `CAST(f."${column.name}" AS ${types[column.type]}) AS "${column.name}"`,
  );
  return `CREATE OR REPLACE VIEW ${quoted(name)} AS
SELECT ${columns.join(", ")}, m.synced_at AS "_synced_at"
FROM ${files(place, table)} f
JOIN (
  SELECT ${quoteText(place.base)} || file.object_key AS path, synced_at
  FROM (SELECT unnest(files) AS file, synced_at FROM ${manifests(place)})
  WHERE file.table_name = ${quoteText(name)}
) m ON f.filename = m.path
QUALIFY row_number() OVER (PARTITION BY f."id" ORDER BY f."_seq" ${newestFirst[table]}, f.filename) = 1;`;
}

function files({ base, prefix, format, tablePrefix }: ViewPlace, table: (typeof dataTables)[number]): string {
  const folder = layoutOf({ prefix, format }, tablePrefix).dataFolder(table);
  const glob = quoteText(`${base}${folder}**/*.${extensions[format]}`);
  if (format === "parquet")
    return `read_parquet(${glob}, filename = true, hive_partitioning = false, union_by_name = true)`;
  const columns = stagedColumns(table).map((column) => `${column.name}: '${jsonTypeOf(column)}'`);
  const options =
    "format = 'newline_delimited', filename = true, hive_partitioning = false, maximum_object_size = 268435456";
  return `read_json(${glob}, ${options}, columns = {${columns.join(", ")}})`;
}

/** Decimals, instants and JSON stand as text in NDJSON, so that no reader rounds them. */
function jsonTypeOf({ type }: Column): string {
  return type === "int64" || type === "bool" ? types[type] : "VARCHAR";
}

export type DataTable = Extract<TableName, (typeof dataTables)[number]>;
