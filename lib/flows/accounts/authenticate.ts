import * as z from "zod";
import type { TokenScope } from "../../model/account.ts";
import { SyncError } from "../../model/errors.ts";
import type { AccountId, TokenId, UserId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { tokenByText } from "../store/tokens.ts";

export const AuthenticateRequest = z.strictObject({ text: z.string().max(1_024) });

/** Who calls, and how far they reach. */
export interface Principal {
  readonly tokenId: TokenId;
  readonly scope: TokenScope;
  readonly accountId: AccountId | null;
  readonly userId: UserId | null;
}

/** Whom a token speaks for; `UNAUTHORIZED`, without saying why, for anything but a valid one. */
export async function authenticate(
  deps: Pick<Deps, "table" | "clock">,
  request: z.infer<typeof AuthenticateRequest>,
  _signal: AbortSignal,
): Promise<Principal> {
  const token = await tokenByText(deps.table, request.text);
  if (token === undefined || (token.expiresAt !== null && token.expiresAt <= deps.clock.now())) {
    throw new SyncError("UNAUTHORIZED");
  }
  return { tokenId: token.id, scope: token.scope, accountId: token.accountId, userId: token.userId };
}
