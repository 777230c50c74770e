import * as z from "zod";
import type { Account } from "../../model/account.ts";
import type { Deps } from "../deps.ts";
import { requireAccount } from "../store/accounts.ts";
import { accountIdSchema } from "./requests.ts";

export const GetAccountRequest = z.strictObject({ accountId: accountIdSchema });

/** One account, or `NOT_FOUND`. */
export async function getAccount(
  deps: Pick<Deps, "table">,
  request: z.infer<typeof GetAccountRequest>,
  _signal: AbortSignal,
): Promise<Account> {
  return requireAccount(deps.table, request.accountId);
}
