import type * as z from "zod";
import { SyncError } from "../../model/errors.ts";
import type { ErrorRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { given, type Page } from "../store/accounts.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { errorsOf } from "../store/errors.ts";
import { getSyncRecord } from "../store/syncs.ts";
import { ErrorsPage } from "./requests.ts";

export const ListErrorsRequest = ErrorsPage;

/** Errors of a sync or of a connection, newest first, each with its cause and fix. They are kept for 90 days. */
export async function listErrors(
  deps: Deps,
  request: z.infer<typeof ListErrorsRequest>,
  _signal: AbortSignal,
): Promise<Page<ErrorRecord>> {
  const { accountId, connectionId, syncId } = request;
  const owner = syncId ?? connectionId;
  if (owner === undefined) throw new SyncError("REQUEST_INVALID", { message: "name a connection or a sync" });
  if (syncId !== undefined) await getSyncRecord(deps.table, accountId, syncId);
  else if (connectionId !== undefined) await getConnectionRecord(deps.table, accountId, connectionId);
  const page = await errorsOf(deps.table, accountId, owner, { limit: 50, ...given(request) });
  return page.cursor === undefined ? { items: page.errors } : { items: page.errors, cursor: page.cursor };
}
