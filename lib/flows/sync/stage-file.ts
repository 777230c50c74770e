import * as z from "zod";
import { countTooLong } from "../../engine/encode/encode-file.ts";
import { hasCode, SyncError } from "../../model/errors.ts";
import type { RefusedFile, StagedRecord } from "../../model/sync.ts";
import { lazyWarehouse } from "../connections/open-warehouse.ts";
import type { Deps } from "../deps.ts";
import { itemOf } from "../store/records.ts";
import { refusedFile, stagedItem } from "../store/runs.ts";
import { findBadRows } from "./find-bad-rows.ts";
import { notingFailure } from "./note-failure.ts";
import { AttemptRequest, attemptIsOpen, openRun, planOf } from "./open-run.ts";
import { openStaging } from "./open-staging.ts";
import { quarantineRows, reasonOf } from "./quarantine-rows.ts";
import { type Staging, stageRows } from "./stage-rows.ts";
import { numberOf } from "./staging-numbers.ts";

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
    const refused = await refusedFile(deps.table, accountId, runId, number);
    await using warehouse = lazyWarehouse(deps, scope.connection, signal);
    const about = { scope, plan, number, warehouse: () => warehouse.open(), excluded: refused?.setAside ?? [] };
    await using staging = await openStaging(deps, about, signal);
    const record = await stageWhole(staging, refused);
    await deps.table.transact([
      { put: itemOf(stagedItem(accountId, runId, number), record) },
      attemptIsOpen(scope.run),
    ]);
  });
}

/** Stages all selected rows of the file; those that the warehouse cannot hold are found and set aside. */
async function stageWhole(staging: Staging, refused: RefusedFile | undefined): Promise<StagedRecord> {
  const { encode, file } = staging;
  const number = numberOf(file.number, { round: refused?.rounds ?? 0 });
  try {
    const { rows, staged } = await stageRows(staging, encode, number);
    // In later rounds these rows have been counted among those that are set aside.
    const rowsQuarantined = refused?.rowsSetAside ?? (await setTooLongAside(staging));
    return { number: file.number, rows, rowsQuarantined, staged };
  } catch (error) {
    if (!hasCode(error, "ROW_REJECTED")) throw error;
    const without = await findBadRows(staging, error);
    const rest = { ...encode, without };
    const setAside = refused === undefined ? rest : { ...rest, valueBytesMax: null };
    const round = refused === undefined ? 0 : refused.rounds + 1;
    const added = await quarantineRows(staging, setAside, reasonOf(error), { step: "stage", round });
    const { rows, staged } = await stageRows(staging, rest, number);
    return {
      ...{ number: file.number, rows, staged, without },
      rowsQuarantined: (refused?.rowsSetAside ?? 0) + added,
    };
  }
}

async function setTooLongAside(staging: Staging): Promise<number> {
  const { encode, session } = staging;
  if ((await countTooLong(session, encode)) === 0) return 0;
  const json = encode.jsonBytesMax === undefined ? "" : `, or a JSON value over ${encode.jsonBytesMax} bytes`;
  const message = `A value is over ${encode.valueBytesMax} bytes${json}, the most that this kind of warehouse holds.`;
  const reason = reasonOf(new SyncError("ROW_REJECTED", { message }));
  return quarantineRows(staging, encode, reason, { step: "stage", round: 0 });
}
