import { SyncError } from "../../model/errors.ts";
import type { TableName } from "../../model/tables.ts";
import type { Batch, StagedFile } from "../destination.ts";
import type { MergeCounts } from "../sql/commit.ts";
import { tableOf } from "../sql/dialect.ts";
import type { OpenDatabase } from "./database.ts";
import {
  countMalformed,
  countPicked,
  countRows,
  deletePicked,
  dropPicked,
  insertPicked,
  pickLatest,
  pickNew,
  timeRange,
} from "./dialect.ts";

export interface MergeSource {
  readonly prefix: string;
  readonly pathOf: (file: StagedFile) => string;
}

/** Merges a batch and its metrics within the open transaction; answers the rows of the batch's own object. */
export async function mergeBatch(database: OpenDatabase, source: MergeSource, batch: Batch): Promise<MergeCounts> {
  if (batch.metricFile !== null) await mergeFiles(database, source, [batch.metricFile], batch.syncedAt);
  return mergeFiles(database, source, batch.files, batch.syncedAt);
}

async function mergeFiles(
  database: OpenDatabase,
  source: MergeSource,
  files: readonly StagedFile[],
  syncedAt: number,
): Promise<MergeCounts> {
  const [first] = files;
  if (first === undefined) return { inserted: 0, updated: 0 };
  const table = tableOf(first.object);
  const paths = files.map(source.pathOf);
  const rows = await stagedRows(database, files, paths);
  if (rows === 0) return { inserted: 0, updated: 0 };
  try {
    return await mergeRows(database, { prefix: source.prefix, table, paths, rows, syncedAt });
  } catch (error) {
    throw await naming(database, error, table, files, paths);
  }
}

async function stagedRows(
  database: OpenDatabase,
  files: readonly StagedFile[],
  paths: readonly string[],
): Promise<number> {
  const expected = files.reduce((sum, file) => sum + file.rows, 0);
  const [found] = await database.run(countRows(paths));
  if (Number(found?.["rows"]) === expected) return expected;
  throw new SyncError("STAGED_GONE", { message: `${found?.["rows"]} rows lie staged, ${expected} were brought` });
}

interface MergeWork {
  readonly prefix: string;
  readonly table: TableName;
  readonly paths: readonly string[];
  readonly rows: number;
  readonly syncedAt: number;
}

async function mergeRows(database: OpenDatabase, work: MergeWork): Promise<MergeCounts> {
  const { prefix, table, paths } = work;
  await database.run(table === "event" ? await pickEvents(database, work) : pickLatest(prefix, table, paths));
  const [counts] = await database.run(countPicked);
  const [picked, updated] = [Number(counts?.["picked"]), Number(counts?.["updated"])];
  if (updated > 0) await database.run(deletePicked(prefix, table));
  const insert = insertPicked(prefix, table, paths, picked === work.rows);
  if (picked > 0) await database.query({ sql: insert, values: [work.syncedAt] });
  await database.run(dropPicked);
  return { inserted: picked - updated, updated };
}

async function pickEvents(database: OpenDatabase, { prefix, table, paths }: MergeWork): Promise<string> {
  const [range] = await database.run(timeRange(paths));
  return pickNew(prefix, table, paths, { from: String(range?.["from"]), to: String(range?.["to"]) });
}

/** A refused row, with the number of the file it is in, so that only that file need be split. */
async function naming(
  database: OpenDatabase,
  error: unknown,
  table: TableName,
  files: readonly StagedFile[],
  paths: readonly string[],
): Promise<unknown> {
  if (!(error instanceof SyncError) || error.code !== "ROW_REJECTED") return error;
  // The failure ended the transaction; nothing of it is to be kept.
  await database.run("ROLLBACK");
  for (const [index, path] of paths.entries()) {
    const [found] = await database.run(countMalformed(table, path));
    if (Number(found?.["rows"]) === 0) continue;
    const details = error.externalMessage === undefined ? {} : { externalMessage: error.externalMessage };
    return new SyncError("ROW_REJECTED", {
      message: `file ${files[index]?.number} holds ${found?.["rows"]} rows with JSON that cannot be read`,
      ...details,
      cause: error,
    });
  }
  return error;
}
