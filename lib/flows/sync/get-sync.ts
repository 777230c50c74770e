import type { Freshness } from "../../model/freshness.ts";
import type { RunRecord, SyncRecord } from "../../model/sync.ts";
import { type ShownStatus, shownSync } from "../../model/sync-status.ts";
import type { Deps } from "../deps.ts";
import { errorsIn24Hours } from "../store/errors.ts";
import { getRunRecord, runsOf } from "../store/runs.ts";
import { getSyncRecord } from "../store/syncs.ts";
import { measureFreshness } from "./measure-freshness.ts";
import type { SyncRef } from "./requests.ts";

/** A sync as the dashboard lists it. */
export interface SyncCard {
  readonly sync: SyncRecord;
  readonly shown: ShownStatus;
  /** Of periodic syncs. */
  readonly freshness: Freshness | null;
  readonly errors24h: number;
}

/** One sync with its status, progress and freshness. */
export async function getSync(deps: Deps, request: SyncRef, _signal: AbortSignal): Promise<SyncCard> {
  return syncCard(deps, await getSyncRecord(deps.table, request.accountId, request.syncId));
}

export async function syncCard(deps: Deps, sync: SyncRecord): Promise<SyncCard> {
  return {
    sync,
    shown: shownSync(sync, await shownRun(deps, sync)),
    freshness: await measureFreshness(deps, sync),
    errors24h: await errorsIn24Hours(deps.table, sync.accountId, sync.id, deps.clock.now()),
  };
}

/** The run that holds the slot; of a sync that is through, its last. */
async function shownRun(deps: Deps, sync: SyncRecord): Promise<RunRecord | undefined> {
  if (sync.runId !== null) return getRunRecord(deps.table, sync.accountId, sync.runId);
  if (sync.completedAt === null) return undefined;
  return (await runsOf(deps.table, sync.accountId, sync.id, { limit: 1 })).runs[0];
}
