import type { Connection } from "../../model/connection.ts";
import { type AccountPointer, dataObjects } from "../../model/log.ts";
import { needsNewStart } from "../../model/retry.ts";
import type { SyncRecord } from "../../model/sync.ts";
import type { Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import type { TableWrite } from "../ports.ts";
import { accountItem } from "../store/keys.ts";
import { accountPointer } from "../store/log.ts";
import { outstandingItem } from "../store/runs.ts";
import { syncsOf, syncWrites } from "../store/syncs.ts";
import { newSync } from "./new-sync.ts";

type Why = "check passed" | "selection changed" | "tables adopted";

/**
 * The writes that give a connection the syncs of its selection: new ones with their cut at the present head, those of
 * objects no longer selected disabled, the others awake again. They fail when a consolidation moves the head meanwhile.
 */
export async function ensureSyncs(deps: Deps, connection: Connection, why: Why): Promise<readonly TableWrite[]> {
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
    ...(missing.length === 0 && why !== "tables adopted" ? [] : [pointerIsSame]),
    ...missing.flatMap((sync) => syncWrites(null, sync)),
    ...existing.flatMap((sync) => {
      const next = why === "tables adopted" ? renewed(connection, sync, pointer, now) : sync;
      return syncWrites(sync, selection.objects.includes(sync.object) ? awake(next, now, why) : asleep(next, now));
    }),
    ...(why === "tables adopted"
      ? dataObjects.map((object) => ({ delete: outstandingItem(accountId, connection.id, object) }))
      : []),
  ];
}

/** A sync from its start again, with its cut now. What a replay had before it comes with the others. */
function renewed(connection: Connection, sync: SyncRecord, pointer: AccountPointer, now: Instant): SyncRecord {
  const cutSeq = sync.object === "profiles" ? pointer.profilesSeq : pointer.eventsSeq;
  const fresh = newSync(connection, sync.object, sync.mode, { cutSeq, cutStateKey: pointer.stateKey, now });
  const kept = { version: sync.version, pausedAt: sync.pausedAt, disabledAt: sync.disabledAt };
  if (sync.mode !== "replay") return { ...fresh, ...kept };
  const replays = sync.replays ?? 0;
  return { ...fresh, ...kept, replays, watermark: { seq: cutSeq, file: replays }, completedAt: now, nextRunAt: null };
}

/** Disabled until its connection is enabled, or its object selected, again. */
export function asleep(sync: SyncRecord, now: Instant): SyncRecord {
  return { ...sync, disabledAt: sync.disabledAt ?? now, nextRunAt: null };
}

/** A passing check also mends what failed, save for a lost place in the warehouse: that needs a new start. */
function awake(sync: SyncRecord, now: Instant, why: Why): SyncRecord {
  const isMendable = why !== "selection changed" && !needsNewStart(sync.lastError);
  const mended = isMendable ? { failedAt: null, erroredSince: null, failures: 0, lastError: null } : {};
  const next = { ...sync, disabledAt: null, ...mended };
  const isResting = next.pausedAt !== null || next.completedAt !== null || next.failedAt !== null;
  const wasStopped = sync.disabledAt !== null || next.erroredSince !== sync.erroredSince;
  return { ...next, nextRunAt: isResting ? null : wasStopped ? now : sync.nextRunAt };
}
