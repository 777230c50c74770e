import * as z from "zod";
import type { User } from "../../model/account.ts";
import type { Deps } from "../deps.ts";
import { type Page, requireAccount, usersPage } from "../store/accounts.ts";
import { accountIdSchema, pageFields } from "./requests.ts";

export const ListUsersRequest = z.strictObject({ accountId: accountIdSchema, ...pageFields });

/** People of an account, by id. */
export async function listUsers(
  deps: Pick<Deps, "table">,
  request: z.infer<typeof ListUsersRequest>,
  _signal: AbortSignal,
): Promise<Page<User>> {
  await requireAccount(deps.table, request.accountId);
  return usersPage(deps.table, request.accountId, request);
}
