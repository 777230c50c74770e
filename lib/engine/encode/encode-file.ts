import type { DataObject } from "../../model/log.ts";
import type { RowRange } from "../../model/sync.ts";
import { type Column, type TableName, warehouseTables } from "../../model/tables.ts";
import type { EngineSession } from "../engine.ts";
import { sqlText, sqlTexts } from "../engine.ts";
import { type SelectionFilter, selectionCondition } from "./selection-filter.ts";

/** How a destination wants its staged files. */
export type Encoding = "parquet" | "csv" | "ndjson.gz" | "ndjson-text.gz" | "csv.gz";

export interface EncodeRequest {
  readonly object: DataObject | "metrics";
  /** A change file in Parquet. */
  readonly source: string;
  readonly filter: SelectionFilter;
  readonly encoding: Encoding;
  /** Rows with a longer text or JSON value, in bytes of UTF-8, are left out. Null: no limit. */
  readonly valueBytesMax: number | null;
  /** A JSON value as a whole; then only its strings are bound by `valueBytesMax`. */
  readonly jsonBytesMax?: number | undefined;
  /** Added to each `_seq`. @default 0 */
  readonly seqBase?: number;
  /** Only these rows of the file, where given. */
  readonly range?: RowRange;
  /** Row numbers to leave out, and to set aside. */
  readonly without?: readonly number[];
  /** Row numbers that were set aside before: as if the file did not hold them. */
  readonly excluded?: readonly number[];
}

/** True when the source file itself can be staged: nothing is filtered, and nothing can be too long. */
export function passesUntouched(request: EncodeRequest): boolean {
  return (
    request.encoding === "parquet" &&
    request.valueBytesMax === null &&
    request.range === undefined &&
    (request.seqBase ?? 0) === 0 &&
    (request.without ?? []).length === 0 &&
    (request.excluded ?? []).length === 0 &&
    selectionCondition(request.object, request.filter) === undefined
  );
}

/** Writes the selected rows of a change file to `target` as the destination takes them, and answers how many. */
export async function encodeFile(session: EngineSession, request: EncodeRequest, target: string): Promise<number> {
  const columns = columnsOf(request.object).map((column) => `${spelt(column, request)} AS ${column.name}`);
  const values = request.encoding.startsWith("ndjson") ? `${jsonLine(request)} AS line` : columns.join(", ");
  const select = `SELECT ${values} FROM ${rowsOf(request)} WHERE ${conditionOf(request)}`;
  return copy(session, select, target, copyOptions[request.encoding]);
}

/** How many selected rows of the file have a value over the limit. */
export async function countTooLong(session: EngineSession, request: EncodeRequest): Promise<number> {
  const tooLong = tooLongCondition(request);
  if (tooLong === undefined) return 0;
  const [answer] = await session.rows(
    `SELECT count(*) AS rows FROM ${rowsOf(request)} WHERE ${selectedCondition(request)} AND ${tooLong}`,
  );
  return Number(answer?.["rows"] ?? 0);
}

/** Writes the rows that `encodeFile` leaves out although they are selected, as they stand in the change log. */
export async function setAside(session: EngineSession, request: EncodeRequest, target: string): Promise<number> {
  const bad = [tooLongCondition(request), among(request.without ?? [])].filter((clause) => clause !== undefined);
  if (bad.length === 0) return 0;
  const names = columnsOf(request.object).map((column) => column.name);
  const select = `SELECT ${names.join(", ")} FROM ${rowsOf(request)} WHERE ${selectedCondition(request)} AND (${bad.join(" OR ")})`;
  return copy(session, select, target, copyOptions.parquet);
}

/** Whether the selection leaves any row of the file; reads no more of it than the columns it asks about. */
export async function hasSelectedRows(
  session: EngineSession,
  object: DataObject,
  source: string,
  filter: SelectionFilter,
): Promise<boolean> {
  const condition = selectionCondition(object, filter);
  const where = condition === undefined ? "" : ` WHERE ${condition}`;
  const found = await session.rows(`SELECT 1 AS one FROM read_parquet(${sqlText(source)})${where} LIMIT 1`);
  return found.length > 0;
}

/** The number, in the file, of the row that stands at a line (from 1) of what `encodeFile` makes of it; undefined past its end. */
export async function rowAtLine(
  session: EngineSession,
  request: EncodeRequest,
  line: number,
): Promise<number | undefined> {
  const [row] = await session.rows(
    `SELECT file_row_number AS row FROM ${rowsOf(request)} WHERE ${conditionOf(request)} ORDER BY file_row_number LIMIT 1 OFFSET ${Math.max(0, line - 1)}`,
  );
  return row === undefined ? undefined : Number(row["row"]);
}

/** The numbers, in the file, of the selected rows that have these ids. */
export async function rowsWithIds(
  session: EngineSession,
  request: EncodeRequest,
  ids: readonly string[],
): Promise<readonly number[]> {
  const rows = await session.rows(
    `SELECT file_row_number AS row FROM ${rowsOf(request)} WHERE ${conditionOf(request)} AND id IN (${sqlTexts(ids).slice(1, -1)}) ORDER BY row`,
  );
  return rows.map((row) => Number(row["row"]));
}

