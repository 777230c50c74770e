import * as z from "zod";
import type { AccountId } from "../../model/ids.ts";
import type { SyncRecord } from "../../model/sync.ts";
import { shownSync } from "../../model/sync-status.ts";
import { type Instant, secondMs } from "../../model/time.ts";
import { consolidationLag } from "../consolidate/consolidation-lag.ts";
import type { Deps } from "../deps.ts";
import { waitsForClaim } from "../import/oldest-open-import.ts";
import { inboxVersions } from "../import/sweep-inbox.ts";
import { eachAccount } from "../store/accounts.ts";
import { openImports } from "../store/imports.ts";
import { syncsOf } from "../store/syncs.ts";
import { oldestChange } from "../sync/measure-freshness.ts";

export const MeasureHealthRequest = z.object({});

/** How the whole installation does; ages are 0 where nothing waits. */
export interface Health {
  /** Age of the oldest record that a periodic sync still owes its warehouse. Paused, disabled and failed syncs owe nothing here. */
  readonly freshnessSecondsMax: number;
  /** Age of the oldest change above the watermark of such a sync: what waits for the warehouse alone. */
  readonly watermarkLagSecondsMax: number;
  /** Age of the oldest upload, of any account, that is not in the intake log. */
  readonly oldestOpenImportSeconds: number;
  /** Syncs that are tried again, and those that wait for a person. */
  readonly syncsErrored: number;
  readonly syncsFailed: number;
}

/** Measures every account, one after another, page by page: for alarms, so no account is named. */
export async function measureHealth(
  deps: Deps,
  _request: z.infer<typeof MeasureHealthRequest>,
  signal: AbortSignal,
): Promise<Health> {
  const unclaimed = await unclaimedUploads(deps, signal);
  const oldest = new OldestInstants();
  const counts = { Errored: 0, Failed: 0 };
  for await (const { id } of eachAccount(deps.table)) {
    signal.throwIfAborted();
    const uploads = (await openImports(deps.table, id)).map(({ uploadedAt }) => uploadedAt);
    const openImport = oldestOf([unclaimed.get(id) ?? null, ...uploads]);
    oldest.see("openImport", openImport);
    const owing: SyncRecord[] = [];
    for (const sync of await syncsOf(deps.table, id)) {
      const { status } = shownSync(sync, undefined);
      if (status === "Errored" || status === "Failed") counts[status] += 1;
      if (sync.mode === "periodic" && (status === "Errored" || status === "Scheduled")) owing.push(sync);
    }
    if (owing.length === 0) continue;
    oldest.see("record", openImport);
    oldest.see("record", (await consolidationLag(deps, id)).oldestAcceptedAt);
    for (const sync of owing) {
      signal.throwIfAborted();
      const change = await oldestChange(deps, sync);
      oldest.see("record", change);
      oldest.see("change", change);
    }
  }
  const now = deps.clock.now();
  return {
    freshnessSecondsMax: oldest.ageSeconds("record", now),
    watermarkLagSecondsMax: oldest.ageSeconds("change", now),
    oldestOpenImportSeconds: oldest.ageSeconds("openImport", now),
    syncsErrored: counts.Errored,
    syncsFailed: counts.Failed,
  };
}

class OldestInstants {
  readonly #oldest = new Map<string, Instant>();

  see(what: "record" | "change" | "openImport", at: Instant | null): void {
    const oldest = oldestOf([this.#oldest.get(what) ?? null, at]);
    if (oldest !== null) this.#oldest.set(what, oldest);
  }

  /** Rounded up: an age may be overstated, never understated. */
  ageSeconds(what: "record" | "change" | "openImport", now: Instant): number {
    return Math.max(0, Math.ceil((now - (this.#oldest.get(what) ?? now)) / secondMs));
  }
}

/** The oldest upload of each account that nothing has claimed, from one listing of the whole inbox. */
async function unclaimedUploads(deps: Deps, signal: AbortSignal): Promise<ReadonlyMap<AccountId, Instant>> {
  const oldest = new Map<AccountId, Instant>();
  for await (const upload of inboxVersions(deps)) {
    signal.throwIfAborted();
    const { accountId, modifiedAt } = upload;
    const known = oldest.get(accountId);
    if (known !== undefined && known <= modifiedAt) continue;
    if (await waitsForClaim(deps, upload)) oldest.set(accountId, modifiedAt);
  }
  return oldest;
}

function oldestOf(instants: readonly (Instant | null)[]): Instant | null {
  let oldest: Instant | null = null;
  for (const at of instants) if (at !== null && (oldest === null || at < oldest)) oldest = at;
  return oldest;
}
