import { SyncError } from "../../model/errors.ts";
import type { AccountId, ConnectionId, SyncId } from "../../model/ids.ts";
import type { DataObject } from "../../model/log.ts";
import type { SyncMode, SyncRecord } from "../../model/sync.ts";
import type { Instant } from "../../model/time.ts";
import type { Table, TableWrite } from "../ports.ts";
import { accountItem, accountPartition, globalItem, pastPrefix, sortable } from "./keys.ts";
import { itemOf, recordOf, versionIs } from "./records.ts";
import { shardOf } from "./shards.ts";

/** `<connection>-<object>-<mode>`: each connection has one sync of a kind. */
export function syncIdOf(connectionId: ConnectionId, object: DataObject, mode: SyncMode): SyncId {
  return `${connectionId}-${object}-${mode}` as SyncId;
}

/** Throws `NOT_FOUND` also for a sync of another account. */
export async function getSyncRecord(table: Table, accountId: AccountId, id: SyncId): Promise<SyncRecord> {
  const item = await table.get(accountItem(accountId, `sync/${id}`));
  if (item === undefined) throw new SyncError("NOT_FOUND", { message: `there is no sync ${id}` });
  return recordOf<SyncRecord>(item);
}

/** Syncs of an account, or of one connection of it. */
export async function syncsOf(
  table: Table,
  accountId: AccountId,
  connectionId?: ConnectionId,
): Promise<readonly SyncRecord[]> {
  const prefix = connectionId === undefined ? "sync/" : `sync/${connectionId}-`;
  const found: SyncRecord[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await table.query({
      pk: accountPartition(accountId),
      from: prefix,
      to: pastPrefix(prefix),
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.items.map((item) => recordOf<SyncRecord>(item)));
    if (page.cursor === undefined) return found;
    cursor = page.cursor;
  }
}

/**
 * The writes that create (`before` null) or replace a sync, and keep the list of due ones in step. They fail when
 * somebody wrote the sync since.
 */
export function syncWrites(before: SyncRecord | null, after: SyncRecord): readonly TableWrite[] {
  const key = accountItem(after.accountId, `sync/${after.id}`);
  const next = { ...after, version: (before?.version ?? 0) + 1 };
  const condition = before === null ? ({ item: "absent" } as const) : versionIs(before.version);
  const writes: TableWrite[] = [{ put: itemOf(key, next), condition }];
  const [old, due] = [before?.nextRunAt ?? null, after.nextRunAt];
  if (old !== due) {
    if (old !== null) writes.push({ delete: dueKey(after, old) });
    if (due !== null)
      writes.push({ put: itemOf(dueKey(after, due), { accountId: after.accountId, syncId: after.id }) });
  }
  return writes;
}

/** Accounts of one shard with a sync that was due at an instant. */
export async function dueAccounts(table: Table, shard: number, now: Instant): Promise<ReadonlySet<AccountId>> {
  const accounts = new Set<AccountId>();
  for (let cursor: string | undefined; ; ) {
    const page = await table.query({
      pk: `due/${shard}`,
      to: sortable(now + 1),
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const item of page.items) accounts.add(recordOf<{ accountId: AccountId }>(item).accountId);
    if (page.cursor === undefined) return accounts;
    cursor = page.cursor;
  }
}

function dueKey(sync: SyncRecord, at: Instant): { pk: string; sk: string } {
  return globalItem(`due/${shardOf(sync.accountId)}`, `${sortable(at)}/${sync.id}`);
}
