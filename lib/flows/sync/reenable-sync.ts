import { SyncError } from "../../model/errors.ts";
import { needsNewStart } from "../../model/retry.ts";
import type { SyncRecord } from "../../model/sync.ts";
import { retryConnection } from "../connections/retry-connection.ts";
import type { Deps } from "../deps.ts";
import { getSyncRecord } from "../store/syncs.ts";
import type { SyncRef } from "./requests.ts";

/** Runs the check of a failed sync's connection; when it passes, what had failed goes on from its watermark. */
export async function reenableSync(deps: Deps, request: SyncRef, signal: AbortSignal): Promise<SyncRecord> {
  const sync = await getSyncRecord(deps.table, request.accountId, request.syncId);
  if (sync.failedAt === null || sync.disabledAt !== null)
    throw new SyncError("STATE_CONFLICT", { message: "only a failed sync can be re-enabled" });
  if (needsNewStart(sync.lastError))
    throw new SyncError("STATE_CONFLICT", {
      message:
        "our place in the warehouse is lost: adopt the tables (POST /connections/{connectionId}/adopt) to sync again from the start",
    });
  await retryConnection(deps, { accountId: request.accountId, connectionId: sync.connectionId }, signal);
  return getSyncRecord(deps.table, request.accountId, request.syncId);
}
