import * as z from "zod";
import type { Token } from "../../model/account.ts";
import { SyncError } from "../../model/errors.ts";
import { spellId, type TokenId } from "../../model/ids.ts";
import type { Deps } from "../deps.ts";
import { ConditionFailed, type Randomness } from "../ports.ts";
import { globalItem } from "../store/keys.ts";
import { itemOf, recordOf } from "../store/records.ts";
import { newToken, newTokenText, tokenIdIn } from "../store/tokens.ts";

/** `text` comes from `proposeOperatorToken` and is kept by the caller before it is registered here, so that no crash can lose it. */
export const EnsureOperatorTokenRequest = z.strictObject({ text: z.string() });

/** A token text to keep safe and then register with `ensureOperatorToken`. */
export function proposeOperatorToken(randomness: Randomness): string {
  return newTokenText(randomness, spellId<TokenId>("token", randomness.bytes(16)));
}

/**
 * Registers the first operator token of an installation: true when `text` is that token, be it now or since an earlier
 * start; false when another one was first. Never brings a revoked one back.
 */
export async function ensureOperatorToken(
  deps: Pick<Deps, "table" | "clock">,
  request: z.infer<typeof EnsureOperatorTokenRequest>,
  _signal: AbortSignal,
): Promise<boolean> {
  const id = tokenIdIn(request.text);
  if (id === undefined) throw new SyncError("REQUEST_INVALID", { message: "The proposed text is not a token." });
  const token: Token = {
    id,
    scope: "operator",
    accountId: null,
    userId: null,
    createdAt: deps.clock.now(),
    expiresAt: null,
  };
  const marker = globalItem("operator-tokens", "first");
  try {
    const first = { put: itemOf(marker, { tokenId: id }), condition: { item: "absent" } } as const;
    await deps.table.transact([first, ...newToken(token, request.text)]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const item = await deps.table.get(marker);
    return item !== undefined && recordOf<{ tokenId: TokenId }>(item).tokenId === id;
  }
}
