import type { RunRecord } from "../../model/sync.ts";
import { openWarehouse } from "../connections/open-warehouse.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { discardedItem, stagedFiles, stagedItem } from "../store/runs.ts";
import { getSyncRecord } from "../store/syncs.ts";

/** Removes what a closed run staged, and our records of it. A run that staged nothing wakes no warehouse; twice is the same as once. */
export async function discardStaging(deps: Deps, run: RunRecord, signal: AbortSignal): Promise<void> {
  const done = discardedItem(run.accountId, run.id);
  if ((await deps.table.get(done)) !== undefined) return;
  const staged = await stagedFiles(deps.table, run.accountId, run.id);
  const sync = await getSyncRecord(deps.table, run.accountId, run.syncId);
  const connection = await getConnectionRecord(deps.table, run.accountId, sync.connectionId);
  const isAllEmpty = staged.every((file) => file.staged === null && file.rowsQuarantined === 0);
  // A run that broke off may have staged a file and never have said so.
  const hasNothing = run.planKey === null || (run.state === "completed" && isAllEmpty);
  // Without the secret nobody of ours can reach the warehouse any more.
  if (!hasNothing && connection.secretRef !== "") {
    await using warehouse = await openWarehouse(deps, connection, signal);
    await warehouse.discard(run.id);
  }
  for (const file of staged) await deps.table.delete(stagedItem(run.accountId, run.id, file.number));
  await deps.table.put({ ...done, record: {} });
}