/** Columns of change files, and so of staged files: those of the warehouse table less `_synced_at`, in its order. */
export function columnsOf(object: DataObject | "metrics"): readonly Column[] {
  return warehouseTables[tableOf[object]].filter((column) => column.name !== "_synced_at");
}

const tableOf: Record<DataObject | "metrics", TableName> = { profiles: "profile", events: "event", metrics: "metric" };

const csvOptions = `FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', FORCE_QUOTE *, NULLSTR ''`;

/** Lines as they are: no JSON text holds the delimiter. */
const lineOptions = "FORMAT csv, HEADER false, DELIMITER '\u0001', QUOTE '', ESCAPE '', NULLSTR '', COMPRESSION gzip";

const copyOptions: Record<Encoding, string> = {
  parquet: "FORMAT parquet, COMPRESSION snappy",
  csv: csvOptions,
  "csv.gz": `${csvOptions}, COMPRESSION gzip`,
  "ndjson.gz": lineOptions,
  "ndjson-text.gz": lineOptions,
};

/**
 * A row as a line of JSON. Put together here, since the engine's own writer rounds numbers within JSON to doubles. A line
 * end within a JSON text stands between its parts, where a space does as well.
 */
function jsonLine(request: EncodeRequest): string {
  const members = columnsOf(request.object).map((column) => {
    const value = spelt(column, request);
    const text =
      column.type === "json" && request.encoding === "ndjson.gz"
        ? `translate(${value}, chr(10) || chr(13), '  ')`
        : `to_json(${value})::VARCHAR`;
    return `'"${column.name}":' || coalesce(${text}, 'null')`;
  });
  return `'{' || ${members.join(" || ',' || ")} || '}'`;
}

/** CSV and NDJSON know no types: instants go with all six digits, decimals in NDJSON as text so that none is rounded. */
function spelt(column: Column, { encoding, seqBase = 0 }: EncodeRequest): string {
  const name = `"${column.name}"`;
  if (column.name === "_seq" && seqBase !== 0) return `${name} + ${seqBase}`;
  if (encoding === "parquet") return name;
  if (column.type === "instant") return `strftime(${name}, '%Y-%m-%d %H:%M:%S.%f')`;
  return encoding.startsWith("ndjson") && column.type === "decimal" ? `${name}::VARCHAR` : name;
}

function rowsOf(request: EncodeRequest): string {
  return `read_parquet(${sqlText(request.source)}, file_row_number = true)`;
}

function conditionOf(request: EncodeRequest): string {
  const tooLong = tooLongCondition(request);
  const bad = among(request.without ?? []);
  return [
    selectedCondition(request),
    ...(tooLong === undefined ? [] : [`NOT ${tooLong}`]),
    ...(bad === undefined ? [] : [`NOT ${bad}`]),
  ].join(" AND ");
}

function selectedCondition(request: EncodeRequest): string {
  const { range } = request;
  const inRange = range === undefined ? "true" : `file_row_number >= ${range.from} AND file_row_number < ${range.to}`;
  const excluded = among(request.excluded ?? []);
  const isLeft = excluded === undefined ? "true" : `NOT ${excluded}`;
  return `${inRange} AND ${isLeft} AND ${selectionCondition(request.object, request.filter) ?? "true"}`;
}

function tooLongCondition(request: EncodeRequest): string | undefined {
  if (request.valueBytesMax === null) return undefined;
  const limit = request.valueBytesMax;
  const long = columnsOf(request.object)
    .filter((column) => column.type === "text" || column.type === "json")
    .map((column) =>
      column.type === "json" && request.jsonBytesMax !== undefined
        ? longJson(column.name, limit, request.jsonBytesMax)
        : `coalesce(strlen("${column.name}") > ${limit}, false)`,
    );
  return `(${long.join(" OR ")})`;
}

/** CASE keeps all that is short from being parsed. */
function longJson(name: string, stringMax: number, wholeMax: number): string {
  const parts = `list_concat(["${name}"::JSON], json_extract("${name}"::JSON, '$..*'))`;
  const isLong = `lambda part: json_type(part) = 'VARCHAR' AND strlen(part ->> '$') > ${stringMax}`;
  return `CASE WHEN strlen("${name}") > ${wholeMax} THEN true WHEN strlen("${name}") > ${stringMax} THEN len(list_filter(${parts}, ${isLong})) > 0 ELSE false END`;
}

function among(rowNumbers: readonly number[]): string | undefined {
  return rowNumbers.length === 0 ? undefined : `file_row_number IN (${rowNumbers.join(", ")})`;
}

async function copy(session: EngineSession, select: string, target: string, options: string): Promise<number> {
  const [answer] = await session.rows(`COPY (${select}) TO ${sqlText(target)} (${options})`);
  return Number(answer?.["Count"] ?? 0);
}
