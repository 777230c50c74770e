import { SyncError } from "../../model/errors.ts";
import type { AccountId, ConnectionId, SyncId } from "../../model/ids.ts";
import type { ListedFile } from "../../model/plan-files.ts";
import type { QuarantineRecord, ReplayEntry } from "../../model/sync.ts";
import type { Table, TableWrite } from "../ports.ts";
import { accountItem, accountPartition, pastPrefix, sortable, sortableDescending } from "./keys.ts";
import { itemOf, recordOf } from "./records.ts";

/** The write that lists quarantined rows under their connection. */
export function quarantineWrite(accountId: AccountId, record: QuarantineRecord): TableWrite {
  return { put: itemOf(quarantineItem(accountId, record.connectionId, record.id), record) };
}

/** Throws `NOT_FOUND` also for rows of another account or connection. */
export async function getQuarantine(
  table: Table,
  accountId: AccountId,
  connectionId: ConnectionId,
  id: string,
): Promise<QuarantineRecord> {
  const item = await table.get(quarantineItem(accountId, connectionId, id));
  if (item === undefined) throw new SyncError("NOT_FOUND", { message: `there are no quarantined rows ${id}` });
  return recordOf<QuarantineRecord>(item);
}

/** Quarantined rows of a connection, newest first. */
export async function quarantineOf(
  table: Table,
  accountId: AccountId,
  connectionId: ConnectionId,
  page: { limit: number; cursor?: string },
): Promise<{ records: readonly QuarantineRecord[]; cursor?: string }> {
  const prefix = `error-rows/${connectionId}/`;
  const found = await table.query({ pk: accountPartition(accountId), from: prefix, to: pastPrefix(prefix), ...page });
  const records = found.items.map((item) => recordOf<QuarantineRecord>(item));
  return found.cursor === undefined ? { records } : { records, cursor: found.cursor };
}

function quarantineItem(accountId: AccountId, connectionId: ConnectionId, id: string) {
  const at = Number(id.slice(0, id.indexOf("-")));
  return accountItem(accountId, `error-rows/${connectionId}/${sortableDescending(at)}/${id}`);
}

/** The write that adds to the log of a replay; fails where its place is taken. */
export function replayWrite(accountId: AccountId, syncId: SyncId, entry: ReplayEntry): TableWrite {
  const key = accountItem(accountId, `batch/replay/${syncId}/${sortable(entry.position.file)}`);
  return { put: itemOf(key, entry), condition: { item: "absent" } };
}

/** What a replay has before it: the files of its log after a number. */
export async function replaysAfter(
  table: Table,
  accountId: AccountId,
  syncId: SyncId,
  after: number,
): Promise<readonly ListedFile[]> {
  const prefix = `batch/replay/${syncId}/`;
  const range = { pk: accountPartition(accountId), from: `${prefix}${sortable(after + 1)}`, to: pastPrefix(prefix) };
  const found: ListedFile[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await table.query(cursor === undefined ? range : { ...range, cursor });
    found.push(...page.items.map((item) => recordOf<ReplayEntry>(item)));
    cursor = page.cursor;
    if (cursor === undefined) return found;
  }
}
