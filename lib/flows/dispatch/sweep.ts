import * as z from "zod";
import { dayMs } from "../../model/time.ts";
import { sweepRemovedAccounts } from "../accounts/sweep-removed-accounts.ts";
import { sweepConnections } from "../connections/sweep-connections.ts";
import { sweepConsolidations } from "../consolidate/sweep-consolidations.ts";
import type { Deps } from "../deps.ts";
import { sweepInbox } from "../import/sweep-inbox.ts";
import { dispatchLists } from "./list-due-accounts.ts";
import { sweepRuns } from "./sweep-runs.ts";
import { trying } from "./trying.ts";

export const SweepRequest = z.object({});

/**
 * Called every quarter of an hour and at start-up: takes up whatever lost its process, its event or its reply, and
 * removes what ended work left behind. One trouble does not keep the others from being looked after.
 */
export async function sweep(deps: Deps, _request: z.infer<typeof SweepRequest>, signal: AbortSignal): Promise<void> {
  await trying(deps, "inbox", () => sweepInbox(deps, {}, signal));
  await trying(deps, "consolidations", () => sweepConsolidations(deps, {}, signal));
  await trying(deps, "connections", () => sweepConnections(deps));
  await trying(deps, "runs", () => sweepRuns(deps, signal));
  await trying(deps, "removed accounts", () => sweepRemovedAccounts(deps, signal));
  await trying(deps, "dispatch lists", () => removeOldLists(deps));
}

async function removeOldLists(deps: Deps): Promise<void> {
  const now = deps.clock.now();
  for (const { key, modifiedAt } of await deps.files.list(dispatchLists))
    if (now - modifiedAt >= dayMs) await deps.files.delete(key);
}
