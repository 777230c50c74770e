import { nextTick } from "../../model/retry.ts";
import type { RunRecord, SyncRecord } from "../../model/sync.ts";
import type { Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { getRunRecord, isClosed, runWrites } from "../store/runs.ts";
import { syncWrites } from "../store/syncs.ts";
import { SyncState } from "./machine-state.ts";
import { isOpenAttempt, openRun } from "./open-run.ts";
import { removeStagingQuietly } from "./remove-staging.ts";

export const FinishRunRequest = SyncState;

/** Ends a run that is through, or lets it rest where its sync was paused or disabled. Then its staging is removed; what fails of that is left to the sweep. */
export async function finishRun(deps: Deps, state: SyncState, signal: AbortSignal): Promise<void> {
  await whileContended(async () => {
    const { accountId, runId } = state;
    if (!isOpenAttempt(await getRunRecord(deps.table, accountId, runId), state.attempt)) return;
    const { run, sync } = await openRun(deps, state);
    const now = deps.clock.now();
    const next = state.outcome === "completed" ? completed(sync, run, now) : resting(sync, run, now);
    await deps.table.transact([...syncWrites(sync, next.sync), ...runWrites(run, next.run)]);
  });
  const run = await getRunRecord(deps.table, state.accountId, state.runId);
  if (isClosed(run)) await removeStagingQuietly(deps, run, signal);
}

interface Next {
  readonly sync: SyncRecord;
  readonly run: RunRecord;
}

function completed(sync: SyncRecord, run: RunRecord, now: Instant): Next {
  const isPeriodic = sync.mode === "periodic";
  const isLate = sync.nextRunAt === null || sync.nextRunAt <= now;
  const nextRunAt = isLate ? nextTick(now) : sync.nextRunAt;
  // More was asked for while the run was at work.
  const isMoreToReplay = sync.mode === "replay" && (sync.replays ?? 0) > sync.watermark.file;
  const isResting = sync.pausedAt !== null || sync.disabledAt !== null;
  return {
    sync: {
      ...sync,
      runId: null,
      completedAt: isPeriodic || isMoreToReplay ? null : now,
      erroredSince: null,
      failures: 0,
      lastError: null,
      lastCheckedAt: now,
      // A pause that came while the last batch was at work still holds.
      nextRunAt: isResting ? null : isPeriodic ? nextRunAt : isMoreToReplay ? now : null,
    },
    run: {
      ...run,
      state: "completed",
      attemptOpen: false,
      endedAt: now,
      filesDone: run.filesTotal,
      rowsDone: run.rowsTotal,
    },
  };
}

/** A paused run keeps the slot and its plan; one of a removed connection will never go on. */
function resting(sync: SyncRecord, run: RunRecord, now: Instant): Next {
  const isDisabled = sync.disabledAt !== null;
  return {
    sync: { ...sync, runId: isDisabled ? null : sync.runId, nextRunAt: null },
    run: {
      ...run,
      state: isDisabled ? "cancelled" : "paused",
      attemptOpen: false,
      endedAt: isDisabled ? now : null,
    },
  };
}
