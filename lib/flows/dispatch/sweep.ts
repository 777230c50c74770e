import * as z from "zod";
import { dayMs } from "../../model/time.ts";
import { endCheck } from "../connections/end-check.ts";
import { finishRemoval } from "../connections/remove-connection.ts";
import { checkExecutionName, startCheckExecution } from "../connections/start-check.ts";
import { sweepConsolidations } from "../consolidate/sweep-consolidations.ts";
import type { Deps } from "../deps.ts";
import { sweepInbox } from "../import/sweep-inbox.ts";
import { getConnectionRecord, type PendingConnection, pendingConnections } from "../store/connections.ts";
import { fileKeys } from "../store/keys.ts";
import { forgetClosedRun, getRunRecord, listedRuns, type RunRef } from "../store/runs.ts";
import { closeRun, takeUpDead } from "../sync/close-run.ts";
import { discardStaging } from "../sync/discard-staging.ts";
import { executionName } from "../sync/open-run.ts";
import { dispatchLists } from "./list-due-accounts.ts";

export const SweepRequest = z.object({});

/** Files of an ended run stay this long, so that nobody who still reads them stumbles. */
const keptMs = dayMs;

/**
 * Called every quarter of an hour and at start-up: takes up whatever lost its process, its event or its reply, and
 * removes what ended work left behind. One trouble does not keep the others from being looked after.
 */
export async function sweep(deps: Deps, _request: z.infer<typeof SweepRequest>, signal: AbortSignal): Promise<void> {
  await trying(deps, "inbox", () => sweepInbox(deps, {}, signal));
  await trying(deps, "consolidations", () => sweepConsolidations(deps, {}, signal));
  for (const ref of await listedRuns(deps.table, "open-runs"))
    await trying(deps, ref.runId, () => lookAfterRun(deps, ref, signal));
  for (const ref of await pendingConnections(deps.table))
    await trying(deps, ref.connectionId, () => lookAfterConnection(deps, ref));
  for (const ref of await listedRuns(deps.table, "closed-runs"))
    await trying(deps, ref.runId, () => cleanUpAfter(deps, ref, signal));
  await trying(deps, "dispatch lists", () => removeOldLists(deps));
}

async function trying(deps: Deps, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    deps.log("sweep failed in part", { what, message: String(error) });
  }
}

async function lookAfterRun(deps: Deps, ref: RunRef, signal: AbortSignal): Promise<void> {
  const run = await getRunRecord(deps.table, ref.accountId, ref.runId);
  const name = executionName(run);
  const status = await deps.workflows.describe("sync", name);
  if (status === "RUNNING") return;
  if (status === undefined || status === "SUCCEEDED") return takeUpDead(deps, ref, signal);
  await closeRun(deps, { machine: "sync", name, status, input: { ...ref, attempt: run.attempt } }, signal);
}

async function lookAfterConnection(deps: Deps, ref: PendingConnection): Promise<void> {
  const connection = await getConnectionRecord(deps.table, ref.accountId, ref.connectionId);
  if (connection.check === null) return finishRemoval(deps, ref);
  const { number } = connection.check;
  const name = checkExecutionName(connection.id, number);
  const status = await deps.workflows.describe("check-connection", name);
  if (status === undefined) return startCheckExecution(deps, connection);
  if (status !== "RUNNING") await endCheck(deps, { ...ref, check: number }, name);
}

/** Removes staging that was left at the end of a run, and a day later its files. */
async function cleanUpAfter(deps: Deps, ref: RunRef, signal: AbortSignal): Promise<void> {
  const run = await getRunRecord(deps.table, ref.accountId, ref.runId);
  await discardStaging(deps, run, signal);
  if (deps.clock.now() - (run.endedAt ?? run.startedAt) < keptMs) return;
  const prefix = fileKeys.plan(ref.accountId, ref.runId, "");
  for (let files = await deps.files.list(prefix); files.length > 0; files = await deps.files.list(prefix))
    for (const { key } of files) await deps.files.delete(key);
  await forgetClosedRun(deps.table, ref);
}

async function removeOldLists(deps: Deps): Promise<void> {
  const now = deps.clock.now();
  for (const { key, modifiedAt } of await deps.files.list(dispatchLists))
    if (now - modifiedAt >= keptMs) await deps.files.delete(key);
}
