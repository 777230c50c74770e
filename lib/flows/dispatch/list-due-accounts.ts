import * as z from "zod";
import type { AccountId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { eachAccount } from "../store/accounts.ts";
import { accountPointer, intakeHead } from "../store/log.ts";
import { writeList } from "../store/records.ts";
import { hashOf, listShards } from "../store/shards.ts";
import { dueAccounts } from "../store/syncs.ts";

export const ListDueAccountsRequest = z.object({
  isNow: z.boolean(),
  windowSeconds: z.int(),
  execution: z.string(),
});
type ListDueAccountsRequest = z.infer<typeof ListDueAccountsRequest>;

/** Where the lists of dispatches lie, a day long. */
export const dispatchLists = "dispatch/";

/** One account's turn in a dispatch. */
export interface DispatchItem {
  readonly accountId: AccountId;
  readonly isNow: boolean;
  /** Spreads the starts: from the hash of the account, so that each has its own minute every hour. */
  readonly delaySeconds: number;
}

/** Lists the accounts with a sync due, or with imports that wait to be consolidated, for the map that starts them. */
export async function listDueAccounts(
  deps: Deps,
  request: ListDueAccountsRequest,
  _signal: AbortSignal,
): Promise<{ itemsKey: string; accounts: number }> {
  const accounts = new Set<AccountId>();
  const now = deps.clock.now();
  for (let shard = 0; shard < listShards; shard += 1)
    for (const accountId of await dueAccounts(deps.table, shard, now)) accounts.add(accountId);
  for await (const { id } of eachAccount(deps.table))
    if (request.isNow || (!accounts.has(id) && (await isWaiting(deps, id)))) accounts.add(id);
  const items = [...accounts].map(
    (accountId): DispatchItem => ({
      accountId,
      isNow: request.isNow,
      delaySeconds: hashOf(accountId) % (request.windowSeconds + 1),
    }),
  );
  const itemsKey = `${dispatchLists}${request.execution}.json`;
  await writeList(deps.files, itemsKey, items);
  return { itemsKey, accounts: items.length };
}

async function isWaiting(deps: Deps, accountId: AccountId): Promise<boolean> {
  const [head, pointer] = await Promise.all([intakeHead(deps.table, accountId), accountPointer(deps.table, accountId)]);
  return head > pointer.intakeSeq;
}
