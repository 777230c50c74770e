import { givesUpAt } from "./retry.ts";
import type { ErrorSummary, RunRecord, SyncRecord, SyncStatus } from "./sync.ts";
import type { Instant } from "./time.ts";

type SyncAction = "pause" | "resume" | "retry" | "re-enable";

/** What the dashboard shows of a sync. Fields that do not belong to the status are null. */
export interface ShownStatus {
  readonly status: SyncStatus;
  /** The finer why, for a second line: never a status of its own. */
  readonly reason: string | null;
  readonly actions: readonly SyncAction[];
  readonly percent: number | null;
  readonly rowsDone: number | null;
  readonly rowsTotal: number | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  /** Since when it is errored, failed, paused or disabled. */
  readonly since: Instant | null;
  readonly nextRunAt: Instant | null;
  readonly error: ErrorSummary | null;
}

const nothing: Omit<ShownStatus, "status"> = {
  reason: null,
  actions: [],
  percent: null,
  rowsDone: null,
  rowsTotal: null,
  startedAt: null,
  endedAt: null,
  since: null,
  nextRunAt: null,
  error: null,
};

/** The status of a sync and what goes with it; `run` is the one that holds its slot. */
export function shownSync(sync: SyncRecord, run: RunRecord | undefined): ShownStatus {
  if (sync.disabledAt !== null)
    return {
      ...nothing,
      ...span(sync),
      status: "Disabled",
      reason: "its connection is disabled",
      since: sync.disabledAt,
    };
  if (sync.pausedAt !== null) return paused(sync, run);
  if (sync.failedAt !== null)
    return {
      ...nothing,
      ...span(sync),
      status: "Failed",
      reason: sync.lastError?.message ?? null,
      actions: ["re-enable"],
      since: sync.failedAt,
      error: sync.lastError,
    };
  if (sync.completedAt !== null)
    return { ...nothing, ...span(sync), ...progress(run), status: "Completed", percent: 100 };
  if (sync.erroredSince !== null) return errored(sync, run, sync.erroredSince);
  if (run !== undefined && sync.runId !== null)
    return { ...nothing, ...span(sync), ...progress(run), status: "In progress", actions: ["pause"] };
  return { ...nothing, ...span(sync), status: "Scheduled", actions: ["pause"], nextRunAt: sync.nextRunAt };
}

/** Share of a run that is committed, from 0 to 100; whole only when all of it is. */
export function percentOf(run: Pick<RunRecord, "filesDone" | "filesTotal" | "rowsDone" | "rowsTotal">): number {
  if (run.filesTotal > 0 && run.filesDone >= run.filesTotal) return 100;
  const share = run.rowsTotal > 0 ? run.rowsDone / run.rowsTotal : 0;
  return Math.min(99, Math.floor(share * 100));
}

function errored(sync: SyncRecord, run: RunRecord | undefined, since: Instant): ShownStatus {
  const isTrying = run?.attemptOpen === true;
  return {
    ...nothing,
    ...span(sync),
    ...progress(run),
    status: "Errored",
    reason: isTrying ? "a new try is at work" : `tried again until ${new Date(givesUpAt(since)).toISOString()}`,
    actions: ["pause", "retry"],
    since,
    nextRunAt: sync.nextRunAt,
    error: sync.lastError,
  };
}

function paused(sync: SyncRecord, run: RunRecord | undefined): ShownStatus {
  const isEnding = run?.attemptOpen === true;
  return {
    ...nothing,
    ...span(sync),
    ...progress(run),
    status: "Paused",
    reason: isEnding ? "the batch at work ends first" : null,
    actions: ["resume"],
    since: sync.pausedAt,
    error: sync.lastError,
  };
}

function span(sync: SyncRecord): Pick<ShownStatus, "startedAt" | "endedAt"> {
  return { startedAt: sync.startedAt, endedAt: sync.mode === "periodic" ? sync.lastSyncedAt : sync.completedAt };
}

function progress(run: RunRecord | undefined): Pick<ShownStatus, "percent" | "rowsDone" | "rowsTotal"> {
  if (run === undefined) return { percent: null, rowsDone: null, rowsTotal: null };
  return { percent: percentOf(run), rowsDone: run.rowsDone, rowsTotal: run.rowsTotal };
}
