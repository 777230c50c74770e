import type { Connection } from "../../model/connection.ts";
import type { ErrorCode } from "../../model/error-codes.ts";
import { SyncError } from "../../model/errors.ts";
import { dataObjects } from "../../model/log.ts";
import type { SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { getRunRecord, isClosed, outstandingCommit, runWrites } from "../store/runs.ts";
import { getSyncRecord, syncsOf, syncWrites } from "../store/syncs.ts";
import { asleep } from "./ensure-syncs.ts";
import type { ConnectionRef } from "./requests.ts";
import { startCheck } from "./start-check.ts";

/** What adopting mends: tables of another log, and tables or records that were set back or replaced. */
const adoptable: readonly (ErrorCode | null | undefined)[] = ["FOREIGN_RECEIPTS", "RECEIPT_GONE", "RECEIPT_UNKNOWN"];

/**
 * Takes over what is in a connection's tables: their receipts count no more, and everything is synced again from the start,
 * above the highest fence and `_seq` that are there. Runs the check; the syncs begin anew once it has passed.
 */
export async function adoptConnection(deps: Deps, request: ConnectionRef, _signal: AbortSignal): Promise<Connection> {
  const connection = await getConnectionRecord(deps.table, request.accountId, request.connectionId);
  const syncs = await syncsOf(deps.table, request.accountId, connection.id);
  requireAdoptable(connection, syncs);
  await requireNoneAtWork(deps, connection);
  for (const sync of syncs) await putToSleep(deps, sync);
  return startCheck(deps, request, async () => ({ candidate: null, enables: true, adopts: { seqBase: null } }));
}

function requireAdoptable(connection: Connection, syncs: readonly SyncRecord[]): void {
  if (connection.state === "disabled" || connection.state === "removed" || connection.check !== null)
    throw new SyncError("STATE_CONFLICT", {
      message: "the connection is disabled or removed, or a check of it is at work",
    });
  const isRefused = connection.checkSteps.some((step) => adoptable.includes(step.errorCode));
  const isLost = syncs.some((sync) => adoptable.includes(sync.lastError?.code));
  if (isRefused || isLost) return;
  throw new SyncError("STATE_CONFLICT", {
    message: "nothing is there to adopt: no check or sync of the connection has found receipts that are not its own",
  });
}

async function requireNoneAtWork(deps: Deps, { accountId, id }: Connection): Promise<void> {
  for (const object of dataObjects) {
    const sent = await outstandingCommit(deps.table, accountId, id, object);
    if (sent != null && sent.token !== null)
      throw new SyncError("STATE_CONFLICT", {
        message: "a statement may still be at work in the warehouse; try later",
      });
  }
}

/** Ends the sync's run, and keeps it from running until the check has passed. Throws while an attempt is at work. */
async function putToSleep(deps: Deps, ref: SyncRecord): Promise<void> {
  await whileContended(async () => {
    const sync = await getSyncRecord(deps.table, ref.accountId, ref.id);
    const run = sync.runId === null ? null : await getRunRecord(deps.table, sync.accountId, sync.runId);
    if (run?.attemptOpen === true)
      throw new SyncError("STATE_CONFLICT", { message: `${sync.id} is at work; pause it, or try again in a while` });
    const now = deps.clock.now();
    const isEnding = run !== null && !isClosed(run);
    await deps.table.transact([
      ...syncWrites(sync, { ...asleep(sync, now), runId: null }),
      ...(isEnding ? runWrites(run, { ...run, state: "cancelled", endedAt: now }) : []),
    ]);
  });
}
