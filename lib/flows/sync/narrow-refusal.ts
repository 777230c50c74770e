import type { StagedFile, Warehouse } from "../../destinations/destination.ts";
import { rowAtLine, rowsWithIds } from "../../engine/encode/encode-file.ts";
import { halved } from "../../model/batch-size.ts";
import type { SyncError } from "../../model/errors.ts";
import type { Plan, RefusedFile, StagedRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { itemOf, recordOf } from "../store/records.ts";
import { refusedFile, refusedItem, stagedItem } from "../store/runs.ts";
import { syncWrites } from "../store/syncs.ts";
import { metricsNumber } from "./list-files.ts";
import type { SyncState } from "./machine-state.ts";
import { attemptIsOpen, type OpenRun, openRun } from "./open-run.ts";
import { openStaging } from "./open-staging.ts";
import { reasonOf } from "./quarantine-rows.ts";
import { roundsMax } from "./staging-numbers.ts";

/** A batch that was refused for its data, and what there is to find the bad rows with. */
export interface Refusal {
  readonly deps: Deps;
  readonly state: SyncState;
  readonly scope: OpenRun;
  readonly plan: Plan;
  readonly warehouse: () => Promise<Warehouse>;
  readonly signal: AbortSignal;
}

/** Commits that may fail for rows that the vendor names one after the other, before they are searched for instead. */
const namedRoundsMax = 20;

/**
 * What comes after the warehouse refused a batch for its data: the rows that it named are set aside; else there are
 * fewer files in the next batch; and for a file alone the search for its bad rows begins, or goes on. Throws the refusal where nothing
 * of that is possible.
 */
export async function narrowRefusal(
  refusal: Refusal,
  numbers: readonly number[],
  error: SyncError,
): Promise<SyncState> {
  const { deps, state } = refusal;
  const named = await namedRows(refusal, numbers, error);
  if (named !== undefined) {
    await beginSearch(refusal, named.number, error, { bad: named.rows });
    return { ...state, next: "commit", refused: named.number };
  }
  const [number, ...others] = numbers;
  if (others.length > 0) {
    await whileContended(async () => {
      const { sync } = await openRun(deps, state);
      await deps.table.transact(syncWrites(sync, { ...sync, ...halved(numbers.length) }));
    });
    return { ...state, next: "commit" };
  }
  if (number === undefined || (await refusal.warehouse()).rehearse === undefined) throw error;
  await beginSearch(refusal, number, error, { bad: [] });
  return { ...state, next: "commit", refused: number };
}

/** Writes down that the bad rows of a file are searched for, or known already. A search that had begun stays as it is. */
export async function beginSearch(
  refusal: Refusal,
  number: number,
  error: SyncError,
  known: { readonly bad: readonly number[] },
): Promise<void> {
  const { deps, scope, plan } = refusal;
  const { accountId, id } = scope.run;
  const before = await refusedFile(deps.table, accountId, id, number);
  if (before !== undefined && before.waiting.length + before.bad.length > 0) return;
  if (before !== undefined && before.rounds >= roundsMax) throw error;
  const staged = await stagedRecord(refusal, number);
  const rows = number === metricsNumber ? plan.metricFile?.rows : plan.files[number - 1]?.source.rows;
  const record: RefusedFile = {
    number,
    waiting: known.bad.length > 0 ? [] : [{ from: 0, to: rows ?? 0 }],
    bad: known.bad,
    setAside: union(before?.setAside ?? [], staged?.without ?? []),
    rowsSetAside: staged?.rowsQuarantined ?? 0,
    trials: before?.trials ?? 0,
    rounds: before?.rounds ?? 0,
    reason: reasonOf(error),
  };
  await deps.table.transact([{ put: itemOf(refusedItem(accountId, id, number), record) }, attemptIsOpen(scope.run)]);
}

/** Row numbers of two lists, in order, each once. */
export function union(some: readonly number[], others: readonly number[]): readonly number[] {
  return [...new Set([...some, ...others])].sort((a, b) => a - b);
}

async function stagedRecord({ deps, scope }: Refusal, number: number): Promise<StagedRecord | undefined> {
  const item = await deps.table.get(stagedItem(scope.run.accountId, scope.run.id, number));
  return item === undefined ? undefined : recordOf<StagedRecord>(item);
}

/** The rows of one file of the batch that the vendor named; undefined where it named none that are there. */
async function namedRows(
  refusal: Refusal,
  numbers: readonly number[],
  error: SyncError,
): Promise<{ number: number; rows: readonly number[] } | undefined> {
  if (error.badRows.length === 0) return undefined;
  const { deps, scope, plan, warehouse } = refusal;
  for (const number of [...numbers, metricsNumber]) {
    const staged = await stagedRecord(refusal, number);
    const stagedNumber = (staged?.staged as StagedFile | null | undefined)?.number;
    const named = error.badRows.filter((row) => row.file === stagedNumber);
    if (staged === undefined || named.length === 0) continue;
    const before = await refusedFile(deps.table, scope.run.accountId, scope.run.id, number);
    if (before !== undefined && before.rounds >= namedRoundsMax) return undefined;
    const excluded = union(before?.setAside ?? [], staged.without ?? []);
    await using staging = await openStaging(deps, { scope, plan, number, warehouse, excluded }, refusal.signal);
    const ids = named.flatMap((row) => (row.id === undefined ? [] : [row.id]));
    const rows = ids.length === 0 ? [] : [...(await rowsWithIds(staging.session, staging.encode, ids))];
    for (const { line } of named) {
      const row = line === undefined ? undefined : await rowAtLine(staging.session, staging.encode, line);
      if (row !== undefined) rows.push(row);
    }
    if (rows.length > 0) return { number, rows: union(rows, []) };
  }
  return undefined;
}
