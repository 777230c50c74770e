import type { Connection } from "../../model/connection.ts";
import { needsNewStart } from "../../model/retry.ts";
import type { SyncRecord } from "../../model/sync.ts";
import type { Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import type { TableWrite } from "../ports.ts";
import { accountItem } from "../store/keys.ts";
import { accountPointer } from "../store/log.ts";
import { syncsOf, syncWrites } from "../store/syncs.ts";
import { newSync } from "./new-sync.ts";

/**
 * The writes that give a connection the syncs of its selection: new ones with their cut at the present head, those of
 * objects no longer selected disabled, the others awake again. They fail when a consolidation moves the head meanwhile.
 */
export async function ensureSyncs(
  deps: Deps,
  connection: Connection,
  why: "check passed" | "selection changed",
): Promise<readonly TableWrite[]> {
  const { accountId, selection } = connection;
  const [pointer, existing] = await Promise.all([
    accountPointer(deps.table, accountId),
    syncsOf(deps.table, accountId, connection.id),
  ]);
  const now = deps.clock.now();
  const missing = selection.objects.flatMap((object) =>
    (["historical", "periodic"] as const)
      .filter((mode) => !existing.some((sync) => sync.object === object && sync.mode === mode))
      .map((mode) => {
        const cutSeq = object === "profiles" ? pointer.profilesSeq : pointer.eventsSeq;
        return newSync(connection, object, mode, { cutSeq, cutStateKey: pointer.stateKey, now });
      }),
  );
  const pointerItem = accountItem(accountId, "pointer");
  const pointerIsSame: TableWrite =
    pointer.version === 0
      ? { check: pointerItem, condition: { item: "absent" } }
      : { check: pointerItem, condition: { where: [{ attribute: "version", is: "=", value: pointer.version }] } };
  return [
    ...(missing.length === 0 ? [] : [pointerIsSame]),
    ...missing.flatMap((sync) => syncWrites(null, sync)),
    ...existing.flatMap((sync) =>
      syncWrites(sync, selection.objects.includes(sync.object) ? awake(sync, now, why) : asleep(sync, now)),
    ),
  ];
}

/** Disabled until its connection is enabled, or its object selected, again. */
export function asleep(sync: SyncRecord, now: Instant): SyncRecord {
  return { ...sync, disabledAt: sync.disabledAt ?? now, nextRunAt: null };
}

/** A passing check also mends what failed, save for a lost place in the warehouse: that needs a new start. */
function awake(sync: SyncRecord, now: Instant, why: "check passed" | "selection changed"): SyncRecord {
  const isMendable = why === "check passed" && !needsNewStart(sync.lastError);
  const mended = isMendable ? { failedAt: null, erroredSince: null, failures: 0, lastError: null } : {};
  const next = { ...sync, disabledAt: null, ...mended };
  const isResting = next.pausedAt !== null || next.completedAt !== null || next.failedAt !== null;
  const wasStopped = sync.disabledAt !== null || next.erroredSince !== sync.erroredSince;
  return { ...next, nextRunAt: isResting ? null : wasStopped ? now : sync.nextRunAt };
}
