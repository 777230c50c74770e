import * as z from "zod";
import type { Warehouse } from "../../destinations/destination.ts";
import type { CheckOutcome, Connection } from "../../model/connection.ts";
import { asSyncError, SyncError } from "../../model/errors.ts";
import { type DataObject, dataObjects } from "../../model/log.ts";
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
  let bases: Bases = { fenceBase: connection.fenceBase };
  try {
    await using warehouse = await openWarehouse(deps, { ...connection, ...connection.check?.candidate }, signal);
    await runSteps(deps, request, warehouse, steps);
    const isAdopting = connection.check?.adopts !== undefined && (hasPassed(steps) || isForeign(steps));
    if (isAdopting) {
      bases = await adoptTables(deps, request, connection, warehouse);
      if (isForeign(steps)) await runSteps(deps, request, warehouse, steps);
    } else if (hasPassed(steps)) bases = await basesAboveReceipts(deps, connection, warehouse);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    steps.push(outcomeOf(asSyncError(thrown)));
  }
  if (!hasPassed(steps)) await endCheckWith(deps, request, steps);
  else await show(deps, request, steps, bases);
  return { ...request, next: hasPassed(steps) ? "cut" : "end" };
}

/** Runs the check from its first step, each shown as it ends. */
async function runSteps(deps: Deps, request: CheckRequest, warehouse: Warehouse, steps: CheckOutcome[]): Promise<void> {
  steps.length = 0;
  for await (const step of warehouse.check()) {
    steps.push(step);
    await show(deps, request, steps);
  }
}

function hasPassed(steps: readonly CheckOutcome[]): boolean {
  return steps.length > 0 && steps.every((step) => step.ok);
}

function isForeign(steps: readonly CheckOutcome[]): boolean {
  return steps.at(-1)?.errorCode === "FOREIGN_RECEIPTS";
}

/** The connection, while this very check of it is at work. */
export async function checkAtWork(deps: Pick<Deps, "table">, request: CheckRequest): Promise<Connection | undefined> {
  const connection = await getConnectionRecord(deps.table, request.accountId, request.connectionId);
  return connection.check?.number === request.check ? connection : undefined;
}

/** Receipts above our head come from a log that went on without us: going on would skip what it holds. */
async function basesAboveReceipts(deps: Deps, connection: Connection, warehouse: Warehouse): Promise<Bases> {
  const ours = await logHeads(deps, connection);
  let { fenceBase } = connection;
  for (const object of connection.selection.objects) {
    const heads = await warehouse.heads(object);
    if (heads.seq > ours[object])
      throw new SyncError("FOREIGN_RECEIPTS", {
        message: `the tables hold receipts up to ${heads.seq} of ${object}, our log only goes to ${ours[object]}`,
      });
    // Once enabled, our own fences are among them, and the base must stay: leases count from it.
    if (!connection.everEnabled) fenceBase = Math.max(fenceBase, heads.fence + 1);
  }
  return { fenceBase };
}

/**
 * Makes the tables ours, and answers bases above everything that is in them or that a writer of ours may still bring. The
 * one for fences is kept at once: from now on the warehouse refuses lower ones.
 */
async function adoptTables(
  deps: Deps,
  request: CheckRequest,
  connection: Connection,
  warehouse: Warehouse,
): Promise<Bases> {
  if (warehouse.adopt === undefined)
    throw new SyncError("STATE_CONFLICT", {
      message: `tables of ${connection.kind} cannot be adopted; choose another table prefix`,
    });
  await warehouse.adopt();
  const ours = await logHeads(deps, connection);
  let { fenceBase } = connection;
  let seq = 0;
  for (const object of dataObjects) {
    const heads = await warehouse.heads(object);
    fenceBase = Math.max(fenceBase, heads.fence + 1);
    seq = Math.max(seq, heads.seq, ours[object]);
  }
  await change(deps, request, (current) => ({ ...current, fenceBase }));
  return { fenceBase, seqBase: (connection.seqBase ?? 0) + seq + 1 };
}

async function logHeads(deps: Deps, { accountId }: Connection): Promise<Record<DataObject, number>> {
  const { profilesSeq, eventsSeq } = await accountPointer(deps.table, accountId);
  return { profiles: profilesSeq, events: eventsSeq };
}

interface Bases {
  readonly fenceBase: number;
  /** Of tables that were adopted; put in use when the check's outcome is. */
  readonly seqBase?: number;
}

async function show(
  deps: Deps,
  request: CheckRequest,
  checkSteps: readonly CheckOutcome[],
  bases?: Bases,
): Promise<void> {
  await change(deps, request, (connection) => {
    const { check } = connection;
    const adopts = bases?.seqBase === undefined ? {} : { adopts: { seqBase: bases.seqBase } };
    return {
      ...connection,
      checkSteps: [...checkSteps],
      check: check === null ? null : { ...check, ...adopts },
      fenceBase: bases?.fenceBase ?? connection.fenceBase,
    };
  });
}

async function change(
  deps: Deps,
  request: CheckRequest,
  changed: (connection: Connection) => Connection,
): Promise<void> {
  await whileContended(async () => {
    const connection = await checkAtWork(deps, request);
    if (connection === undefined) return;
    await deps.table.transact(connectionWrites(connection, changed(connection)));
  });
}

/** A step that failed before a warehouse could say so itself. */
export function outcomeOf(error: SyncError): CheckOutcome {
  const step = error.code === "FOREIGN_RECEIPTS" ? "receipts" : "reach";
  const detail = error.externalMessage ?? error.message;
  return { step, ok: false, detail, errorCode: error.code, fix: error.fix };
}
