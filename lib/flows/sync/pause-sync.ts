import { SyncError } from "../../model/errors.ts";
import type { SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { getSyncRecord, syncWrites } from "../store/syncs.ts";
import type { SyncRef } from "./requests.ts";

/** Pauses a sync at the next border of a batch; pausing a paused one changes nothing. */
export async function pauseSync(deps: Deps, request: SyncRef, _signal: AbortSignal): Promise<SyncRecord> {
  return changeSync(deps, request, (sync) => {
    if (sync.pausedAt !== null) return sync;
    const isOver = sync.disabledAt !== null || sync.failedAt !== null || sync.completedAt !== null;
    if (isOver) throw new SyncError("STATE_CONFLICT", { message: "only a sync that would run on can be paused" });
    return { ...sync, pausedAt: deps.clock.now(), nextRunAt: null };
  });
}

/** Replaces a sync by what `change` makes of it; a concurrent write runs it again on the newer one. */
export async function changeSync(
  deps: Deps,
  ref: SyncRef,
  change: (sync: SyncRecord) => SyncRecord,
): Promise<SyncRecord> {
  return whileContended(async () => {
    const sync = await getSyncRecord(deps.table, ref.accountId, ref.syncId);
    const next = change(sync);
    if (next === sync) return sync;
    await deps.table.transact(syncWrites(sync, next));
    return { ...next, version: sync.version + 1 };
  });
}
