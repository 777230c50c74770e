import { SyncError } from "../../model/errors.ts";
import type { SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { startDueSyncs } from "../dispatch/start-due-syncs.ts";
import { getSyncRecord } from "../store/syncs.ts";
import { changeSync } from "./pause-sync.ts";
import type { SyncRef } from "./requests.ts";

/** Tries an errored sync again now, without waiting for its next hour. */
export async function retrySync(deps: Deps, request: SyncRef, signal: AbortSignal): Promise<SyncRecord> {
  await changeSync(deps, request, (sync) => {
    if (sync.erroredSince === null || sync.nextRunAt === null)
      throw new SyncError("STATE_CONFLICT", { message: "only an errored sync can be tried again" });
    return { ...sync, nextRunAt: deps.clock.now() };
  });
  await startDueSyncs(deps, { accountId: request.accountId }, signal);
  return getSyncRecord(deps.table, request.accountId, request.syncId);
}
