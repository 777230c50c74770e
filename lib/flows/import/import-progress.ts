import type { ImportRecord } from "../../model/import.ts";
import type { Deps } from "../deps.ts";
import { importExecution, type StoredImport } from "../store/imports.ts";
import { sumProgress } from "../store/progress.ts";

/** An import as it is shown: while it is at work, rows so far out of a total that is estimated from the bytes done. */
export async function withProgress(deps: Pick<Deps, "table">, record: StoredImport): Promise<ImportRecord> {
  if (record.state !== "processing" || !record.totalIsEstimate) return record;
  const done = await sumProgress(deps.table, record.accountId, importExecution(record));
  if (done.bytes === 0) return record;
  const rowsTotal = Math.max(done.rows, Math.round((done.rows * record.bytes) / done.bytes));
  return { ...record, rowsRead: done.rows, rowsTotal };
}
