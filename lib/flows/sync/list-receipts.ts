import type { Receipt } from "../../destinations/destination.ts";
import { logStart } from "../../model/log.ts";
import type { SkipRecord } from "../../model/sync.ts";
import { openWarehouse } from "../connections/open-warehouse.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { skipsOf } from "../store/runs.ts";
import { getSyncRecord } from "../store/syncs.ts";
import type { SyncRef } from "./requests.ts";

/** What the warehouse itself shows for a sync, and the skips of ours: together they tile the log up to the watermark. */
export async function listReceipts(
  deps: Deps,
  request: SyncRef,
  signal: AbortSignal,
): Promise<{ receipts: readonly Receipt[]; skips: readonly SkipRecord[] }> {
  const sync = await getSyncRecord(deps.table, request.accountId, request.syncId);
  const connection = await getConnectionRecord(deps.table, request.accountId, sync.connectionId);
  await using warehouse = await openWarehouse(deps, connection, signal);
  const receipts = await warehouse.receipts(sync.id, sync.object, logStart);
  return { receipts, skips: await skipsOf(deps.table, sync.accountId, sync.id) };
}
