import type { Receipt } from "../../destinations/destination.ts";
import { logStart } from "../../model/log.ts";
import type { SkipRecord, SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { skipsOf } from "../store/runs.ts";
import { getSyncRecord } from "../store/syncs.ts";
import type { ReadReceiptsAnswer } from "./read-receipts.ts";
import type { SyncRef } from "./requests.ts";

/** What the warehouse itself shows for a sync, and the skips of ours: together they tile the log up to the watermark. */
export async function listReceipts(
  deps: Deps,
  request: SyncRef,
  signal: AbortSignal,
): Promise<{ receipts: readonly Receipt[]; skips: readonly SkipRecord[] }> {
  const sync = await getSyncRecord(deps.table, request.accountId, request.syncId);
  const { kind } = await getConnectionRecord(deps.table, request.accountId, sync.connectionId);
  const receipts = await allReceipts(deps, kind, sync, signal);
  const skips = await skipsOf(deps.table, sync.accountId, sync.id);
  // Older ones are of a time before the tables were adopted, and the sync began anew.
  return { receipts, skips: skips.filter((skip) => skip.at >= sync.cutAt) };
}

async function allReceipts(deps: Deps, kind: string, sync: SyncRecord, signal: AbortSignal): Promise<Receipt[]> {
  const all: Receipt[] = [];
  for (let after = logStart; ; ) {
    const input = { accountId: sync.accountId, syncId: sync.id, after };
    const answer = (await deps.writers.call(kind, "list-receipts", input, signal)) as ReadReceiptsAnswer;
    all.push(...answer.receipts);
    const last = answer.receipts.at(-1);
    if (!answer.hasMore || last === undefined) return all;
    after = last.last;
  }
}
