import type { Connection } from "../../model/connection.ts";
import { dataObjects } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import { connectionWrites, getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { releaseLease } from "../store/leases.ts";
import { commitLeaseName, takeOrSeize } from "../sync/commit-lease.ts";
import { leaveConnection } from "./disable-connection.ts";
import type { ConnectionRef } from "./requests.ts";
import { retireSecrets } from "./retire-secrets.ts";

/** Holds a commit lease on behalf of a removal; not the name of any attempt, so nobody takes it for dead. */
const removalHolder = "removal";

/** Removes a connection: its syncs are disabled, and its secret goes once no statement is at work. The customer's tables stay, and so does our history. */
export async function removeConnection(deps: Deps, request: ConnectionRef, _signal: AbortSignal): Promise<Connection> {
  await leaveConnection(deps, request, "removed");
  await finishRemoval(deps, request);
  return getConnectionRecord(deps.table, request.accountId, request.connectionId);
}

/** Raises the fences of a removed connection and then removes its secret; while a batch is outstanding it does nothing, and the sweep comes again. */
export async function finishRemoval(deps: Deps, ref: ConnectionRef): Promise<void> {
  const connection = await getConnectionRecord(deps.table, ref.accountId, ref.connectionId);
  if (connection.state !== "removed" || connection.secretRef === "") return retireSecrets(deps, ref);
  for (const object of dataObjects) {
    const name = commitLeaseName(connection, object);
    const lease = await takeOrSeize(deps, ref.accountId, name, removalHolder);
    if (lease === undefined) return;
    await releaseLease(deps, ref.accountId, lease);
  }
  await whileContended(async () => {
    const current = await getConnectionRecord(deps.table, ref.accountId, ref.connectionId);
    if (current.secretRef === "") return;
    const retiredSecretRefs = [...current.retiredSecretRefs, current.secretRef];
    await deps.table.transact(connectionWrites(current, { ...current, secretRef: "", retiredSecretRefs }));
  });
  await retireSecrets(deps, ref);
}
