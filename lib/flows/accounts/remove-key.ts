import * as z from "zod";
import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import { editKeys, keyIn, requireUser, type StoredKey } from "../store/accounts.ts";
import { accountIdSchema, keyIdSchema, userIdSchema } from "./requests.ts";

export const RemoveKeyRequest = z.strictObject({
  accountId: accountIdSchema,
  userId: userIdSchema,
  keyId: keyIdSchema,
});

/** Shuts a key out at once and ends the sessions that came by it. A repeat after a crash finishes what was begun; else `NOT_FOUND`. */
export async function removeKey(
  deps: Pick<Deps, "table" | "sftpUsers">,
  request: z.infer<typeof RemoveKeyRequest>,
  _signal: AbortSignal,
): Promise<void> {
  const user = await requireUser(deps.table, request.accountId, request.userId);
  let leaving: StoredKey | undefined;
  await editKeys(deps.table, user, (keys) => {
    leaving = keyIn(keys, request.keyId);
    return keys.map((key) => (key.id === request.keyId ? { ...key, isLeaving: true as const } : key));
  });
  if (leaving === undefined) throw new SyncError("NOT_FOUND", { message: `The user has no key ${request.keyId}.` });
  await deps.sftpUsers.removeKey(user, leaving);
  // A key that was added anew meanwhile is not leaving any more, and stays.
  await editKeys(deps.table, user, (keys) => keys.filter((key) => key.id !== request.keyId || key.isLeaving !== true));
}
