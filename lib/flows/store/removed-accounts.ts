import type { Account } from "../../model/account.ts";
import type { AccountId } from "../../model/ids.ts";
import type { Instant } from "../../model/time.ts";
import type { Table, TableWrite } from "../ports.ts";
import { accountLine } from "./accounts.ts";
import { noneActive } from "./connections.ts";
import { accountItem, globalItem } from "./keys.ts";
import { itemOf, recordOf } from "./records.ts";

/** An account that was removed. What it leaves behind takes a while to go. */
export interface RemovedAccount {
  readonly accountId: AccountId;
  readonly removedAt: Instant;
}

/** The writes that remove an account, from every list too; they fail while it has a connection, or when it is gone. Its id is never given again. */
export function removalWrites(account: Account, removedAt: Instant): readonly TableWrite[] {
  const removed: RemovedAccount = { accountId: account.id, removedAt };
  return [
    { delete: accountItem(account.id, "account"), condition: { item: "present" } },
    { delete: accountLine(account) },
    { put: itemOf(removedItem(account.id), removed) },
    { put: itemOf(leavingItem(account.id), removed) },
    noneActive(account.id),
  ];
}

export async function isRemoved(table: Table, accountId: AccountId): Promise<boolean> {
  return (await table.get(removedItem(accountId))) !== undefined;
}

/** Removed accounts that something may still be left of. */
export async function* leavingAccounts(table: Table): AsyncGenerator<RemovedAccount> {
  for (let cursor: string | undefined; ; ) {
    const page = await table.query({ pk: leavingList, ...(cursor === undefined ? {} : { cursor }) });
    for (const item of page.items) yield recordOf<RemovedAccount>(item);
    if (page.cursor === undefined) return;
    cursor = page.cursor;
  }
}

/** Says that nothing is left of a removed account. */
export async function forgetLeaving(table: Table, accountId: AccountId): Promise<void> {
  await table.delete(leavingItem(accountId));
}

const leavingList = "leaving-accounts";

function leavingItem(accountId: AccountId) {
  return globalItem(leavingList, accountId);
}

/** Kept for ever: an event that comes late must not find the account's place free. */
export function removedItem(accountId: AccountId) {
  return globalItem(`removed-accounts/${accountId}`, "account");
}
