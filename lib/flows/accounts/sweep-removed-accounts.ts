import type { AccountId } from "../../model/ids.ts";
import { dayMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { trying } from "../dispatch/trying.ts";
import type { Item } from "../ports.ts";
import { usersPage } from "../store/accounts.ts";
import { hasPendingConnection } from "../store/connections.ts";
import { accountPartition, accountPrefixes, fileKeys } from "../store/keys.ts";
import { recordOf } from "../store/records.ts";
import { forgetLeaving, leavingAccounts, type RemovedAccount } from "../store/removed-accounts.ts";
import { accountLists } from "../store/shards.ts";
import { shutOut } from "./shut-out.ts";

/** Objects and records of one account that one sweep deletes at most; the next goes on. */
const deletionsMax = 10_000;
/** Deleted side by side. */
const pageSize = 25;
/** Work that was under way when the account was removed may still write for so long. */
const lingeringMs = dayMs;

/** Deletes what removed accounts left behind: every version of every object, then every record. Nothing of another account is touched. */
export async function sweepRemovedAccounts(deps: Deps, signal: AbortSignal): Promise<void> {
  for await (const removed of leavingAccounts(deps.table)) {
    signal.throwIfAborted();
    await trying(deps, removed.accountId, () => clearAway(deps, removed, signal));
  }
}

async function clearAway(deps: Deps, { accountId, removedAt }: RemovedAccount, signal: AbortSignal): Promise<void> {
  await shutOut(deps, accountId, signal);
  // A secret is found only by the record that names it.
  if (await hasPendingConnection(deps.table, accountId)) return;
  let left = deletionsMax;
  for (const prefix of await prefixesOf(deps, accountId)) left = await deleteObjects(deps, prefix, left, signal);
  const isOfAccount = (item: Item) => recordOf<{ accountId?: AccountId }>(item).accountId === accountId;
  for (const pk of accountLists(accountId)) left = await deleteItems(deps, pk, left, signal, isOfAccount);
  // Last, and only when all else is gone: the users among them name their renames.
  if (left > 0) left = await deleteItems(deps, accountPartition(accountId), left, signal);
  deps.log("account-cleared-away", { accountId, deleted: deletionsMax - left });
  if (left === deletionsMax && deps.clock.now() - removedAt >= lingeringMs) await forgetLeaving(deps.table, accountId);
}

async function prefixesOf(deps: Pick<Deps, "table">, accountId: AccountId): Promise<readonly string[]> {
  const prefixes = [...accountPrefixes(accountId)];
  for (let cursor: string | undefined; ; ) {
    const page = await usersPage(deps.table, accountId, { cursor });
    prefixes.push(...page.items.map(({ id }) => `${fileKeys.moves}${id}-`));
    if (page.cursor === undefined) return prefixes;
    cursor = page.cursor;
  }
}

/** Answers how many deletions are left. */
async function deleteObjects(deps: Deps, prefix: string, allowed: number, signal: AbortSignal): Promise<number> {
  let left = allowed;
  while (left > 0) {
    signal.throwIfAborted();
    const versions = await deps.files.versions(prefix, { limit: Math.min(pageSize, left) });
    if (versions.length === 0) return left;
    await Promise.all([...new Set(versions.map(({ key }) => key))].map((key) => deps.files.delete(key)));
    left -= versions.length;
  }
  return Math.max(0, left);
}

/** Answers how many deletions are left. */
async function deleteItems(
  deps: Deps,
  pk: string,
  allowed: number,
  signal: AbortSignal,
  isDoomed: (item: Item) => boolean = () => true,
): Promise<number> {
  let left = allowed;
  for (let cursor: string | undefined; left > 0; ) {
    signal.throwIfAborted();
    const page = await deps.table.query({ pk, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) });
    const doomed = page.items.filter(isDoomed);
    await Promise.all(doomed.map(({ sk }) => deps.table.delete({ pk, sk })));
    left -= doomed.length;
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  return Math.max(0, left);
}
