import type { Connection } from "../../model/connection.ts";
import type { AccountId, RunId } from "../../model/ids.ts";
import type { DataObject } from "../../model/log.ts";
import { after, minuteMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { currentLease, type Lease, releaseLease, takeLease } from "../store/leases.ts";
import { itemOf } from "../store/records.ts";
import { getRunRecord, turnItem, turnMs } from "../store/runs.ts";
import { executionName, isOpenAttempt, type OpenRun } from "./open-run.ts";

/** Longer than one call of `commitBatch` may take. */
const commitLeaseMs = 20 * minuteMs;

export function commitLeaseName(connection: Pick<Connection, "id">, object: DataObject): string {
  return `commit/${connection.id}/${object}`;
}

/**
 * The right to commit to a table, for one batch; undefined while another sync of the connection has it. A holder whose
 * attempt was closed loses it at once: what it may still have at work in the warehouse is refused there by its fence.
 */
export async function takeCommitLease(deps: Deps, scope: OpenRun): Promise<Lease | undefined> {
  const { run, sync, connection } = scope;
  const turn = turnItem(run.accountId, connection.id, sync.object);
  const isPeriodic = sync.mode === "periodic";
  if (!isPeriodic && (await deps.table.get(turn)) !== undefined) return undefined;
  const name = commitLeaseName(connection, sync.object);
  const lease = await takeOrSeize(deps, run.accountId, name, executionName(run));
  if (isPeriodic && lease === undefined)
    await deps.table.put({ ...itemOf(turn, { runId: run.id }), expiresAt: after(deps.clock.now(), turnMs) });
  if (isPeriodic && lease !== undefined) await deps.table.delete(turn);
  return lease;
}

/** The number that the warehouse compares: it grows with each lease, and starts above that of every earlier connection to the same tables. */
export function warehouseFence(connection: Pick<Connection, "fenceBase">, lease: Lease): number {
  return connection.fenceBase + lease.fence;
}

/** Takes a commit lease, also from a holder whose attempt was closed. Undefined while a live one holds it. */
export async function takeOrSeize(
  deps: Deps,
  accountId: AccountId,
  name: string,
  holder: string,
): Promise<Lease | undefined> {
  const request = { name, holder, ms: commitLeaseMs };
  const taken = await takeLease(deps, accountId, request);
  if (taken !== undefined) return taken;
  const current = await currentLease(deps.table, accountId, name);
  if (current === undefined || (await isAlive(deps, accountId, current.holder))) return undefined;
  await releaseLease(deps, accountId, current);
  return takeLease(deps, accountId, request);
}

async function isAlive(deps: Deps, accountId: AccountId, holder: string): Promise<boolean> {
  const [runId, attempt] = holder.split("-");
  if (attempt === undefined) return true;
  return isOpenAttempt(await getRunRecord(deps.table, accountId, runId as RunId), Number(attempt));
}
