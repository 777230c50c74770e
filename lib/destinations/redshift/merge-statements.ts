import { warehouseTables } from "../../model/tables.ts";
import type { Batch, StagedFile } from "../destination.ts";
import { columnDefinitions, columnList, type SqlDialect, stagedColumns, tableOf, tableRef } from "../sql/dialect.ts";

/** Where batches are merged. */
export interface MergePlace {
  readonly dialect: SqlDialect;
  readonly prefix: string;
}

type StagedObject = StagedFile["object"];

/** Temporary tables of the session: what COPY brought, what of it goes in, and how many rows those are. */
export const loadTable = (object: StagedObject) => `"_ws_load_${object}"`;
const mergeTable = (object: StagedObject) => `"_ws_merge_${object}"`;
const countTable = '"_ws_count"';

/** Makes the tables anew that COPY fills and that the merge reads. */
export function makeTables({ dialect }: MergePlace, object: StagedObject): readonly string[] {
  const table = tableOf(object);
  return [
    `DROP TABLE IF EXISTS ${loadTable(object)}`,
    `DROP TABLE IF EXISTS ${mergeTable(object)}`,
    `CREATE TEMP TABLE ${loadTable(object)} (\n${columnDefinitions(dialect, stagedColumns(table))}\n) DISTKEY ("id")`,
    `CREATE TEMP TABLE ${mergeTable(object)} (\n${columnDefinitions(dialect, warehouseTables[table])}\n) DISTKEY ("id")`,
  ];
}

/** Of each id the row that counts, stamped: the last of a profile or metric, the first of an event. */
export function pickRows(object: StagedObject, batch: Pick<Batch, "syncedAt">): string {
  const table = tableOf(object);
  const columns = columnList(stagedColumns(table));
  const order = table === "event" ? "ASC" : "DESC";
  const ranked = `SELECT ${columns}, ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_seq" ${order}) AS "_ws_rank" FROM ${loadTable(object)}`;
  return `INSERT INTO ${mergeTable(object)} (${columns}, "_synced_at") SELECT ${columns}, ${timestamp(batch.syncedAt)} FROM (${ranked}) AS "ranked" WHERE "_ws_rank" = 1`;
}

/** Takes out what the table has already: events by id, the others where it has the row as new or newer. MERGE knows no conditions. */
export function dropKnown({ dialect, prefix }: MergePlace, object: StagedObject, files: readonly StagedFile[]): string {
  const table = tableOf(object);
  const target = tableRef(dialect, prefix, table);
  const merge = mergeTable(object);
  const known = table === "event" ? timeRange(target, files) : [`${target}."_seq" >= ${merge}."_seq"`];
  return `DELETE FROM ${merge} USING ${target} WHERE ${[`${target}."id" = ${merge}."id"`, ...known].join(" AND ")}`;
}

const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The same event has the same time, so only the blocks of the batch's own range have to be read. */
function timeRange(target: string, files: readonly StagedFile[]): readonly string[] {
  const mins = files.map(({ eventAtMin }) => eventAtMin);
  const maxs = files.map(({ eventAtMax }) => eventAtMax);
  if ([...mins, ...maxs].includes(undefined)) return [];
  const min = Math.min(...mins.map(Number));
  // Whole milliseconds were kept of times to the microsecond.
  const past = Math.max(...maxs.map(Number)) + 1;
  const from = `${target}."event_at" >= ${timestamp(min)}`;
  // After the last instant comes the year 10000, which is no timestamp here.
  return past > lastMs ? [from] : [from, `${target}."event_at" < ${timestamp(past)}`];
}

/** One row: `inserted` and `updated`, as the merge that follows will do. */
export function countRows({ dialect, prefix }: MergePlace, object: StagedObject): string {
  const target = tableRef(dialect, prefix, tableOf(object));
  const merge = mergeTable(object);
  return `SELECT COUNT(DISTINCT CASE WHEN "t"."id" IS NULL THEN "m"."id" END) AS "inserted", COUNT(DISTINCT "t"."id") AS "updated" FROM ${merge} AS "m" LEFT JOIN ${target} AS "t" ON "t"."id" = "m"."id"`;
}

/** The same in a table, for a transaction that cannot be asked. */
export function keepCount(place: MergePlace, object: StagedObject): readonly string[] {
  return [`DROP TABLE IF EXISTS ${countTable}`, `CREATE TEMP TABLE ${countTable} AS ${countRows(place, object)}`];
}

/** Values of a receipt that come from the kept count, and where they come from. */
export const keptCount = {
  inserted: `${countTable}."inserted"`,
  updated: `${countTable}."updated"`,
  from: countTable,
} as const;

/** Merges what is left. Columns that are the customer's own stay as they are. https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html */
export function mergeRows({ dialect, prefix }: MergePlace, object: StagedObject): string {
  const table = tableOf(object);
  const target = tableRef(dialect, prefix, table);
  const merge = mergeTable(object);
  const columns = warehouseTables[table];
  const list = columnList(columns);
  if (table === "event") return `INSERT INTO ${target} (${list}) SELECT ${list} FROM ${merge}`;
  const sets = columns.filter(({ name }) => name !== "id").map(({ name }) => `"${name}" = ${merge}."${name}"`);
  return [
    `MERGE INTO ${target} USING ${merge} ON ${target}."id" = ${merge}."id"`,
    `WHEN MATCHED THEN UPDATE SET ${sets.join(", ")}`,
    `WHEN NOT MATCHED THEN INSERT (${list}) VALUES (${columnList(columns, `${merge}.`)})`,
  ].join("\n");
}

/** Ends the transaction by an error (division by zero) unless the condition holds, where nobody can look at an answer. */
export function failUnless(condition: string, from: string): string {
  return `SELECT 1 / CASE WHEN ${condition} THEN 1 ELSE 0 END AS "holds" FROM ${from}`;
}

/** Milliseconds since the epoch as a literal. */
function timestamp(ms: number): string {
  return `TIMESTAMP '${new Date(ms).toISOString().replace("T", " ").replace("Z", "")}'`;
}

/** The tables of a database that an object's rows go to, and metrics ride along with events. */
export function objectsOf(batch: Pick<Batch, "files" | "metricFile">): readonly {
  readonly object: StagedObject;
  readonly files: readonly StagedFile[];
}[] {
  const [first] = batch.files;
  return [
    ...(batch.metricFile === null ? [] : [{ object: "metrics" as const, files: [batch.metricFile] }]),
    ...(first === undefined ? [] : [{ object: first.object, files: batch.files }]),
  ];
}

/** Whatever zone the user was given, the server's clock is read in UTC. */
export const inUtc = "SET timezone TO 'UTC'";

/** What a transaction of ours does first: it takes the snapshot, and lets nobody else at the receipts. https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html */
export function lockReceipts({ dialect, prefix }: MergePlace): string {
  return `LOCK TABLE ${tableRef(dialect, prefix, "sync_receipt")}`;
}
