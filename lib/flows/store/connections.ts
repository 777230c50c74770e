import type { Connection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { AccountId, ConnectionId } from "../../model/ids.ts";
import type { Table, TableWrite } from "../ports.ts";
import { accountItem, accountPartition, globalItem, pastPrefix, sortableDescending } from "./keys.ts";
import { itemOf, recordOf, versionIs } from "./records.ts";
import { listShards, shardOf } from "./shards.ts";

/** Throws `NOT_FOUND` also for a connection of another account. */
export async function getConnectionRecord(table: Table, accountId: AccountId, id: ConnectionId): Promise<Connection> {
  const item = await table.get(accountItem(accountId, `connection/${id}`));
  if (item === undefined) throw new SyncError("NOT_FOUND", { message: `there is no connection ${id}` });
  return recordOf<Connection>(item);
}

/** Newest first, removed ones among them: their history stays readable. */
export async function connectionsOf(table: Table, accountId: AccountId): Promise<readonly Connection[]> {
  const prefix = "connections/list/";
  const page = await table.query({ pk: accountPartition(accountId), from: prefix, to: pastPrefix(prefix) });
  const ids = page.items.map((item) => recordOf<{ id: ConnectionId }>(item).id);
  return Promise.all(ids.map((id) => getConnectionRecord(table, accountId, id)));
}

/** The writes that create a connection and make it the account's active one; they fail while another is active. */
export function newConnection(connection: Connection): readonly TableWrite[] {
  const { accountId, id, createdAt } = connection;
  return [
    { put: itemOf(accountItem(accountId, `connection/${id}`), connection), condition: { item: "absent" } },
    { put: itemOf(accountItem(accountId, `connections/list/${sortableDescending(createdAt)}/${id}`), { id }) },
    { put: itemOf(accountItem(accountId, "connections/active"), { id }, { id }), condition: { item: "absent" } },
    { check: accountItem(accountId, "account"), condition: { item: "present" } },
    ...pendingWrites(undefined, connection),
  ];
}

/** For a transaction: fails it while the account has a connection that is not removed. */
export function noneActive(accountId: AccountId): TableWrite {
  return { check: accountItem(accountId, "connections/active"), condition: { item: "absent" } };
}

/** The writes that replace a record; they fail when somebody wrote it since. Leaving with `removed` frees the account for a new connection. */
export function connectionWrites(before: Connection, after: Connection): readonly TableWrite[] {
  const key = accountItem(after.accountId, `connection/${after.id}`);
  const next = { ...after, version: before.version + 1 };
  const freeing: TableWrite = {
    delete: accountItem(after.accountId, "connections/active"),
    condition: { where: [{ attribute: "id", is: "=", value: after.id }] },
  };
  const isLeaving = before.state !== "removed" && after.state === "removed";
  return [
    { put: itemOf(key, next), condition: versionIs(before.version) },
    ...(isLeaving ? [freeing] : []),
    ...pendingWrites(before, after),
  ];
}

/** A connection with something left to finish: a check at work, or a secret to remove. The sweep looks after it. */
export interface PendingConnection {
  readonly accountId: AccountId;
  readonly connectionId: ConnectionId;
}

export async function pendingConnections(table: Table): Promise<readonly PendingConnection[]> {
  const shards = Array.from({ length: listShards }, (_, shard) => table.query({ pk: `pending-connections/${shard}` }));
  return (await Promise.all(shards)).flatMap((page) => page.items.map((item) => recordOf<PendingConnection>(item)));
}

/** Whether a connection of an account has something left to finish, such as a secret to remove. */
export async function hasPendingConnection(table: Table, accountId: AccountId): Promise<boolean> {
  for (let cursor: string | undefined; ; ) {
    const pk = `pending-connections/${shardOf(accountId)}`;
    const page = await table.query({ pk, ...(cursor === undefined ? {} : { cursor }) });
    if (page.items.some((item) => recordOf<PendingConnection>(item).accountId === accountId)) return true;
    if (page.cursor === undefined) return false;
    cursor = page.cursor;
  }
}

function pendingWrites(before: Connection | undefined, after: Connection): readonly TableWrite[] {
  const key = globalItem(`pending-connections/${shardOf(after.accountId)}`, after.id);
  const [was, is] = [before !== undefined && isPending(before), isPending(after)];
  if (is && !was) return [{ put: itemOf(key, { accountId: after.accountId, connectionId: after.id }) }];
  if (was && !is) return [{ delete: key }];
  return [];
}

function isPending(connection: Connection): boolean {
  const hasSecretToRemove = connection.state === "removed" && connection.secretRef !== "";
  return connection.check !== null || hasSecretToRemove || connection.retiredSecretRefs.length > 0;
}
