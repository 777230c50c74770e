import type { Connection } from "../../model/connection.ts";
import type { Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { errorsIn24Hours } from "../store/errors.ts";
import { syncsOf } from "../store/syncs.ts";
import type { ConnectionRef } from "./requests.ts";

/** A connection's card. */
export interface ConnectionCard {
  readonly connection: Connection;
  readonly errors24h: number;
  readonly lastSyncAt: Instant | null;
  readonly nextRunAt: Instant | null;
}

/** A connection with what its card shows beside it. Secrets are not among it. */
export async function getConnection(deps: Deps, request: ConnectionRef, _signal: AbortSignal): Promise<ConnectionCard> {
  const connection = await getConnectionRecord(deps.table, request.accountId, request.connectionId);
  return cardOf(deps, connection);
}

export async function cardOf(deps: Deps, connection: Connection): Promise<ConnectionCard> {
  const { accountId, id } = connection;
  const syncs = await syncsOf(deps.table, accountId, id);
  const synced = syncs.map((sync) => sync.lastSyncedAt).filter((at) => at !== null);
  const next = syncs.map((sync) => sync.nextRunAt).filter((at) => at !== null);
  return {
    connection,
    errors24h: await errorsIn24Hours(deps.table, accountId, id, deps.clock.now()),
    lastSyncAt: synced.length === 0 ? null : (Math.max(...synced) as Instant),
    nextRunAt: next.length === 0 ? null : (Math.min(...next) as Instant),
  };
}
