import type { Connection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { RunRecord, SyncRecord } from "../../model/sync.ts";
import type { Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import type { TableWrite } from "../ports.ts";
import { connectionWrites, getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { getRunRecord, runWrites } from "../store/runs.ts";
import { syncsOf, syncWrites } from "../store/syncs.ts";
import { asleep } from "./ensure-syncs.ts";
import type { ConnectionRef } from "./requests.ts";

/** Disables a connection and its syncs; a run at work ends at the next border of a batch. Enabling it goes on from the watermarks. */
export async function disableConnection(deps: Deps, request: ConnectionRef, _signal: AbortSignal): Promise<Connection> {
  return leaveConnection(deps, request, "disabled");
}

/** Brings a connection to rest in one transaction with its syncs. */
export async function leaveConnection(
  deps: Deps,
  ref: ConnectionRef,
  state: "disabled" | "removed",
): Promise<Connection> {
  return whileContended(async () => {
    const connection = await getConnectionRecord(deps.table, ref.accountId, ref.connectionId);
    if (connection.state === state || connection.state === "removed") return connection;
    if (state === "disabled" && !connection.everEnabled)
      throw new SyncError("STATE_CONFLICT", { message: `the connection is ${connection.state}, not enabled` });
    const now = deps.clock.now();
    const syncs = await syncsOf(deps.table, ref.accountId, ref.connectionId);
    const candidate = connection.check?.candidate ?? null;
    const retired = candidate === null ? [] : [candidate.secretRef];
    const next: Connection = {
      ...connection,
      state,
      check: null,
      retiredSecretRefs: [...connection.retiredSecretRefs, ...retired],
    };
    await deps.table.transact([
      ...connectionWrites(connection, next),
      ...(await Promise.all(syncs.map((sync) => putToRest(deps, sync, now)))).flat(),
    ]);
    return { ...next, version: connection.version + 1 };
  });
}

/** A run with an attempt at work ends itself at the next border of a batch; one that waits for a next try ends here. */
async function putToRest(deps: Deps, sync: SyncRecord, now: Instant): Promise<readonly TableWrite[]> {
  const run = sync.runId === null ? undefined : await getRunRecord(deps.table, sync.accountId, sync.runId);
  if (run === undefined || run.attemptOpen) return syncWrites(sync, asleep(sync, now));
  const ended: RunRecord = { ...run, state: "cancelled", endedAt: now };
  return [...syncWrites(sync, { ...asleep(sync, now), runId: null }), ...runWrites(run, ended)];
}
