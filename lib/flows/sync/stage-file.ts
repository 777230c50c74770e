import * as z from "zod";
import type { Destination } from "../../destinations/destination.ts";
import { countTooLong, type EncodeRequest } from "../../engine/encode/encode-file.ts";
import { hasCode, SyncError } from "../../model/errors.ts";
import type { Plan, PlannedFile, StagedRecord } from "../../model/sync.ts";
import { lazyWarehouse } from "../connections/open-warehouse.ts";
import type { Deps } from "../deps.ts";
import { itemOf } from "../store/records.ts";
import { stagedItem } from "../store/runs.ts";
import { findBadRows } from "./find-bad-rows.ts";
import { metricsNumber } from "./list-files.ts";
import { notingFailure } from "./note-failure.ts";
import { AttemptRequest, attemptIsOpen, openRun, planOf } from "./open-run.ts";
import { quarantineRows } from "./quarantine-rows.ts";
import { type Staging, stageRows } from "./stage-rows.ts";

export const StageFileRequest = AttemptRequest.extend({ number: z.int().nonnegative() });
type StageFileRequest = z.infer<typeof StageFileRequest>;

/**
 * Filters, encodes and uploads one file of the plan. Twice is the same as once. Rows that the warehouse cannot hold are
 * set aside with their reason, and the rest of the file is staged.
 */
export async function stageFile(deps: Deps, request: StageFileRequest, signal: AbortSignal): Promise<void> {
  await notingFailure(deps, request, "stage", signal, async () => {
    const scope = await openRun(deps, request);
    const { accountId, runId, number } = request;
    if ((await deps.table.get(stagedItem(accountId, runId, number))) !== undefined) return;
    const plan = await planOf(deps, scope.run);
    const file = fileOf(plan, number);
    const destination = await deps.destination(scope.connection.kind);
    await using source = await deps.files.download(file.source.key, { signal });
    await using session = await deps.engine.open(signal);
    await using warehouse = lazyWarehouse(deps, scope.connection, signal);
    const record = await stageWhole({
      deps,
      scope,
      plan,
      file,
      destination,
      session,
      encode: encodeRequest(plan, number, source.path, destination),
      warehouse: () => warehouse.open(),
    });
    await deps.table.transact([
      { put: itemOf(stagedItem(accountId, runId, number), record) },
      attemptIsOpen(scope.run),
    ]);
  });
}

/** Stages all selected rows of the file; those that the warehouse cannot hold are found and set aside. */
async function stageWhole(staging: Staging): Promise<StagedRecord> {
  const { encode, file } = staging;
  const tooLong = await countTooLong(staging.session, encode);
  const overLimit = `A value is over ${encode.valueBytesMax} bytes, the most that this kind of warehouse holds.`;
  try {
    const { rows, staged } = await stageRows(staging, encode, file.number);
    const reason = new SyncError("ROW_REJECTED", { message: overLimit });
    const rowsQuarantined = tooLong === 0 ? 0 : await quarantineRows(staging, encode, reason);
    return { number: file.number, rows, rowsQuarantined, staged };
  } catch (error) {
    if (!hasCode(error, "ROW_REJECTED")) throw error;
    const rest = { ...encode, without: await findBadRows(staging, error) };
    const rowsQuarantined = await quarantineRows(staging, rest, error);
    const { rows, staged } = await stageRows(staging, rest, file.number);
    return { number: file.number, rows, rowsQuarantined, staged };
  }
}

function fileOf(plan: Plan, number: number): Pick<PlannedFile, "number" | "source"> {
  if (number === metricsNumber && plan.metricFile !== null) return { number, source: { ...plan.metricFile, file: 0 } };
  const file = plan.files.find((planned) => planned.number === number);
  if (file === undefined) throw new SyncError("INVARIANT_BROKEN", { message: `${plan.id} has no file ${number}` });
  return file;
}

function encodeRequest(plan: Plan, number: number, source: string, destination: Destination): EncodeRequest {
  return {
    object: number === metricsNumber ? "metrics" : plan.object,
    source,
    filter: plan,
    encoding: destination.staging,
    valueBytesMax: destination.limits.valueBytesMax,
  };
}
