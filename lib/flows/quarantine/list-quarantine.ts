import type * as z from "zod";
import type { QuarantineRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { given, type Page } from "../store/accounts.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { quarantineOf } from "../store/quarantine.ts";
import { QuarantinePage } from "./requests.ts";

export const ListQuarantineRequest = QuarantinePage;

/** Rows that a connection's warehouse could not hold, newest first, file by file. */
export async function listQuarantine(
  deps: Deps,
  request: z.infer<typeof ListQuarantineRequest>,
  _signal: AbortSignal,
): Promise<Page<QuarantineRecord>> {
  const { accountId, connectionId } = request;
  await getConnectionRecord(deps.table, accountId, connectionId);
  const page = await quarantineOf(deps.table, accountId, connectionId, { limit: 50, ...given(request) });
  return page.cursor === undefined ? { items: page.records } : { items: page.records, cursor: page.cursor };
}
