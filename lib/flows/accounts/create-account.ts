import * as z from "zod";
import type { Account } from "../../model/account.ts";
import { SyncError } from "../../model/errors.ts";
import type { AccountId, LogId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { ConditionFailed } from "../ports.ts";
import { accountById, newAccount } from "../store/accounts.ts";
import { removedItem } from "../store/removed-accounts.ts";
import { nameSchema, newId, requestIdSchema } from "./requests.ts";

export const CreateAccountRequest = z.strictObject({ name: nameSchema, requestId: requestIdSchema });

/** Opens an account with an empty log. A repeat with the same `requestId` answers the first one. */
export async function createAccount(
  deps: Pick<Deps, "table" | "clock" | "randomness">,
  request: z.infer<typeof CreateAccountRequest>,
  _signal: AbortSignal,
): Promise<Account> {
  const account: Account = {
    id: newId<AccountId>(deps.randomness, "account", request.requestId),
    name: request.name,
    logId: newId<LogId>(deps.randomness, "log", request.requestId),
    createdAt: deps.clock.now(),
  };
  try {
    const isUnused = { check: removedItem(account.id), condition: { item: "absent" } } as const;
    await deps.table.transact([...newAccount(account), isUnused]);
    return account;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const first = await accountById(deps.table, account.id);
    if (first === undefined) throw removedBefore();
    return first;
  }
}

function removedBefore(): SyncError {
  return new SyncError("STATE_CONFLICT", {
    message: "the account of this requestId was removed; send another requestId for a new one",
  });
}
