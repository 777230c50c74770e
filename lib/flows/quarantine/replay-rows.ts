import type * as z from "zod";
import { SyncError } from "../../model/errors.ts";
import type { ChangeFile, DataObject } from "../../model/log.ts";
import type { QuarantineRecord, SyncRecord } from "../../model/sync.ts";
import { newSync } from "../connections/new-sync.ts";
import type { Deps } from "../deps.ts";
import { startDueSyncs } from "../dispatch/start-due-syncs.ts";
import type { TableWrite } from "../ports.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { accountPointer } from "../store/log.ts";
import { getQuarantine, quarantineWrite, replayWrite } from "../store/quarantine.ts";
import { getSyncRecord, syncIdOf, syncsOf, syncWrites } from "../store/syncs.ts";
import { QuarantineRef } from "./requests.ts";

export const ReplayRowsRequest = QuarantineRef;

/**
 * Sends quarantined rows again, after the warehouse was mended, by a sync of their own. They keep their `_seq`, so that a
 * version that has been overtaken changes nothing, and what is refused once more is quarantined once more. Answers that sync.
 */
export async function replayRows(
  deps: Deps,
  request: z.infer<typeof ReplayRowsRequest>,
  signal: AbortSignal,
): Promise<SyncRecord> {
  const { accountId, connectionId, quarantineId } = request;
  const syncId = await whileContended(async () => {
    const record = await getQuarantine(deps.table, accountId, connectionId, quarantineId);
    const writes = await replayWrites(deps, request, record, sentObject(record));
    await deps.table.transact(writes);
    return syncIdOf(connectionId, sentObject(record), "replay");
  });
  await startDueSyncs(deps, { accountId }, signal);
  return getSyncRecord(deps.table, accountId, syncId);
}

function sentObject({ object }: QuarantineRecord): DataObject {
  if (object !== "metrics") return object;
  throw new SyncError("STATE_CONFLICT", {
    message: "metrics need no replay: all of them ride along with the next events",
  });
}

async function replayWrites(
  deps: Deps,
  request: z.infer<typeof ReplayRowsRequest>,
  record: QuarantineRecord,
  object: DataObject,
): Promise<readonly TableWrite[]> {
  const { accountId, connectionId } = request;
  const connection = await getConnectionRecord(deps.table, accountId, connectionId);
  if (connection.state !== "enabled" || !connection.selection.objects.includes(object))
    throw new SyncError("STATE_CONFLICT", { message: `the connection is not enabled, or sends no ${object}` });
  const pointer = await accountPointer(deps.table, accountId);
  const head = object === "profiles" ? pointer.profilesSeq : pointer.eventsSeq;
  const now = deps.clock.now();
  const existing = (await syncsOf(deps.table, accountId, connectionId)).find(
    (sync) => sync.object === object && sync.mode === "replay",
  );
  const cut = { cutSeq: head, cutStateKey: pointer.stateKey, now };
  const sync = existing ?? newSync(connection, object, "replay", cut);
  const number = (sync.replays ?? 0) + 1;
  const source: ChangeFile = { ...fileOf(record), file: number };
  // Under the head at this moment, so that receipts of replays never stand above the log.
  const entry = { position: { seq: head, file: number }, quarantineId: record.id, source };
  return [
    replayWrite(accountId, sync.id, entry),
    quarantineWrite(accountId, { ...record, replayedAt: now }),
    ...syncWrites(existing ?? null, awaitingRun(sync, number, now)),
  ];
}

function fileOf({ fileKey, rows, bytes, eventAtMin, eventAtMax }: QuarantineRecord): Omit<ChangeFile, "file"> {
  const times = eventAtMin === undefined || eventAtMax === undefined ? {} : { eventAtMin, eventAtMax };
  return { key: fileKey, rows, bytes, ...times };
}

function awaitingRun(sync: SyncRecord, replays: number, now: SyncRecord["cutAt"]): SyncRecord {
  const isWoken = sync.completedAt !== null;
  const canRun = sync.pausedAt === null && sync.disabledAt === null && sync.failedAt === null;
  return {
    ...sync,
    replays,
    completedAt: null,
    startedAt: isWoken ? null : sync.startedAt,
    nextRunAt: canRun ? now : null,
  };
}
