import { createHash } from "node:crypto";
import * as z from "zod";
import { type SshKey, sshKeysPerUserMax } from "../../model/account.ts";
import { SyncError } from "../../model/errors.ts";
import { type KeyId, spellId } from "../../model/ids.ts";
import { parseSshKey } from "../../model/ssh-key.ts";
import type { Deps } from "../deps.ts";
import { editKeys, keyIn, requireUser, type StoredKey } from "../store/accounts.ts";
import { accountIdSchema, nameSchema, userIdSchema } from "./requests.ts";

export const AddKeyRequest = z.strictObject({
  accountId: accountIdSchema,
  userId: userIdSchema,
  title: nameSchema,
  /** The one line of a `.pub` file. Looked into by `parseSshKey`, which says what is wrong. */
  publicKey: z.string().min(1).max(100_000),
});

/** Lets a user in by one more key. Throws `KEY_…` for a key that is not taken, `TOO_MANY_KEYS` for the sixth. */
export async function addKey(
  deps: Pick<Deps, "table" | "clock" | "sftpUsers">,
  request: z.infer<typeof AddKeyRequest>,
  _signal: AbortSignal,
): Promise<SshKey> {
  const { publicKey, blob } = parseSshKey(request.publicKey);
  const user = await requireUser(deps.table, request.accountId, request.userId);
  const digest = createHash("sha256").update(blob).digest();
  const key: SshKey = {
    id: spellId<KeyId>("key", createHash("sha256").update(user.id).update(digest).digest()),
    userId: user.id,
    title: request.title,
    publicKey,
    fingerprint: `SHA256:${digest.toString("base64").replace(/=+$/, "")}`,
    createdAt: deps.clock.now(),
  };
  let isTwin = false;
  await editKeys(deps.table, user, (keys) => {
    const twin = keyIn(keys, key.id);
    isTwin = twin !== undefined && twin.isLeaving !== true;
    return isTwin ? keys : withKey(keys, key);
  });
  // Also for a twin: its first adding may have died between the table and this call.
  await deps.sftpUsers.addKey(user, key);
  if (isTwin) throw new SyncError("KEY_DUPLICATE");
  return key;
}

function withKey(keys: readonly StoredKey[], key: SshKey): readonly StoredKey[] {
  const others = keys.filter((other) => other.id !== key.id);
  if (others.filter((other) => other.isLeaving !== true).length >= sshKeysPerUserMax) {
    throw new SyncError("TOO_MANY_KEYS");
  }
  return [...others, key];
}
