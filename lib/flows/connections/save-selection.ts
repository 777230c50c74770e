import type * as z from "zod";
import type { Connection, Selection } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import { startDueSyncs } from "../dispatch/start-due-syncs.ts";
import { connectionWrites, getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { ensureSyncs } from "./ensure-syncs.ts";
import { ConnectionRef, selectionFields } from "./requests.ts";

/** Fields that are left out stay as they are. The history window belongs to the historical sync, and is fixed once that exists. */
export const SaveSelectionRequest = ConnectionRef.extend(selectionFields);
type SaveSelectionRequest = z.infer<typeof SaveSelectionRequest>;

/** Changes what a connection sends, from the next plan on. An object that is newly selected gets its syncs, with their cut now. */
export async function saveSelection(
  deps: Deps,
  request: SaveSelectionRequest,
  signal: AbortSignal,
): Promise<Connection> {
  const saved = await whileContended(async () => {
    const connection = await getConnectionRecord(deps.table, request.accountId, request.connectionId);
    if (connection.state === "removed")
      throw new SyncError("STATE_CONFLICT", { message: "the connection was removed" });
    const next = { ...connection, selection: changed(connection.selection, request) };
    await deps.table.transact([
      ...connectionWrites(connection, next),
      ...(connection.state === "enabled" ? await ensureSyncs(deps, next, "selection changed") : []),
    ]);
    return next;
  });
  if (saved.state === "enabled") await startDueSyncs(deps, { accountId: request.accountId }, signal);
  return getConnectionRecord(deps.table, request.accountId, request.connectionId);
}

function changed(selection: Selection, request: SaveSelectionRequest): Selection {
  return {
    version: selection.version + 1,
    objects: request.objects ?? selection.objects,
    excludedIntegrations: request.excludedIntegrations ?? selection.excludedIntegrations,
    metrics: request.metrics === undefined ? selection.metrics : request.metrics,
    history: request.history ?? selection.history,
  };
}
