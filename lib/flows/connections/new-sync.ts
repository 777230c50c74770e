import type { Connection } from "../../model/connection.ts";
import type { DataObject } from "../../model/log.ts";
import { nextTick } from "../../model/retry.ts";
import type { SyncMode, SyncRecord } from "../../model/sync.ts";
import type { Instant } from "../../model/time.ts";
import { syncIdOf } from "../store/syncs.ts";

/** After every file of an entry, however many it has. */
const wholeEntry = 1_000_000_000;

/** A sync at its beginning. Periodic ones start after the cut, all others cover what is before it. */
export function newSync(
  connection: Connection,
  object: DataObject,
  mode: SyncMode,
  cut: { cutSeq: number; cutStateKey: string; now: Instant },
): SyncRecord {
  const { cutSeq, now } = cut;
  const isPeriodic = mode === "periodic";
  return {
    id: syncIdOf(connection.id, object, mode),
    accountId: connection.accountId,
    connectionId: connection.id,
    object,
    mode,
    cutSeq,
    cutStateKey: isPeriodic || object === "events" ? null : cut.cutStateKey,
    cutAt: now,
    history: connection.selection.history,
    // Whatever file of the entry at the cut: all of them belong to the historical sync.
    watermark: isPeriodic ? { seq: cutSeq, file: wholeEntry } : { seq: 0, file: 0 },
    lastReceipt: null,
    runId: null,
    pausedAt: null,
    disabledAt: null,
    completedAt: null,
    failedAt: null,
    erroredSince: null,
    failures: 0,
    lastError: null,
    nextRunAt: isPeriodic ? nextTick(now) : now,
    lastCheckedAt: null,
    lastSyncedAt: null,
    loginCheckedAt: now,
    rowsSent: 0,
    startedAt: null,
    filesPerBatch: null,
    goodBatches: 0,
    version: 0,
  };
}
