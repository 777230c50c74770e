import type { AccountId, ConnectionId, RunId, SyncId } from "../../model/ids.ts";
import type { ErrorRecord } from "../../model/sync.ts";
import { after, dayMs, type Instant } from "../../model/time.ts";
import type { ItemKey, Table, TableWrite } from "../ports.ts";
import { accountItem, accountPartition, pastPrefix, sortableDescending } from "./keys.ts";
import { itemOf, recordOf } from "./records.ts";

/** How long errors stay readable. */
const errorsKeptMs = 90 * dayMs;

/** The writes that keep an error, once under its connection and once under its sync, where it has them. Twice is the same as once. */
export function errorWrites(error: ErrorRecord): readonly TableWrite[] {
  const expiresAt = after(error.at, errorsKeptMs);
  const owners = [error.connectionId, error.syncId].filter((owner) => owner !== null);
  return owners.map((owner) => {
    const key = accountItem(error.accountId, `error/${owner}/${sortableDescending(error.at)}/${error.id}`);
    return { put: { ...itemOf(key, error), expiresAt } };
  });
}

/** Errors of a connection or a sync, newest first. */
export async function errorsOf(
  table: Table,
  accountId: AccountId,
  owner: ConnectionId | SyncId,
  page: { limit: number; cursor?: string },
): Promise<{ errors: readonly ErrorRecord[]; cursor?: string }> {
  const prefix = `error/${owner}/`;
  const found = await table.query({ pk: accountPartition(accountId), from: prefix, to: pastPrefix(prefix), ...page });
  const errors = found.items.map((item) => recordOf<ErrorRecord>(item));
  return found.cursor === undefined ? { errors } : { errors, cursor: found.cursor };
}

/** How many errors a connection or sync had in the last 24 hours; counting stops at 1,000. */
export async function errorsIn24Hours(
  table: Table,
  accountId: AccountId,
  owner: ConnectionId | SyncId,
  now: Instant,
): Promise<number> {
  const prefix = `error/${owner}/`;
  const page = await table.query({
    pk: accountPartition(accountId),
    from: prefix,
    to: `${prefix}${sortableDescending(after(now, -dayMs))}/`,
    limit: 1_000,
  });
  return page.items.length;
}

/** The failure of an attempt, in full, for the step that records it: a machine's `Catch` passes on no more than name and text. */
export function failureItem(accountId: AccountId, runId: RunId, attempt: number): ItemKey {
  return accountItem(accountId, `run/failure/${runId}/${attempt}`);
}
