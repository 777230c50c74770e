import * as z from "zod";
import type { Warehouse } from "../../destinations/destination.ts";
import type { CheckOutcome, Connection } from "../../model/connection.ts";
import { asSyncError, SyncError } from "../../model/errors.ts";
import type { DataObject } from "../../model/log.ts";
import type { Deps } from "../deps.ts";
import { connectionWrites, getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { accountPointer } from "../store/log.ts";
import { endCheckWith } from "./end-check.ts";
import { openWarehouse } from "./open-warehouse.ts";
import { ConnectionRef } from "./requests.ts";

/** A check at work, as the states of its machine hand it on. Other fields may come along with the machine's own input. */
export const CheckRequest = z.object({
  ...ConnectionRef.shape,
  check: z.int().positive(),
  /** By it the machine finds the writer. */
  kind: z.string(),
  next: z.enum(["cut", "wait", "activate", "end"]).default("cut"),
  waits: z.int().default(0),
});
export type CheckRequest = z.infer<typeof CheckRequest>;

/** Tries a connection step by step, each to be seen as it ends. The first that fails ends the check, with what to change. */
export async function checkConnection(deps: Deps, request: CheckRequest, signal: AbortSignal): Promise<CheckRequest> {
  const connection = await checkAtWork(deps, request);
  if (connection === undefined) return { ...request, next: "end" };
  const steps: CheckOutcome[] = [];
  let fenceBase = connection.fenceBase;
  try {
    await using warehouse = await openWarehouse(deps, { ...connection, ...connection.check?.candidate }, signal);
    for await (const step of warehouse.check()) {
      steps.push(step);
      await show(deps, request, steps);
    }
    if (steps.every((step) => step.ok)) fenceBase = await fenceAboveReceipts(deps, connection, warehouse);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    steps.push(outcomeOf(asSyncError(thrown)));
  }
  const hasPassed = steps.length > 0 && steps.every((step) => step.ok);
  if (!hasPassed) await endCheckWith(deps, request, steps);
  else await show(deps, request, steps, fenceBase);
  return { ...request, next: hasPassed ? "cut" : "end" };
}

/** The connection, while this very check of it is at work. */
export async function checkAtWork(deps: Pick<Deps, "table">, request: CheckRequest): Promise<Connection | undefined> {
  const connection = await getConnectionRecord(deps.table, request.accountId, request.connectionId);
  return connection.check?.number === request.check ? connection : undefined;
}

/** Receipts above our head come from a log that went on without us: going on would skip what it holds. */
async function fenceAboveReceipts(deps: Deps, connection: Connection, warehouse: Warehouse): Promise<number> {
  const pointer = await accountPointer(deps.table, connection.accountId);
  const ours: Record<DataObject, number> = { profiles: pointer.profilesSeq, events: pointer.eventsSeq };
  let base = connection.fenceBase;
  for (const object of connection.selection.objects) {
    const heads = await warehouse.heads(object);
    if (heads.seq > ours[object])
      throw new SyncError("FOREIGN_RECEIPTS", {
        message: `the tables hold receipts up to ${heads.seq} of ${object}, our log only goes to ${ours[object]}`,
      });
    // Once enabled, our own fences are among them, and the base must stay: leases count from it.
    if (!connection.everEnabled) base = Math.max(base, heads.fence + 1);
  }
  return base;
}

async function show(
  deps: Deps,
  request: CheckRequest,
  checkSteps: readonly CheckOutcome[],
  fenceBase?: number,
): Promise<void> {
  await whileContended(async () => {
    const connection = await checkAtWork(deps, request);
    if (connection === undefined) return;
    const next = { ...connection, checkSteps: [...checkSteps], fenceBase: fenceBase ?? connection.fenceBase };
    await deps.table.transact(connectionWrites(connection, next));
  });
}

function outcomeOf(error: SyncError): CheckOutcome {
  const step = error.code === "FOREIGN_RECEIPTS" ? "receipts" : "reach";
  const detail = error.externalMessage ?? error.message;
  return { step, ok: false, detail, errorCode: error.code, fix: error.fix };
}
