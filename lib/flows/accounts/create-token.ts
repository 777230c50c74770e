import * as z from "zod";
import type { Token } from "../../model/account.ts";
import type { TokenId } from "../../model/ids.ts";
import { after, dayMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { requireAccount, requireUser } from "../store/accounts.ts";
import { newToken, newTokenText } from "../store/tokens.ts";
import { accountIdSchema, newId, userIdSchema } from "./requests.ts";

const daysValid = z.int().min(1).max(3_650).optional();

export const CreateTokenRequest = z.discriminatedUnion("scope", [
  z.strictObject({ scope: z.literal("operator"), daysValid }),
  z.strictObject({
    scope: z.literal("account"),
    accountId: accountIdSchema,
    /** Whose name stands beside what is sent with it. */
    userId: userIdSchema.optional(),
    /** @default for ever */
    daysValid,
  }),
]);

/** A token beside its text, which is shown this once and kept nowhere. */
export interface IssuedToken {
  readonly token: Token;
  readonly text: string;
}

/** Issues a bearer token. Each call issues another. */
export async function createToken(
  deps: Pick<Deps, "table" | "clock" | "randomness">,
  request: z.infer<typeof CreateTokenRequest>,
  _signal: AbortSignal,
): Promise<IssuedToken> {
  const accountId = request.scope === "account" ? request.accountId : null;
  const userId = (request.scope === "account" ? request.userId : undefined) ?? null;
  if (accountId !== null) await requireAccount(deps.table, accountId);
  if (accountId !== null && userId !== null) await requireUser(deps.table, accountId, userId);
  const now = deps.clock.now();
  const token: Token = {
    id: newId<TokenId>(deps.randomness, "token", undefined),
    scope: request.scope,
    accountId,
    userId,
    createdAt: now,
    expiresAt: request.daysValid === undefined ? null : after(now, request.daysValid * dayMs),
  };
  const text = newTokenText(deps.randomness, token.id);
  await deps.table.transact(newToken(token, text));
  return { token, text };
}
