import { dayMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { fileKeys } from "../store/keys.ts";
import { forgetClosedRun, getRunRecord, listedRuns, type RunRef } from "../store/runs.ts";
import { closeRun, takeUpDead } from "../sync/close-run.ts";
import { executionName } from "../sync/open-run.ts";
import { removeStaging } from "../sync/remove-staging.ts";
import { trying } from "./trying.ts";

/** Files of an ended run stay this long, so that nobody who still reads them stumbles. */
const keptMs = dayMs;

/** Takes up runs whose execution is gone, and removes what ended ones left behind. */
export async function sweepRuns(deps: Deps, signal: AbortSignal): Promise<void> {
  for (const ref of await listedRuns(deps.table, "open-runs"))
    await trying(deps, ref.runId, () => lookAfterRun(deps, ref, signal));
  for (const ref of await listedRuns(deps.table, "closed-runs"))
    await trying(deps, ref.runId, () => cleanUpAfter(deps, ref, signal));
}

async function lookAfterRun(deps: Deps, ref: RunRef, signal: AbortSignal): Promise<void> {
  const run = await getRunRecord(deps.table, ref.accountId, ref.runId);
  const name = executionName(run);
  const status = await deps.workflows.describe("sync", name);
  if (status === "RUNNING") return;
  if (status === undefined || status === "SUCCEEDED") return takeUpDead(deps, ref, signal);
  await closeRun(deps, { machine: "sync", name, status, input: { ...ref, attempt: run.attempt } }, signal);
}

/** Removes staging that was left at the end of a run, and a day later its files. */
async function cleanUpAfter(deps: Deps, ref: RunRef, signal: AbortSignal): Promise<void> {
  const run = await getRunRecord(deps.table, ref.accountId, ref.runId);
  await removeStaging(deps, run, signal);
  if (deps.clock.now() - (run.endedAt ?? run.startedAt) < keptMs) return;
  const prefix = fileKeys.plan(ref.accountId, ref.runId, "");
  for (let files = await deps.files.list(prefix); files.length > 0; files = await deps.files.list(prefix))
    for (const { key } of files) await deps.files.delete(key);
  await forgetClosedRun(deps.table, ref);
}
