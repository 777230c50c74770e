import { handle } from "../handle.ts";
import { issueToken, type TokenAnswer, TokenOrder } from "./issue-token.ts";

/** No rule and no route leads here: only whoever may `lambda:InvokeFunction`. */
export const handler = handle<unknown, TokenAnswer>(async ({ deps }, event, signal) =>
  issueToken(deps, TokenOrder.parse(event), signal),
);
