import * as z from "zod";
import { createToken } from "../../lib/flows/accounts/create-token.ts";
import { tokenIdSchema } from "../../lib/flows/accounts/requests.ts";
import { revokeToken } from "../../lib/flows/accounts/revoke-token.ts";
import type { Deps } from "../../lib/flows/deps.ts";

/** `{}` issues a token, `{ "revoke": "<id>" }` makes one void. */
export const TokenOrder = z.union([
  z.strictObject({ revoke: tokenIdSchema }),
  z.strictObject({ daysValid: z.int().min(1).max(3_650).optional() }),
]);

/** The text of an issued token is shown in this answer and nowhere else. */
export type TokenAnswer = { readonly tokenId: string; readonly text: string } | { readonly revoked: string };

/** Issues an operator's token, or makes one void. Called by the operator's own IAM identity: nothing else can make the first token. */
export async function issueToken(
  deps: Pick<Deps, "table" | "clock" | "randomness">,
  order: z.infer<typeof TokenOrder>,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  if ("revoke" in order) {
    await revokeToken(deps, { accountId: null, tokenId: order.revoke }, signal);
    return { revoked: order.revoke };
  }
  const { daysValid } = order;
  const issued = await createToken(
    deps,
    { scope: "operator", ...(daysValid === undefined ? {} : { daysValid }) },
    signal,
  );
  return { tokenId: issued.token.id, text: issued.text };
}
