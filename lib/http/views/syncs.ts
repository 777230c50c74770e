import type { Receipt } from "../../destinations/destination.ts";
import type { SyncCard } from "../../flows/sync/get-sync.ts";
import type { Freshness } from "../../model/freshness.ts";
import type { SkipRecord, SyncMode } from "../../model/sync.ts";
import { iso } from "./instants.ts";
import { summaryView } from "./runs.ts";

const tabs = {
  historical: "Historical",
  periodic: "Periodic",
  backfill: "Backfill",
  replay: "Replay",
} as const satisfies Record<SyncMode, string>;

/** A sync as the dashboard lists it: Name, Status, Started on, Ended on, Data freshness, and what can be done. */
export function syncView({ sync, shown, freshness, errors24h }: SyncCard) {
  return {
    id: sync.id,
    connectionId: sync.connectionId,
    name: sync.object === "profiles" ? "Profiles" : "Events",
    object: sync.object,
    tab: tabs[sync.mode],
    status: shown.status,
    reason: shown.reason,
    actions: shown.actions,
    percent: shown.percent,
    rowsProcessed: { rows: shown.rowsDone, total: shown.rowsTotal },
    rowsSent: sync.rowsSent,
    startedOn: iso(shown.startedAt),
    endedOn: iso(shown.endedAt),
    since: iso(shown.since),
    nextRunAt: iso(shown.nextRunAt),
    dataFreshness: freshness === null ? null : freshnessView(freshness),
    errors24h,
    error: summaryView(shown.error),
  };
}

/** Null ages mean that nothing waits. */
function freshnessView(freshness: Freshness) {
  return {
    isUpToDate: freshness.isUpToDate,
    oldestWaitingAt: iso(freshness.oldestWaitingAt),
    ageSeconds: freshness.ageMs === null ? null : Math.ceil(freshness.ageMs / 1_000),
    lastCheckedAt: iso(freshness.lastCheckedAt),
  };
}

/** A receipt as read back from the warehouse. */
export function receiptView(receipt: Receipt) {
  return {
    table: receipt.targetTable,
    planId: receipt.planId,
    first: receipt.first,
    last: receipt.last,
    rowsStaged: receipt.rowsStaged,
    rowsInserted: receipt.rowsInserted,
    rowsUpdated: receipt.rowsUpdated,
    rowsQuarantined: receipt.rowsQuarantined,
    fence: receipt.fence,
    committedAt: iso(receipt.committedAt),
  };
}

/** A stretch of the log that the selection left nothing of. */
export function skipView(skip: SkipRecord) {
  return { runId: skip.runId, first: skip.first, last: skip.last, at: iso(skip.at) };
}
