import type { Deps } from "../deps.ts";
import { trying } from "../dispatch/trying.ts";
import { getConnectionRecord, type PendingConnection, pendingConnections } from "../store/connections.ts";
import { endCheck } from "./end-check.ts";
import { finishRemoval } from "./remove-connection.ts";
import { checkExecutionName, startCheckExecution } from "./start-check.ts";

/** Takes up checks whose execution is gone, and removals that waited for a batch to end. */
export async function sweepConnections(deps: Deps): Promise<void> {
  for (const ref of await pendingConnections(deps.table))
    await trying(deps, ref.connectionId, () => lookAfterConnection(deps, ref));
}

async function lookAfterConnection(deps: Deps, ref: PendingConnection): Promise<void> {
  const connection = await getConnectionRecord(deps.table, ref.accountId, ref.connectionId);
  if (connection.check === null) return finishRemoval(deps, ref);
  const { number } = connection.check;
  const name = checkExecutionName(connection.id, number);
  const status = await deps.workflows.describe("check-connection", name);
  if (status === undefined) return startCheckExecution(deps, connection);
  if (status !== "RUNNING") await endCheck(deps, { ...ref, check: number }, name);
}
