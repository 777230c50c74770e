import type { Deps } from "../deps.ts";
import { connectionWrites, getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import type { ConnectionRef } from "./requests.ts";

/** Removes the secrets that a connection no longer names; twice is the same as once. */
export async function retireSecrets(deps: Deps, ref: ConnectionRef): Promise<void> {
  const { retiredSecretRefs } = await getConnectionRecord(deps.table, ref.accountId, ref.connectionId);
  if (retiredSecretRefs.length === 0) return;
  for (const secretRef of retiredSecretRefs) await deps.secrets.delete(secretRef);
  await whileContended(async () => {
    const connection = await getConnectionRecord(deps.table, ref.accountId, ref.connectionId);
    const left = connection.retiredSecretRefs.filter((secretRef) => !retiredSecretRefs.includes(secretRef));
    await deps.table.transact(connectionWrites(connection, { ...connection, retiredSecretRefs: left }));
  });
}
