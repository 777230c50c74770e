import type { Connection, PendingCheck } from "../../model/connection.ts";
import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import { connectionWrites, getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import type { ConnectionRef } from "./requests.ts";

/** Begins a check of a connection, unless one is at work, and starts its execution. `prepare` may refuse. */
export async function startCheck(
  deps: Deps,
  ref: ConnectionRef,
  prepare: (connection: Connection, number: number) => Promise<Pick<PendingCheck, "candidate" | "enables" | "adopts">>,
): Promise<Connection> {
  const begun = await whileContended(async () => {
    const connection = await getConnectionRecord(deps.table, ref.accountId, ref.connectionId);
    if (connection.state === "removed")
      throw new SyncError("STATE_CONFLICT", { message: "the connection was removed" });
    if (connection.check !== null)
      throw new SyncError("STATE_CONFLICT", { message: "a check of the connection is at work; wait for its end" });
    const number = connection.checks + 1;
    const check = { number, startedAt: deps.clock.now(), ...(await prepare(connection, number)) };
    const state = connection.state === "unable to connect" ? "checking" : connection.state;
    const next: Connection = { ...connection, state, checkSteps: [], check, checks: number };
    await deps.table.transact(connectionWrites(connection, next));
    return next;
  });
  await startCheckExecution(deps, begun);
  return getConnectionRecord(deps.table, ref.accountId, ref.connectionId);
}

/** Starts the execution of the check at work; one that was started before is left as it is. */
export async function startCheckExecution(deps: Deps, connection: Connection): Promise<void> {
  if (connection.check === null) return;
  const { number } = connection.check;
  const { accountId, id: connectionId, kind } = connection;
  const input = { accountId, connectionId, check: number, kind };
  await deps.workflows.start("check-connection", checkExecutionName(connection.id, number), input);
}

export function checkExecutionName(connectionId: string, number: number): string {
  return `${connectionId}-${number}`;
}
