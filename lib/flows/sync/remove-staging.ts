import type { RunRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { discardedItem, forgetRefused, stagedFiles, stagedItem } from "../store/runs.ts";
import { getSyncRecord } from "../store/syncs.ts";

/** Has a writer remove what a closed run staged, then removes our records of it. A run that staged nothing wakes no warehouse; twice is the same as once. */
export async function removeStaging(deps: Deps, run: RunRecord, signal: AbortSignal): Promise<void> {
  const { accountId, id: runId } = run;
  const done = discardedItem(accountId, runId);
  if ((await deps.table.get(done)) !== undefined) return;
  const staged = await stagedFiles(deps.table, accountId, runId);
  const sync = await getSyncRecord(deps.table, accountId, run.syncId);
  const { kind, secretRef } = await getConnectionRecord(deps.table, accountId, sync.connectionId);
  const isAllEmpty = staged.every((file) => file.staged === null && file.rowsQuarantined === 0);
  // A run that broke off may have staged a file and never have said so.
  const hasNothing = run.planKey === null || (run.state === "completed" && isAllEmpty);
  // Without the secret nobody of ours can reach the warehouse any more.
  if (!hasNothing && secretRef !== "") await deps.writers.call(kind, "discard-staging", { accountId, runId }, signal);
  for (const file of staged) await deps.table.delete(stagedItem(accountId, runId, file.number));
  if (!hasNothing) await forgetRefused(deps.table, accountId, runId);
  await deps.table.put({ ...done, record: {} });
}

/** Removes staging where that can be done now; where the warehouse cannot be reached, the sweep tries again. */
export async function removeStagingQuietly(deps: Deps, run: RunRecord, signal: AbortSignal): Promise<void> {
  try {
    await removeStaging(deps, run, signal);
  } catch (error) {
    deps.log("staging was not removed", { runId: run.id, message: String(error) });
  }
}
