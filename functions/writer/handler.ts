import { runWriterStep } from "../../lib/flows/writer-steps.ts";
import { handle } from "../handle.ts";
import { accountOf } from "./account-of.ts";

/** Called by machines and through the `Writers` port: one step, with credentials that reach nothing but its account. */
export const handler = handle<unknown, unknown>(async ({ forAccount }, call, signal) => {
  const answer = await runWriterStep(await forAccount(accountOf(call)), call, signal);
  return answer ?? null;
});
