import type { Warehouse } from "../../destinations/destination.ts";
import type { OutstandingCommit, PlannedFile } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { type Lease, leaseIsHeld } from "../store/leases.ts";
import { itemOf } from "../store/records.ts";
import { outstandingItem } from "../store/runs.ts";
import { attemptIsOpen, type OpenRun } from "./open-run.ts";

/** Writes down what is about to be sent, or the token of what was sent, before anything else happens. */
export async function keepOutstanding(
  deps: Deps,
  scope: OpenRun,
  lease: Lease,
  sent: { files: readonly PlannedFile[]; fence: number; token: string | null },
): Promise<OutstandingCommit> {
  const { run, sync, connection } = scope;
  const outstanding: OutstandingCommit = {
    connectionId: connection.id,
    object: sync.object,
    syncId: sync.id,
    runId: run.id,
    files: sent.files.map((file) => file.number),
    fence: sent.fence,
    token: sent.token,
    startedAt: deps.clock.now(),
  };
  await deps.table.transact([
    { put: itemOf(outstandingItem(run.accountId, connection.id, sync.object), outstanding) },
    leaseIsHeld(run.accountId, lease),
    attemptIsOpen(run),
  ]);
  return outstanding;
}

/** Whether the statement is still at work. One that failed is forgotten as far as polling goes; its failure is thrown where it is this sync's own. */
export async function pollOutstanding(
  deps: Deps,
  { sync }: OpenRun,
  outstanding: OutstandingCommit,
  warehouse: Warehouse,
): Promise<boolean> {
  const key = outstandingItem(sync.accountId, outstanding.connectionId, outstanding.object);
  const { token } = outstanding;
  if (token === null) return false;
  const isOwn = outstanding.syncId === sync.id;
  try {
    const answer = await warehouse.poll(token);
    if ("token" in answer) return true;
  } catch (error) {
    await deps.table.put(itemOf(key, { ...outstanding, token: null }));
    if (isOwn) throw error;
    return false;
  }
  await deps.table.put(itemOf(key, { ...outstanding, token: null }));
  return false;
}
