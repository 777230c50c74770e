import { type Freshness, freshnessOf } from "../../model/freshness.ts";
import type { SyncRecord } from "../../model/sync.ts";
import type { Instant } from "../../model/time.ts";
import { consolidationLag } from "../consolidate/consolidation-lag.ts";
import type { Deps } from "../deps.ts";
import { oldestOpenImport } from "../import/oldest-open-import.ts";
import { changeEntries } from "../store/log.ts";

/** How old the warehouse's picture of a periodic sync's object is; null for syncs that run once. */
export async function measureFreshness(deps: Deps, sync: SyncRecord): Promise<Freshness | null> {
  if (sync.mode !== "periodic") return null;
  const lag = await consolidationLag(deps, sync.accountId);
  const places = {
    openImports: await oldestOpenImport(deps, sync.accountId),
    intake: lag.oldestAcceptedAt,
    changes: await oldestChange(deps, sync),
  };
  return freshnessOf(places, later(sync.lastCheckedAt, sync.lastSyncedAt), deps.clock.now());
}

/** The oldest record above the watermark. An entry that is sent in part counts as a whole: age may be overstated. */
export async function oldestChange(deps: Pick<Deps, "table">, sync: SyncRecord): Promise<Instant | null> {
  let oldest: Instant | null = null;
  for (let afterSeq = Math.max(0, sync.watermark.seq - 1); ; ) {
    const entries = await changeEntries(deps.table, sync.accountId, sync.object, { afterSeq });
    for (const entry of entries) {
      afterSeq = entry.seq;
      const isSent = entry.seq === sync.watermark.seq && entry.files <= sync.watermark.file;
      if (!isSent && (oldest === null || entry.acceptedAtMin < oldest)) oldest = entry.acceptedAtMin;
    }
    if (entries.length === 0) return oldest;
  }
}

function later(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
