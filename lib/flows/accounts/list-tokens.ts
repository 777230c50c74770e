import * as z from "zod";
import type { Token } from "../../model/account.ts";
import type { Deps } from "../deps.ts";
import type { Page } from "../store/accounts.ts";
import { tokensPage } from "../store/tokens.ts";
import { accountIdSchema, pageFields } from "./requests.ts";

/** `accountId: null` lists the operator's own. */
export const ListTokensRequest = z.strictObject({ accountId: accountIdSchema.nullable(), ...pageFields });

/** Tokens that are still valid, by id; never their texts. */
export async function listTokens(
  deps: Pick<Deps, "table">,
  request: z.infer<typeof ListTokensRequest>,
  _signal: AbortSignal,
): Promise<Page<Token>> {
  return tokensPage(deps.table, request.accountId, request);
}
