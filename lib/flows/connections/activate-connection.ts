import type { Connection, PendingCheck } from "../../model/connection.ts";
import type { Deps } from "../deps.ts";
import { startDueSyncs } from "../dispatch/start-due-syncs.ts";
import { connectionWrites } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { CheckRequest, checkAtWork } from "./check-connection.ts";
import { ensureSyncs } from "./ensure-syncs.ts";
import { retireSecrets } from "./retire-secrets.ts";

export const ActivateConnectionRequest = CheckRequest;

/** Ends a check that passed: puts the tried credentials in use and, where it enables, makes or wakes the syncs and starts those that are due. */
export async function activateConnection(deps: Deps, request: CheckRequest, signal: AbortSignal): Promise<void> {
  await whileContended(async () => {
    const connection = await checkAtWork(deps, request);
    if (connection?.check == null) return;
    const next = passed(connection, connection.check, deps);
    const why = connection.check.adopts === undefined ? "check passed" : "tables adopted";
    await deps.table.transact([
      ...connectionWrites(connection, next),
      ...(next.state === "enabled" ? await ensureSyncs(deps, next, why) : []),
    ]);
  });
  await retireSecrets(deps, request);
  await startDueSyncs(deps, { accountId: request.accountId }, signal);
}

function passed(connection: Connection, check: PendingCheck, deps: Deps): Connection {
  const { candidate, enables, adopts } = check;
  const retired = candidate === null ? [] : [connection.secretRef];
  const state = enables ? "enabled" : connection.state;
  return {
    ...connection,
    ...candidate,
    ...(adopts?.seqBase == null ? {} : { seqBase: adopts.seqBase }),
    state,
    check: null,
    everEnabled: connection.everEnabled || state === "enabled",
    enabledAt: connection.enabledAt ?? (state === "enabled" ? deps.clock.now() : null),
    retiredSecretRefs: [...connection.retiredSecretRefs, ...retired],
  };
}
