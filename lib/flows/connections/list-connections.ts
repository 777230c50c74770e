import * as z from "zod";
import { accountIdSchema } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import { connectionsOf } from "../store/connections.ts";
import { type ConnectionCard, cardOf } from "./get-connection.ts";

export const ListConnectionsRequest = z.strictObject({ accountId: accountIdSchema });

/** The connections of an account, newest first, removed ones among them. */
export async function listConnections(
  deps: Deps,
  request: z.infer<typeof ListConnectionsRequest>,
  _signal: AbortSignal,
): Promise<readonly ConnectionCard[]> {
  const connections = await connectionsOf(deps.table, request.accountId);
  return Promise.all(connections.map((connection) => cardOf(deps, connection)));
}
