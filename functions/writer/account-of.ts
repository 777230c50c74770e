import * as z from "zod";
import { accountIdSchema } from "../../lib/flows/accounts/requests.ts";
import type { AccountId } from "../../lib/model/ids.ts";

const AnyCall = z.object({ input: z.object({ accountId: accountIdSchema }) });

/** The account that a writer's step works for: every step's input names it. */
export function accountOf(call: unknown): AccountId {
  return AnyCall.parse(call).input.accountId;
}
