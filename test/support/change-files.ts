import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EncodedFile, StagingFormat } from "../../lib/destinations/destination.ts";
import { stagedColumns, tableOf } from "../../lib/destinations/sql/dialect.ts";
import { encodeFile } from "../../lib/engine/encode/encode-file.ts";
import { type Engine, sqlText, startEngine } from "../../lib/engine/engine.ts";
import type { RunId } from "../../lib/model/ids.ts";
import type { ColumnType } from "../../lib/model/tables.ts";

/** A row of a change file: every value as text (JSON as its text, numbers as digits, instants as `2026-11-24 17:15:00.000001`), or null. */
export type ChangeRow = Readonly<Record<string, string | null>>;

const engineTypes: Readonly<Record<ColumnType, string>> = {
  text: "VARCHAR",
  json: "VARCHAR",
  instant: "TIMESTAMP",
  int64: "BIGINT",
  decimal: "DECIMAL(38,9)",
  bool: "BOOLEAN",
};

/** A profile with the columns that may not be null; `seq` becomes `_seq`. */
export function profileRow(id: string, seq: number, more: ChangeRow = {}): ChangeRow {
  const at = "2026-11-24 17:15:00";
  return { id, created_at: at, updated_at: at, _seq: String(seq), _deleted: "false", ...more };
}

/** An event with the columns that may not be null; `seq` becomes `_seq`. */
export function eventRow(id: string, seq: number, more: ChangeRow = {}): ChangeRow {
  const at = "2026-11-24 17:15:00";
  const required = { profile_id: "p1", metric_id: "m1", metric_name: "Placed Order" };
  return { id, ...required, event_at: at, ingested_at: at, _seq: String(seq), ...more };
}

/** A metric with the columns that may not be null; `seq` becomes `_seq`. */
export function metricRow(id: string, seq: number, more: ChangeRow = {}): ChangeRow {
  const at = "2026-11-24 17:15:00";
  return { id, name: "Placed Order", created_at: at, updated_at: at, _seq: String(seq), ...more };
}

export interface ChangeFileRequest {
  readonly folder: string;
  readonly object: EncodedFile["object"];
  readonly rows: readonly ChangeRow[];
  readonly format: StagingFormat;
  readonly planId?: string;
  /** @default 1 */
  readonly number?: number;
}

/** Writes rows as a change file in Parquet, and that as a destination wants it staged. */
export async function writeChangeFile(request: ChangeFileRequest): Promise<EncodedFile> {
  const { folder, object, rows, format } = request;
  const planId = (request.planId ?? "rn00000000000001") as RunId;
  const number = request.number ?? 1;
  const base = join(folder, `${planId}-${object}-${number}-${process.hrtime.bigint()}`);
  const columns = stagedColumns(tableOf(object));
  await writeFile(`${base}.ndjson`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const texts = columns.map(({ name }) => `'${name}': 'VARCHAR'`).join(", ");
  const values = columns.map(({ name, type }) => `"${name}"::${engineTypes[type]} AS "${name}"`).join(", ");
  const source = `read_json(${sqlText(`${base}.ndjson`)}, format = 'newline_delimited', columns = {${texts}}, maximum_object_size = 134217728)`;
  const path = `${base}.${format}`;
  const engine = await testEngine(folder);
  await using session = await engine.open(AbortSignal.timeout(60_000));
  await session.run(`COPY (SELECT ${values} FROM ${source}) TO ${sqlText(`${base}.parquet`)} (FORMAT parquet)`);
  if (format !== "parquet") {
    const whole = { object, source: `${base}.parquet`, encoding: format, valueBytesMax: null } as const;
    await encodeFile(
      session,
      { ...whole, filter: { excludedIntegrations: [], metrics: null, eventAtFrom: null } },
      path,
    );
  }
  return { planId, number, object, path, rows: rows.length, bytes: (await stat(path)).size };
}

let shared: Promise<Engine> | undefined;

function testEngine(folder: string): Promise<Engine> {
  shared ??= startEngine({ tempFolder: join(folder, "spill"), threads: 1, memoryMb: 512 });
  return shared;
}
