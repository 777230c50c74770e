import * as z from "zod";
import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import { dropToken, tokenById } from "../store/tokens.ts";
import { accountIdSchema, tokenIdSchema } from "./requests.ts";

/** `accountId: null` speaks of the operator's own tokens. */
export const RevokeTokenRequest = z.strictObject({ accountId: accountIdSchema.nullable(), tokenId: tokenIdSchema });

/** Makes a token void at once. `NOT_FOUND` when the account has no such token (any more). */
export async function revokeToken(
  deps: Pick<Deps, "table">,
  request: z.infer<typeof RevokeTokenRequest>,
  _signal: AbortSignal,
): Promise<void> {
  const token = await tokenById(deps.table, request.tokenId);
  if (token === undefined || token.accountId !== request.accountId) {
    throw new SyncError("NOT_FOUND", { message: `There is no token ${request.tokenId} here.` });
  }
  await deps.table.transact(dropToken(token));
}
