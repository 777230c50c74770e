import type { SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { startDueSyncs } from "../dispatch/start-due-syncs.ts";
import { getSyncRecord } from "../store/syncs.ts";
import { changeSync } from "./pause-sync.ts";
import type { SyncRef } from "./requests.ts";

/** Lets a paused sync go on from its watermark, at once. */
export async function resumeSync(deps: Deps, request: SyncRef, signal: AbortSignal): Promise<SyncRecord> {
  await changeSync(deps, request, (sync) =>
    sync.pausedAt === null
      ? sync
      : { ...sync, pausedAt: null, nextRunAt: sync.disabledAt === null ? deps.clock.now() : null },
  );
  await startDueSyncs(deps, { accountId: request.accountId }, signal);
  return getSyncRecord(deps.table, request.accountId, request.syncId);
}
