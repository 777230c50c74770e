import * as z from "zod";
import type { SshKey } from "../../model/account.ts";
import type { Deps } from "../deps.ts";
import { keysOf, requireUser } from "../store/accounts.ts";
import { accountIdSchema, userIdSchema } from "./requests.ts";

export const ListKeysRequest = z.strictObject({ accountId: accountIdSchema, userId: userIdSchema });

/** The keys that let a user in, in the order they were added. */
export async function listKeys(
  deps: Pick<Deps, "table">,
  request: z.infer<typeof ListKeysRequest>,
  _signal: AbortSignal,
): Promise<readonly SshKey[]> {
  await requireUser(deps.table, request.accountId, request.userId);
  const keys = await keysOf(deps.table, request.accountId, request.userId);
  return keys.filter((key) => key.isLeaving !== true);
}
