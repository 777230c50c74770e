import type * as z from "zod";
import type { RunRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { given, type Page } from "../store/accounts.ts";
import { runsOf } from "../store/runs.ts";
import { getSyncRecord } from "../store/syncs.ts";
import { SyncPage } from "./requests.ts";

export const ListRunsRequest = SyncPage;

/** The timeline of a sync: its runs, newest first. */
export async function listRuns(
  deps: Deps,
  request: z.infer<typeof ListRunsRequest>,
  _signal: AbortSignal,
): Promise<Page<RunRecord>> {
  await getSyncRecord(deps.table, request.accountId, request.syncId);
  const page = await runsOf(deps.table, request.accountId, request.syncId, { limit: 50, ...given(request) });
  return page.cursor === undefined ? { items: page.runs } : { items: page.runs, cursor: page.cursor };
}
