import type { Batch, StagedFile } from "../../destinations/destination.ts";
import { takeBatch } from "../../model/batch-size.ts";
import { filesAfter } from "../../model/plan-files.ts";
import type { OutstandingCommit, Plan, PlannedFile, StagedRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { recordOf } from "../store/records.ts";
import { stagedItem } from "../store/runs.ts";
import { metricsNumber, ridesAlong } from "./list-files.ts";
import type { SyncState } from "./machine-state.ts";
import type { OpenRun } from "./open-run.ts";

/** The next batch of a plan, with all its files staged. */
export interface StagedBatch {
  readonly files: readonly PlannedFile[];
  readonly batch: Batch;
  /** The selection left no row of it. */
  readonly isEmpty: boolean;
}

/**
 * Puts the next batch together. A batch that was sent before keeps its bounds, unless it took too long. `staging
 * failed` once this execution has tried in vain to stage one of its files.
 */
export async function assembleBatch(
  deps: Deps,
  scope: OpenRun,
  plan: Plan,
  sent: OutstandingCommit | undefined,
  state: SyncState,
): Promise<StagedBatch | "finished" | "not staged" | "staging failed"> {
  const { run, sync, connection } = scope;
  const left = filesAfter(plan.files, sync.watermark);
  const { limits } = await deps.destination(connection.kind);
  const files = sentBefore(left, sent, run.id, sync.filesPerBatch) ?? takeBatch(left, limits, sync.filesPerBatch);
  const [first, last] = [files[0], files.at(-1)];
  if (first === undefined || last === undefined) return "finished";
  const staged = await Promise.all(files.map((file) => stagedRecord(deps, scope, file.number)));
  const metrics = ridesAlong(plan, sync) ? await stagedRecord(deps, scope, metricsNumber) : null;
  if (staged.includes(undefined) || metrics === undefined) {
    return last.number <= state.stagedThrough ? "staging failed" : "not staged";
  }
  const found = staged.filter((record) => record !== undefined);
  const withRows = found.map((record) => record.staged as StagedFile | null).filter((file) => file !== null);
  const batch: Batch = {
    syncId: sync.id,
    planId: run.id,
    object: sync.object,
    first: first.first,
    last: last.last,
    files: withRows,
    metricFile: (metrics?.staged ?? null) as StagedFile | null,
    rowsStaged: sum(found, (record) => record.rows),
    syncedAt: plan.syncedAt,
    rowsQuarantined: sum(found, (record) => record.rowsQuarantined),
  };
  return { files, batch, isEmpty: withRows.length === 0 };
}

/** The files of the statement that was sent before, where they are the next ones of this very plan and not too many. */
function sentBefore(
  left: readonly PlannedFile[],
  sent: OutstandingCommit | undefined,
  runId: string,
  filesPerBatch: number | null,
): readonly PlannedFile[] | undefined {
  if (sent === undefined || sent.runId !== runId || sent.files[0] !== left[0]?.number) return undefined;
  if (filesPerBatch !== null && sent.files.length > filesPerBatch) return undefined;
  return left.slice(0, sent.files.length);
}

async function stagedRecord(deps: Deps, { run }: OpenRun, number: number): Promise<StagedRecord | undefined> {
  const item = await deps.table.get(stagedItem(run.accountId, run.id, number));
  return item === undefined ? undefined : recordOf<StagedRecord>(item);
}

function sum(records: readonly StagedRecord[], count: (record: StagedRecord) => number): number {
  return records.reduce((total, record) => total + count(record), 0);
}
