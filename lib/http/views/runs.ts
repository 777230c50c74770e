import { errorCodes } from "../../model/error-codes.ts";
import type { ErrorRecord, ErrorSummary, RunRecord, RunState } from "../../model/sync.ts";
import { percentOf } from "../../model/sync-status.ts";
import { iso } from "./instants.ts";

const shownStates = {
  running: "In progress",
  completed: "Completed",
  failed: "Failed",
  paused: "Paused",
  cancelled: "Cancelled",
} as const satisfies Record<RunState, string>;

/** A run as the timeline of a sync shows it. */
export function runView(run: RunRecord) {
  return {
    id: run.id,
    syncId: run.syncId,
    status: shownStates[run.state],
    attempt: run.attempt,
    percent: run.state === "completed" ? 100 : percentOf(run),
    rowsProcessed: { rows: run.rowsDone, total: run.rowsTotal },
    rowsQuarantined: run.rowsQuarantined,
    dueAt: iso(run.dueAt),
    startedOn: iso(run.startedAt),
    endedOn: iso(run.endedAt),
    error: summaryView(run.error),
  };
}

/** An error in short, as it stands beside a status. */
export function summaryView(error: ErrorSummary | null) {
  if (error === null) return null;
  return { code: error.code, summary: error.message, fix: errorCodes[error.code].fix, date: iso(error.at) };
}

/** An error in full: Summary, Code, External message, Date, and how to mend it. */
export function errorView(error: ErrorRecord) {
  return {
    id: error.id,
    connectionId: error.connectionId,
    syncId: error.syncId,
    runId: error.runId,
    attempt: error.attempt,
    step: error.step,
    summary: error.summary,
    code: error.code,
    class: error.class,
    externalMessage: error.externalMessage,
    vendorCode: error.vendorCode,
    vendorRef: error.vendorRef,
    fix: error.fix,
    date: iso(error.at),
  };
}
