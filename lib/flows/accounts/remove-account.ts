import * as z from "zod";
import { SyncError } from "../../model/errors.ts";
import type { AccountId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { accountById } from "../store/accounts.ts";
import { connectionsOf } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { isRemoved, removalWrites } from "../store/removed-accounts.ts";
import { accountIdSchema } from "./requests.ts";
import { shutOut } from "./shut-out.ts";

export const RemoveAccountRequest = z.strictObject({ accountId: accountIdSchema });
type RemoveAccountRequest = z.infer<typeof RemoveAccountRequest>;

/**
 * Removes an account: its tokens are void and its users locked out when this returns; the sweep deletes its objects and
 * records. Throws `ACCOUNT_IN_USE` while it has a connection. A repeat finishes what was begun.
 */
export async function removeAccount(
  deps: Pick<Deps, "table" | "clock" | "sftpUsers">,
  { accountId }: RemoveAccountRequest,
  signal: AbortSignal,
): Promise<void> {
  await whileContended(async () => {
    const account = await accountById(deps.table, accountId);
    if (account === undefined) return requireRemoved(deps, accountId);
    await requireNoConnection(deps, accountId);
    await deps.table.transact(removalWrites(account, deps.clock.now()));
  });
  await shutOut(deps, accountId, signal);
}

async function requireRemoved(deps: Pick<Deps, "table">, accountId: AccountId): Promise<void> {
  if (await isRemoved(deps.table, accountId)) return;
  throw new SyncError("NOT_FOUND", { message: `There is no account ${accountId}.` });
}

async function requireNoConnection(deps: Pick<Deps, "table">, accountId: AccountId): Promise<void> {
  const active = (await connectionsOf(deps.table, accountId)).find(({ state }) => state !== "removed");
  if (active === undefined) return;
  const { name, id, state } = active;
  throw new SyncError("ACCOUNT_IN_USE", { message: `The account's connection ${name} (${id}) is ${state}.` });
}
