import { createHash } from "node:crypto";
import { takeBatch } from "../../model/batch-size.ts";
import { filesAfter } from "../../model/plan-files.ts";
import type { Plan, SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { fileKeys } from "../store/keys.ts";
import { writeList } from "../store/records.ts";
import { stagedFiles } from "../store/runs.ts";
import { SyncState } from "./machine-state.ts";
import { notingFailure } from "./note-failure.ts";
import { openRun, planOf } from "./open-run.ts";

export const ListFilesRequest = SyncState;

/** Batches staged ahead of the commits: enough to keep the stagers busy, few enough not to fill the warehouse. */
const batchesAhead = 8;
const filesAheadMax = 200;

/** Number under which a plan's metrics are staged; its files count from 1. */
export const metricsNumber = 0;

/** Lists the files of the next batches that are not staged yet, for the map that stages them in parallel. */
export async function listFiles(deps: Deps, state: SyncState, signal: AbortSignal): Promise<SyncState> {
  return notingFailure(deps, state, "list files", signal, async () => {
    const { run, sync, connection } = await openRun(deps, state);
    const plan = await planOf(deps, run);
    const { limits } = await deps.destination(connection.kind);
    const left = filesAfter(plan.files, sync.watermark);
    let count = 0;
    for (let batch = 0; batch < batchesAhead && count < Math.min(left.length, filesAheadMax); batch += 1)
      count += takeBatch(left.slice(count), limits, sync.filesPerBatch).length;
    const staged = new Set((await stagedFiles(deps.table, run.accountId, run.id)).map((file) => file.number));
    const numbers = [
      ...(ridesAlong(plan, sync) ? [metricsNumber] : []),
      ...left.slice(0, count).map((file) => file.number),
    ].filter((number) => !staged.has(number));
    const through = left[count - 1]?.number ?? state.stagedThrough;
    const digest = createHash("sha256").update(numbers.join()).digest("hex").slice(0, 16);
    const itemsKey = fileKeys.plan(run.accountId, run.id, `stage-${run.attempt}-${through}-${digest}.json`);
    const { accountId, runId, attempt, kind } = state;
    await writeList(
      deps.files,
      itemsKey,
      numbers.map((number) => ({ accountId, runId, attempt, kind, number })),
    );
    // All of them may be staged already, by an attempt that ended before its commit.
    return { ...state, next: numbers.length === 0 ? "commit" : "stage", itemsKey, stagedThrough: through };
  });
}

/** The metrics ride in the first batch of a plan that leaves a receipt. */
export function ridesAlong(plan: Plan, sync: SyncRecord): boolean {
  return plan.metricFile !== null && sync.lastReceipt?.planId !== plan.id;
}
