import { type Column, type ColumnType, warehouseTables } from "../../model/tables.ts";
import { bareName, stagedColumns } from "../sql/dialect.ts";
import { quoteText } from "../sql/identifiers.ts";
import { dataTables, layoutOf } from "./layout.ts";
import { type DataTable, newestFirst, quoted, type ViewPlace } from "./views.ts";

/** https://docs.aws.amazon.com/athena/latest/ug/data-types.html */
const types: Readonly<Record<ColumnType, string>> = {
  text: "string",
  json: "string",
  instant: "timestamp",
  int64: "bigint",
  decimal: "decimal(38,9)",
  bool: "boolean",
};

const jsonSerde = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'";

/**
 * Athena's statements, to be run one at a time: a table over the manifests, one over each table's files, and the views
 * that show the rows that count. Athena keeps milliseconds of the files' microseconds.
 */
export function athenaStatements(place: ViewPlace): readonly string[] {
  return [
    manifestTable(place),
    receiptView(place),
    ...dataTables.flatMap((table) => [filesTable(place, table), dataView(place, table)]),
  ];
}

function manifestName({ tablePrefix }: ViewPlace): string {
  return bareName(tablePrefix, "sync_receipt").replace(/sync_receipt$/, "sync_manifest");
}

function manifestTable(place: ViewPlace): string {
  const { receiptRoot } = layoutOf(place, place.tablePrefix);
  const receipt = warehouseTables.sync_receipt.map(({ name, type }) => `  \`${name}\` ${jsonTypes[type]}`);
  const columns = [
    "  `kind` string",
    ...receipt,
    "  `synced_at` string",
    "  `files` array<struct<table_name:string,object_key:string,rows:bigint,bytes:bigint>>",
  ];
  return `CREATE EXTERNAL TABLE IF NOT EXISTS \`${manifestName(place)}\` (
${columns.join(",\n")}
)
${jsonSerde}
LOCATION ${quoteText(`${place.base}${receiptRoot}`)};`;
}

/** What stands as text in JSON is cast where it is shown. */
const jsonTypes: Readonly<Record<ColumnType, string>> = { ...types, instant: "string", decimal: "string" };

function receiptView(place: ViewPlace): string {
  const columns = warehouseTables.sync_receipt.map(({ name, type }) =>
    type === "instant" ? `CAST("${name}" AS timestamp) AS "${name}"` : `"${name}"`,
  );
  return `CREATE OR REPLACE VIEW ${quoted(bareName(place.tablePrefix, "sync_receipt"))} AS
SELECT ${columns.join(", ")} FROM ${quoted(manifestName(place))} WHERE kind = 'batch';`;
}

function filesTable(place: ViewPlace, table: DataTable): string {
  const folder = layoutOf(place, place.tablePrefix).dataFolder(table);
  const spelt = place.format === "parquet" ? types : jsonTypes;
  const columns = stagedColumns(table).map(({ name, type }) => `  \`${name}\` ${spelt[type]}`);
  const stored = place.format === "parquet" ? "STORED AS PARQUET" : jsonSerde;
  return `CREATE EXTERNAL TABLE IF NOT EXISTS \`${bareName(place.tablePrefix, table)}_files\` (
${columns.join(",\n")}
)
${stored}
LOCATION ${quoteText(`${place.base}${folder}`)};`;
}

function dataView(place: ViewPlace, table: DataTable): string {
  const name = bareName(place.tablePrefix, table);
  const columns = stagedColumns(table).map((column) => shown(place, column));
  return `CREATE OR REPLACE VIEW ${quoted(name)} AS
SELECT ${columns.join(", ")}, CAST(synced_at AS timestamp) AS "_synced_at"
FROM (
  SELECT f.*, m.synced_at, row_number() OVER (PARTITION BY f."id" ORDER BY f."_seq" ${newestFirst[table]}, f."$path") AS pick
  FROM ${quoted(`${name}_files`)} f
  JOIN (
    SELECT ${quoteText(place.base)} || u.object_key AS path, b.synced_at
    FROM ${quoted(manifestName(place))} b CROSS JOIN UNNEST(b.files) AS u (table_name, object_key, rows, bytes)
    WHERE b.kind = 'batch' AND u.table_name = ${quoteText(name)}
  ) m ON f."$path" = m.path
) r
WHERE pick = 1;`;
}

function shown({ format }: ViewPlace, { name, type }: Column): string {
  if (format === "parquet" || (type !== "instant" && type !== "decimal")) return `"${name}"`;
  return `CAST("${name}" AS ${types[type]}) AS "${name}"`;
}
