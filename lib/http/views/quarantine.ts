import type { QuarantineRecord } from "../../model/sync.ts";
import { iso } from "./instants.ts";

/** Rows of one file that were set aside together. */
export function quarantineView(record: QuarantineRecord) {
  return {
    id: record.id,
    connectionId: record.connectionId,
    syncId: record.syncId,
    runId: record.runId,
    object: record.object,
    rows: record.rows,
    code: record.code,
    reason: record.reason,
    date: iso(record.at),
    replayedAt: iso(record.replayedAt ?? null),
  };
}
