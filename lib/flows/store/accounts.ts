import type { Account, SshKey, User } from "../../model/account.ts";
import { SyncError } from "../../model/errors.ts";
import type { AccountId, KeyId, UserId } from "../../model/ids.ts";
import { ConditionFailed, type Item, type ItemKey, type Table, type TablePage, type TableWrite } from "../ports.ts";
import { accountItem, accountPartition, globalItem, pastPrefix, sortable } from "./keys.ts";
import { itemOf, recordOf } from "./records.ts";

/** A page of a list, and where the next begins while there is one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string;
}

export interface PageRequest {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** A stored key. One that `isLeaving` opens no door any more; its removal outside has yet to be confirmed. */
export interface StoredKey extends SshKey {
  readonly isLeaving?: true;
}

interface UserKeys {
  readonly version: number;
  readonly keys: readonly StoredKey[];
}

const isNew = { item: "absent" } as const;
const isThere = { item: "present" } as const;
const editTries = 10;

/** The writes of a new account: itself, and its line in the list of accounts (oldest first). */
export function newAccount(account: Account): readonly TableWrite[] {
  return [
    { put: itemOf(accountItem(account.id, "account"), account), condition: isNew },
    { put: itemOf(accountLine(account), account), condition: isNew },
  ];
}

/** Where an account stands in the list of accounts. */
export function accountLine({ createdAt, id }: Account): ItemKey {
  return globalItem("accounts", `${sortable(createdAt)}/${id}`);
}

export async function accountById(table: Table, accountId: AccountId): Promise<Account | undefined> {
  const item = await table.get(accountItem(accountId, "account"));
  return item === undefined ? undefined : recordOf<Account>(item);
}

/** The account, or `NOT_FOUND`. */
export async function requireAccount(table: Table, accountId: AccountId): Promise<Account> {
  const account = await accountById(table, accountId);
  if (account === undefined) throw new SyncError("NOT_FOUND", { message: `There is no account ${accountId}.` });
  return account;
}

/** Accounts, oldest first. */
export async function accountsPage(table: Table, page: PageRequest = {}): Promise<Page<Account>> {
  return pageOf<Account>(await table.query({ pk: "accounts", ...given(page) }));
}

/** Walks every account, oldest first. */
export async function* eachAccount(table: Table): AsyncGenerator<Account> {
  for (let cursor: string | undefined; ; ) {
    const page = await accountsPage(table, { cursor });
    yield* page.items;
    if (page.cursor === undefined) return;
    cursor = page.cursor;
  }
}

/** The writes of a new user: itself, and its SFTP name, which no user of any account may have yet. */
export function newUser(user: User): readonly TableWrite[] {
  return [
    { put: itemOf(accountItem(user.accountId, `user/${user.id}`), user), condition: isNew },
    { put: itemOf(sftpNameItem(user.sftpUsername), user, { userId: user.id }), condition: isNew },
    { check: accountItem(user.accountId, "account"), condition: isThere },
  ];
}

export async function userById(table: Table, accountId: AccountId, userId: UserId): Promise<User | undefined> {
  const item = await table.get(accountItem(accountId, `user/${userId}`));
  return item === undefined ? undefined : recordOf<User>(item);
}

/** The user, or `NOT_FOUND`. */
export async function requireUser(table: Table, accountId: AccountId, userId: UserId): Promise<User> {
  const user = await userById(table, accountId, userId);
  if (user === undefined) throw new SyncError("NOT_FOUND", { message: `The account has no user ${userId}.` });
  return user;
}

/** Users of an account, by id. */
export async function usersPage(table: Table, accountId: AccountId, page: PageRequest = {}): Promise<Page<User>> {
  const pk = accountPartition(accountId);
  return pageOf<User>(await table.query({ pk, from: "user/", to: pastPrefix("user/"), ...given(page) }));
}

export async function userBySftpName(table: Table, sftpUsername: string): Promise<User | undefined> {
  const item = await table.get(sftpNameItem(sftpUsername));
  return item === undefined ? undefined : recordOf<User>(item);
}

/** All keys of a user, in the order they came, leaving ones too. */
export async function keysOf(table: Table, accountId: AccountId, userId: UserId): Promise<readonly StoredKey[]> {
  return (await userKeys(table, accountId, userId)).keys;
}

/** Replaces the keys of a user by what `edit` makes of them; a concurrent edit runs it again on the newer list. */
export async function editKeys(
  table: Table,
  user: Pick<User, "accountId" | "id">,
  edit: (keys: readonly StoredKey[]) => readonly StoredKey[],
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const current = await userKeys(table, user.accountId, user.id);
    const next: UserKeys = { version: current.version + 1, keys: edit(current.keys) };
    try {
      await table.put(
        itemOf(keysItem(user.accountId, user.id), next),
        current.version === 0 ? isNew : { where: [{ attribute: "version", is: "=", value: current.version }] },
      );
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed) || tries === editTries) throw error;
    }
  }
}

/** Takes all keys of a user away at once: no login succeeds from here on. */
export async function dropKeys(table: Table, user: Pick<User, "accountId" | "id">): Promise<void> {
  await table.delete(keysItem(user.accountId, user.id));
}

/** Gives the SFTP name of a removed user free; one that another user has taken since stays theirs. */
export async function releaseSftpName(table: Table, user: User): Promise<void> {
  try {
    const condition = { where: [{ attribute: "userId", is: "=", value: user.id }] } as const;
    await table.delete(sftpNameItem(user.sftpUsername), condition);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** One key of a user, leaving or not. */
export function keyIn(keys: readonly StoredKey[], keyId: KeyId): StoredKey | undefined {
  return keys.find((key) => key.id === keyId);
}

export function pageOf<T>(page: TablePage): Page<T> {
  const items = page.items.map((item: Item) => recordOf<T>(item));
  return page.cursor === undefined ? { items } : { items, cursor: page.cursor };
}

/** A page request without the fields that were left open. */
export function given(page: PageRequest): { limit?: number; cursor?: string } {
  return {
    ...(page.limit === undefined ? {} : { limit: page.limit }),
    ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
  };
}

async function userKeys(table: Table, accountId: AccountId, userId: UserId): Promise<UserKeys> {
  const item = await table.get(keysItem(accountId, userId));
  return item === undefined ? { version: 0, keys: [] } : recordOf<UserKeys>(item);
}

// All keys of a user are one item: five fit well, and then limit, twins and login each need one consistent look.
function keysItem(accountId: AccountId, userId: UserId) {
  return accountItem(accountId, `ssh-key/${userId}`);
}

function sftpNameItem(sftpUsername: string) {
  return globalItem(`sftp-names/${sftpUsername}`, "user");
}
