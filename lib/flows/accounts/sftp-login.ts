import * as z from "zod";
import type { SshKey, User } from "../../model/account.ts";
import type { AccountId, UserId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { keysOf, userBySftpName } from "../store/accounts.ts";

export const SftpLoginRequest = z.strictObject({
  username: z.string(),
  /** The key as the client sent it, in base64. */
  keyBase64: z.string(),
});

/** A user at the door, and the key they hold. */
export interface SftpPrincipal {
  readonly user: User;
  readonly key: SshKey;
}

/** Whose name and key these are, by a consistent read; undefined for any other pair. That the client holds the private half is the server's to check. */
export async function sftpLogin(
  deps: Pick<Deps, "table">,
  request: z.infer<typeof SftpLoginRequest>,
  _signal: AbortSignal,
): Promise<SftpPrincipal | undefined> {
  const user = await userBySftpName(deps.table, request.username);
  // An unknown name costs the same two reads, so that time does not tell who exists.
  const keys = await keysOf(deps.table, user?.accountId ?? ("" as AccountId), user?.id ?? ("" as UserId));
  const key = keys.find((candidate) => candidate.publicKey.split(" ")[1] === request.keyBase64);
  return user === undefined || key === undefined || key.isLeaving === true ? undefined : { user, key };
}
