import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ColumnPlan } from "../../model/column-plan.ts";
import { SyncError } from "../../model/errors.ts";
import { cellBytesMax } from "../../model/limits.ts";
import type { Instant } from "../../model/time.ts";
import { type Engine, type EngineSession, sqlText } from "../engine.ts";
import { installCellMacros } from "./cell-macros.ts";
import { cleanSlice } from "./clean-slice.ts";
import { bringsProfiles, eventSelect, profileSelect } from "./intake-sql.ts";
import type { RecordSource } from "./record-stream.ts";
import { type Verdicts, writeRejects } from "./reject-rows.ts";
import { type RowCheck, readCells, rowChecks } from "./row-sql.ts";
import { withoutHelpers } from "./without-helpers.ts";

export interface SliceRequest {
  readonly source: RecordSource;
  readonly plan: ColumnPlan;
  readonly uploadedAt: Instant;
  /** An empty folder for the files that come out. */
  readonly folder: string;
}

/** Files of one slice; a path is null where there would be nothing in it. */
export interface ParsedSlice {
  /** records = accepted + rejected */
  readonly records: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly profilePath: string | null;
  readonly eventPath: string | null;
  /** Rows of the report, and the rejected lines themselves, without header. */
  readonly reportPath: string | null;
  readonly rejectedPath: string | null;
}

/**
 * Reads whole records of a CSV into intake files, rows in the order of the file. What is wrong with a row sets it
 * aside; what is wrong with the file throws.
 */
export async function parseSlice(engine: Engine, request: SliceRequest, signal: AbortSignal): Promise<ParsedSlice> {
  const { source, plan, folder } = request;
  const cleanPath = join(folder, "clean.csv");
  const clean = await cleanSlice(source, cleanPath, signal);
  await installCellMacros(engine);
  await using session = await engine.open(signal);
  const checks = rowChecks(plan, request.uploadedAt);
  await session.run(rowsView(request, cleanPath, checks));
  const write = () => writeIntake(session, plan, folder);
  const isLarge = source.end - source.start >= helperlessBytesMin;
  const written = clean.good === 0 ? noRows : await (isLarge ? withoutHelpers(engine, write) : write());
  const rejected = clean.records - written.accepted;
  const rejects =
    rejected === 0 ? noRejects : await rejectRows(session, request, checks, clean.good - written.accepted, signal);
  await rm(cleanPath);
  return { records: clean.records, rejected, ...written, ...rejects };
}

/** Under it, to send the helper threads away and call them back takes longer than they cost. */
const helperlessBytesMin = 1024 * 1024;

const noRows = { accepted: 0, profilePath: null, eventPath: null };
const noVerdicts: Verdicts = { rows: new Int32Array(), checks: new Int32Array() };
const noRejects = { reportPath: null, rejectedPath: null };

/**
 * The verdict is volatile (`random()` never exceeds 1) so that the filter over it stays above what was read: pushed
 * down, it would have every cell read twice.
 */
function rowsView({ source, plan }: SliceRequest, path: string, checks: readonly RowCheck[]): string {
  const cases = checks.map(({ sql }, index) => `WHEN ${sql} THEN ${index}`);
  return `CREATE OR REPLACE TEMP VIEW parsed AS
    SELECT *, CASE ${cases.join(" ")} WHEN random() > 1 THEN -1 END AS verdict
    FROM (${readCells(plan, readCsv(path, source))})`;
}

function readCsv(path: string, { columns, delimiter }: RecordSource): string {
  const names = Array.from({ length: columns }, (_, index) => `'c${index}': 'VARCHAR'`);
  const options = [
    `columns = {${names.join(", ")}}`,
    `delim = ${sqlText(String.fromCharCode(delimiter))}`,
    "new_line = '\\n'",
    // Cells of the limit's size in every column would be longer than any line that is let through.
    `max_line_size = ${8 * cellBytesMax}, buffer_size = ${16 * cellBytesMax}`,
    `header = false, skip = 1, auto_detect = false, quote = '"', escape = '"', nullstr = '', comment = ''`,
    "parallel = false, strict_mode = true, compression = 'none'",
  ];
  return `read_csv(${sqlText(path)}, ${options.join(", ")})`;
}

async function writeIntake(session: EngineSession, plan: ColumnPlan, folder: string) {
  const profiles = bringsProfiles(plan) ? await copyRows(session, profileSelect(plan), join(folder, "profiles")) : null;
  const events = plan.object === "events" ? await copyRows(session, eventSelect(plan), join(folder, "events")) : null;
  const accepted = (events ?? profiles)?.rows ?? 0;
  return accepted === 0 ? noRows : { accepted, profilePath: profiles?.path ?? null, eventPath: events?.path ?? null };
}

/** A third of DuckDB's own choice: rows are held until their group is full, which at 122,880 takes 200 MB more. */
const rowGroupRows = 40_960;

/** Of a column's values in a row group. Beyond, a dictionary saves little and takes a tenth of the whole write to build. */
const dictionaryValuesMax = 1_000;

/**
 * Writes the accepted rows, in order. With a limit to the size of a file (never reached) DuckDB writes rows as they
 * come, by one thread; without, it first gathers them in batches, at half as much work again. Slices run side by side.
 * LZ4 is the fastest codec that every reader of Parquet has, and intake files live for days only.
 */
async function copyRows(
  session: EngineSession,
  select: string,
  folder: string,
): Promise<{ rows: number; path: string }> {
  const [answer] = await session.rows(
    `COPY (SELECT ${select} FROM parsed WHERE verdict IS NULL) TO ${sqlText(folder)}
     (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE ${rowGroupRows}, DICTIONARY_SIZE_LIMIT ${dictionaryValuesMax}, FILE_SIZE_BYTES '1TB')`,
  );
  return { rows: Number(answer?.["Count"] ?? 0), path: join(folder, "data_0.parquet") };
}

async function rejectRows(
  session: EngineSession,
  { source, plan, folder }: SliceRequest,
  checks: readonly RowCheck[],
  refused: number,
  signal: AbortSignal,
) {
  const verdicts = refused === 0 ? noVerdicts : await readVerdicts(session);
  if (verdicts.rows.length !== refused) {
    const message = `${refused} sound records were not accepted, but ${verdicts.rows.length} refused`;
    throw new SyncError("INVARIANT_BROKEN", { message });
  }
  const paths = { reportPath: join(folder, "report.csv"), rejectedPath: join(folder, "rejected.csv") };
  await writeRejects({ source, headers: plan.headers, checks, verdicts, ...paths }, signal);
  return (await stat(paths.rejectedPath)).size === 0 ? { ...paths, rejectedPath: null } : paths;
}

/** Which of the sound records were refused, by their number among them, and by which check. */
async function readVerdicts(session: EngineSession): Promise<Verdicts> {
  const reader = await session.connection.runAndReadAll(
    `SELECT number::INTEGER, verdict::INTEGER FROM (SELECT row_number() OVER () - 1 AS number, verdict FROM parsed)
     WHERE verdict IS NOT NULL ORDER BY number`,
  );
  const [rows = [], checks = []] = reader.getColumns();
  return { rows: Int32Array.from(rows as number[]), checks: Int32Array.from(checks as number[]) };
}
