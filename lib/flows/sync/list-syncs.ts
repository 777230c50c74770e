import * as z from "zod";
import { type SyncMode, syncModes } from "../../model/sync.ts";
import { accountIdSchema } from "../accounts/requests.ts";
import { connectionIdSchema } from "../connections/requests.ts";
import type { Deps } from "../deps.ts";
import { syncsOf } from "../store/syncs.ts";
import { type SyncCard, syncCard } from "./get-sync.ts";

export const ListSyncsRequest = z.strictObject({
  accountId: accountIdSchema,
  connectionId: connectionIdSchema.optional(),
  /** The tab: Historical or Periodic. */
  mode: z.enum(syncModes).optional(),
});

/** The syncs of an account or of one connection, each with status, progress and freshness; historical ones first. */
export async function listSyncs(
  deps: Deps,
  request: z.infer<typeof ListSyncsRequest>,
  _signal: AbortSignal,
): Promise<readonly SyncCard[]> {
  const order = (mode: SyncMode) => syncModes.indexOf(mode);
  const syncs = (await syncsOf(deps.table, request.accountId, request.connectionId))
    .filter((sync) => request.mode === undefined || sync.mode === request.mode)
    .sort((a, b) => order(a.mode) - order(b.mode));
  return Promise.all(syncs.map((sync) => syncCard(deps, sync)));
}
