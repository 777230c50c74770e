import type { AccountId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { dropKeys, type Page, releaseSftpName, usersPage } from "../store/accounts.ts";
import { dropToken, tokensPage } from "../store/tokens.ts";

/** Makes every token of an account void and locks its users out of SFTP. Twice is the same as once. */
export async function shutOut(
  deps: Pick<Deps, "table" | "sftpUsers">,
  accountId: AccountId,
  signal: AbortSignal,
): Promise<void> {
  for await (const token of eachOf((cursor) => tokensPage(deps.table, accountId, { cursor }))) {
    signal.throwIfAborted();
    await deps.table.transact(dropToken(token));
  }
  for await (const user of eachOf((cursor) => usersPage(deps.table, accountId, { cursor }))) {
    signal.throwIfAborted();
    // In this order: no login by a key that is gone, no name for another while this user may still hold it outside.
    await dropKeys(deps.table, user);
    await deps.sftpUsers.removeUser(user);
    await releaseSftpName(deps.table, user);
  }
}

async function* eachOf<T>(pageAt: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
  for (let cursor: string | undefined; ; ) {
    const page = await pageAt(cursor);
    yield* page.items;
    if (page.cursor === undefined) return;
    cursor = page.cursor;
  }
}
