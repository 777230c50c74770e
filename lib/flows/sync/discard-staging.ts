import type * as z from "zod";
import { SyncError } from "../../model/errors.ts";
import { openWarehouse } from "../connections/open-warehouse.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { getRunRecord, isClosed } from "../store/runs.ts";
import { getSyncRecord } from "../store/syncs.ts";
import { RunRequest } from "./requests.ts";

export const DiscardStagingRequest = RunRequest;

/** Drops what a closed run staged in its warehouse; twice is the same as once. A writer's step: others call `removeStaging`. */
export async function discardStaging(
  deps: Deps,
  request: z.infer<typeof DiscardStagingRequest>,
  signal: AbortSignal,
): Promise<void> {
  const run = await getRunRecord(deps.table, request.accountId, request.runId);
  if (!isClosed(run)) throw new SyncError("STATE_CONFLICT", { message: `${run.id} may still need what it staged` });
  const sync = await getSyncRecord(deps.table, run.accountId, run.syncId);
  const connection = await getConnectionRecord(deps.table, run.accountId, sync.connectionId);
  await using warehouse = await openWarehouse(deps, connection, signal);
  await warehouse.discard(run.id);
}
