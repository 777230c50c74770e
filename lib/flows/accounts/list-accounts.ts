import * as z from "zod";
import type { Account } from "../../model/account.ts";
import type { Deps } from "../deps.ts";
import { accountsPage, type Page } from "../store/accounts.ts";
import { pageFields } from "./requests.ts";

export const ListAccountsRequest = z.strictObject(pageFields);

/** Accounts, oldest first. */
export async function listAccounts(
  deps: Pick<Deps, "table">,
  request: z.infer<typeof ListAccountsRequest>,
  _signal: AbortSignal,
): Promise<Page<Account>> {
  return accountsPage(deps.table, request);
}
