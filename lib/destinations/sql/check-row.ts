import type { RunId, SyncId } from "../../model/ids.ts";
import type { ColumnType, TableName } from "../../model/tables.ts";
import type { Instant } from "../../model/time.ts";
import type { Batch, StagedFile } from "../destination.ts";
import { stagedColumns } from "./dialect.ts";

const sample: Readonly<Record<ColumnType, string>> = {
  text: "_warehouse_sync_check",
  json: '{"check": true}',
  instant: "2000-01-01 00:00:00.000000",
  int64: "0",
  decimal: "1.500000000",
  bool: "false",
};

/** One row that a check loads and takes back: a text for each staged column, in order. No row of ours has its id. */
export function checkRow(
  table: TableName,
): readonly { readonly name: string; readonly text: string; readonly type: ColumnType }[] {
  return stagedColumns(table).map(({ name, type }) => ({ name, type, text: sample[type] }));
}

/** The batch around a check's one row; only its merge is ever run. */
export function checkBatch(file: StagedFile): Batch {
  return {
    syncId: "check" as SyncId,
    planId: "check" as RunId,
    object: "profiles",
    first: { seq: 0, file: 0 },
    last: { seq: 0, file: 0 },
    files: [file],
    metricFile: null,
    rowsStaged: 1,
    syncedAt: 0 as Instant,
    rowsQuarantined: 0,
  };
}
