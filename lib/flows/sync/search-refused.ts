import type { Batch, StagedFile, Warehouse } from "../../destinations/destination.ts";
import { hasCode, SyncError } from "../../model/errors.ts";
import type { RefusedFile, RowRange } from "../../model/sync.ts";
import { minuteMs } from "../../model/time.ts";
import { itemOf } from "../store/records.ts";
import { refusedFile, refusedItem, stagedItem } from "../store/runs.ts";
import { halves } from "./find-bad-rows.ts";
import { metricsNumber, ridesAlong } from "./list-files.ts";
import { batchesPerExecution, type SyncState } from "./machine-state.ts";
import { beginSearch, type Refusal, union } from "./narrow-refusal.ts";
import { attemptIsOpen } from "./open-run.ts";
import { openStaging } from "./open-staging.ts";
import { quarantineRows } from "./quarantine-rows.ts";
import { type Staging, stageRows } from "./stage-rows.ts";
import { numberOf, trialsMax } from "./staging-numbers.ts";

/** Rehearsals, and time, of one step; the next goes on from the record. */
const trialsPerStep = 40;
const stepMs = 5 * minuteMs;

/**
 * Goes on with the search for the bad rows of a file that was refused at the commit: stretches of it are staged and
 * rehearsed, and split until what is refused is single rows. Then those are set aside, and the rest is to be staged anew.
 */
export async function searchRefused(refusal: Refusal, number: number): Promise<SyncState> {
  const { deps, scope, plan, state } = refusal;
  const found = await refusedFile(deps.table, scope.run.accountId, scope.run.id, number);
  if (found === undefined) return { ...state, next: "commit", refused: null };
  const about = { scope, plan, number, warehouse: refusal.warehouse, excluded: found.setAside };
  await using staging = await openStaging(deps, about, refusal.signal);
  const after = found.waiting.length === 0 ? found : await splitFurther(refusal, staging, found);
  if (after.waiting.length > 0) return followingStep(state);
  // Awaited here: what is open is closed when this returns.
  if (after.bad.length > 0) return await setBadAside(refusal, staging, after);
  const error = new SyncError("ROW_REJECTED", wordsOf(after));
  // Nothing of the file is bad by itself; what else was in the batch is the metrics.
  if (number === metricsNumber || !ridesAlong(plan, scope.sync)) throw error;
  await beginSearch(refusal, metricsNumber, error, { bad: [] });
  return { ...followingStep(state), refused: metricsNumber };
}

async function splitFurther(refusal: Refusal, staging: Staging, begun: RefusedFile): Promise<RefusedFile> {
  const { clock } = refusal.deps;
  const warehouse = await refusal.warehouse();
  const stopAt = clock.now() + stepMs;
  let record = begun;
  for (let trials = 0; trials < trialsPerStep && clock.now() < stopAt; trials += 1) {
    const range = record.waiting.at(-1);
    if (range === undefined) break;
    if (record.trials >= trialsMax) throw new SyncError("ROW_REJECTED", wordsOf(record));
    const isTaken = await isRehearsed(warehouse, staging, range, record.trials);
    const rest = record.waiting.slice(0, -1);
    const isAlone = range.to - range.from <= 1;
    record = {
      ...record,
      waiting: isTaken || isAlone ? rest : [...rest, ...halves(range)],
      bad: isTaken || !isAlone ? record.bad : union(record.bad, [range.from]),
      trials: record.trials + 1,
    };
    await keep(refusal, record);
  }
  return record;
}

async function isRehearsed(
  warehouse: Warehouse,
  staging: Staging,
  range: RowRange,
  commitTrial: number,
): Promise<boolean> {
  const { file, encode } = staging;
  try {
    const { staged } = await stageRows(staging, { ...encode, range }, numberOf(file.number, { commitTrial }));
    if (staged !== null) await warehouse.rehearse?.(trialBatch(staging, staged));
    return true;
  } catch (error) {
    if (!hasCode(error, "ROW_REJECTED")) throw error;
    return false;
  }
}

/** A batch of nothing but a stretch of the file. It is never committed. */
function trialBatch({ plan, file }: Staging, staged: StagedFile): Batch {
  const isMetrics = staged.object === "metrics";
  const { first, last } = plan.files.find((planned) => planned.number === file.number) ?? {
    first: plan.from,
    last: plan.to,
  };
  return {
    ...{ syncId: plan.syncId, planId: plan.id, object: plan.object, first, last, syncedAt: plan.syncedAt },
    files: isMetrics ? [] : [staged],
    metricFile: isMetrics ? staged : null,
    rowsStaged: isMetrics ? 0 : staged.rows,
    rowsQuarantined: 0,
  };
}

/** Quarantines the rows that were found, and has the file staged without them, as a further round. */
async function setBadAside(refusal: Refusal, staging: Staging, found: RefusedFile): Promise<SyncState> {
  const { deps, scope, state } = refusal;
  const { accountId, id } = scope.run;
  const round = found.rounds + 1;
  const only = { ...staging.encode, valueBytesMax: null, without: found.bad };
  const rows = await quarantineRows(staging, only, found.reason, { step: "commit", round });
  const record: RefusedFile = {
    ...found,
    bad: [],
    setAside: union(found.setAside, found.bad),
    rowsSetAside: found.rowsSetAside + rows,
    rounds: round,
  };
  await deps.table.transact([
    { put: itemOf(refusedItem(accountId, id, found.number), record) },
    { delete: stagedItem(accountId, id, found.number) },
    attemptIsOpen(scope.run),
  ]);
  return { ...followingStep(state), next: "stage", refused: null, stagedThrough: 0 };
}

async function keep({ deps, scope }: Refusal, record: RefusedFile): Promise<void> {
  const { accountId, id } = scope.run;
  await deps.table.transact([
    { put: itemOf(refusedItem(accountId, id, record.number), record) },
    attemptIsOpen(scope.run),
  ]);
}

function wordsOf({ reason }: RefusedFile) {
  const { message, externalMessage, vendorCode, vendorRef } = reason;
  return {
    message,
    ...(externalMessage === null ? {} : { externalMessage }),
    ...(vendorCode === null ? {} : { vendorCode }),
    ...(vendorRef === null ? {} : { vendorRef }),
  };
}

/** A step of the search counts as a batch does: it makes the history of its execution as long. */
function followingStep(state: SyncState): SyncState {
  const batches = state.batches + 1;
  return { ...state, batches, next: batches >= batchesPerExecution ? "part" : "commit" };
}
