import { SyncError } from "../../model/errors.ts";
import type { AccountId, ConnectionId, RunId, SyncId } from "../../model/ids.ts";
import type { DataObject } from "../../model/log.ts";
import type { OutstandingCommit, RefusedFile, RunRecord, SkipRecord, StagedRecord } from "../../model/sync.ts";
import { minuteMs } from "../../model/time.ts";
import type { ItemKey, Table, TablePage, TableWrite } from "../ports.ts";
import { accountItem, accountPartition, globalItem, pastPrefix, sortable, sortableDescending } from "./keys.ts";
import { itemOf, recordOf, versionIs } from "./records.ts";
import { listShards, shardOf } from "./shards.ts";

/** Throws `NOT_FOUND` also for a run of another account. */
export async function getRunRecord(table: Table, accountId: AccountId, id: RunId): Promise<RunRecord> {
  const run = await findRunRecord(table, accountId, id);
  if (run === undefined) throw new SyncError("NOT_FOUND", { message: `there is no run ${id}` });
  return run;
}

export async function findRunRecord(table: Table, accountId: AccountId, id: RunId): Promise<RunRecord | undefined> {
  const item = await table.get(accountItem(accountId, `run/by-id/${id}`));
  return item === undefined ? undefined : recordOf<RunRecord>(item);
}

/** Whether a run has come to its end; a failed attempt or a pause does not end it. */
export function isClosed(run: RunRecord): boolean {
  return run.state === "completed" || run.state === "failed" || run.state === "cancelled";
}

/** The writes that create (`before` null) or replace a run, and keep the lists of open and of closed runs in step. */
export function runWrites(before: RunRecord | null, after: RunRecord): readonly TableWrite[] {
  const { accountId, id } = after;
  const next = { ...after, version: (before?.version ?? 0) + 1 };
  const condition = before === null ? ({ item: "absent" } as const) : versionIs(before.version);
  const attributes = { attempt: after.attempt, attemptOpen: after.attemptOpen };
  const writes: TableWrite[] = [
    { put: itemOf(accountItem(accountId, `run/by-id/${id}`), next, attributes), condition },
  ];
  const [open, closed] = [listKey("open-runs", accountId, id), listKey("closed-runs", accountId, id)];
  if (before === null) {
    const listed = accountItem(accountId, `run/of/${after.syncId}/${sortableDescending(after.startedAt)}/${id}`);
    writes.push({ put: itemOf(listed, { runId: id }) });
  }
  if (after.attemptOpen && before?.attemptOpen !== true) writes.push({ put: itemOf(open, { accountId, runId: id }) });
  if (!after.attemptOpen && before?.attemptOpen === true) writes.push({ delete: open });
  if (isClosed(after) && (before === null || !isClosed(before)))
    writes.push({ put: itemOf(closed, { accountId, runId: id }) });
  return writes;
}

/** Runs of a sync, newest first. */
export async function runsOf(
  table: Table,
  accountId: AccountId,
  syncId: SyncId,
  page: { limit: number; cursor?: string },
): Promise<{ runs: readonly RunRecord[]; cursor?: string }> {
  const prefix = `run/of/${syncId}/`;
  const found = await table.query({ pk: accountPartition(accountId), from: prefix, to: pastPrefix(prefix), ...page });
  const ids = found.items.map((item) => recordOf<{ runId: RunId }>(item).runId);
  const runs = await Promise.all(ids.map((id) => getRunRecord(table, accountId, id)));
  return found.cursor === undefined ? { runs } : { runs, cursor: found.cursor };
}

export interface RunRef {
  readonly accountId: AccountId;
  readonly runId: RunId;
}

/** Runs of all accounts with an attempt open (`open-runs`), or closed and not cleaned up yet (`closed-runs`). */
export async function listedRuns(table: Table, list: "open-runs" | "closed-runs"): Promise<readonly RunRef[]> {
  const shards = Array.from({ length: listShards }, (_, shard) => everything(table, `${list}/${shard}`));
  return (await Promise.all(shards)).flat().map((item) => recordOf<RunRef>(item));
}

/** Says that a closed run's staging was removed. */
export function discardedItem(accountId: AccountId, runId: RunId): ItemKey {
  return accountItem(accountId, `batch/discarded/${runId}`);
}

/** Takes a closed run off the list once nothing of it is left to clean up. */
export async function forgetClosedRun(table: Table, ref: RunRef): Promise<void> {
  await table.delete(discardedItem(ref.accountId, ref.runId));
  await table.delete(listKey("closed-runs", ref.accountId, ref.runId));
}

export async function stagedFiles(table: Table, accountId: AccountId, runId: RunId): Promise<readonly StagedRecord[]> {
  const prefix = `batch/staged/${runId}/`;
  const items = await everything(table, accountPartition(accountId), prefix);
  return items.map((item) => recordOf<StagedRecord>(item));
}

export function stagedItem(accountId: AccountId, runId: RunId, number: number): ItemKey {
  return accountItem(accountId, `batch/staged/${runId}/${sortable(number)}`);
}

/** How far the search for the bad rows of a file has come that was refused at its commit. */
export async function refusedFile(
  table: Table,
  accountId: AccountId,
  runId: RunId,
  number: number,
): Promise<RefusedFile | undefined> {
  const item = await table.get(refusedItem(accountId, runId, number));
  return item === undefined ? undefined : recordOf<RefusedFile>(item);
}

/** Forgets which files of a run were refused. */
export async function forgetRefused(table: Table, accountId: AccountId, runId: RunId): Promise<void> {
  for (const { pk, sk } of await everything(table, accountPartition(accountId), `batch/refused/${runId}/`))
    await table.delete({ pk, sk });
}

export function refusedItem(accountId: AccountId, runId: RunId, number: number): ItemKey {
  return accountItem(accountId, `batch/refused/${runId}/${sortable(number)}`);
}

/** The statement that may still be at work on a table of a connection. */
export async function outstandingCommit(
  table: Table,
  accountId: AccountId,
  connectionId: ConnectionId,
  object: DataObject,
): Promise<OutstandingCommit | undefined> {
  const item = await table.get(outstandingItem(accountId, connectionId, object));
  return item === undefined ? undefined : recordOf<OutstandingCommit>(item);
}

export function outstandingItem(accountId: AccountId, connectionId: ConnectionId, object: DataObject): ItemKey {
  return accountItem(accountId, `batch/outstanding/${connectionId}/${object}`);
}

/** The write that records a skip. */
export function skipWrite(accountId: AccountId, skip: SkipRecord): TableWrite {
  const { seq, file } = skip.first;
  const key = accountItem(accountId, `batch/skip/${skip.syncId}/${sortable(seq)}-${sortable(file)}`);
  return { put: itemOf(key, skip) };
}

export async function skipsOf(table: Table, accountId: AccountId, syncId: SyncId): Promise<readonly SkipRecord[]> {
  const items = await everything(table, accountPartition(accountId), `batch/skip/${syncId}/`);
  return items.map((item) => recordOf<SkipRecord>(item));
}

/** Asks the historical sync to let a periodic one have the table first; fades by itself. */
export function turnItem(accountId: AccountId, connectionId: ConnectionId, object: DataObject): ItemKey {
  return accountItem(accountId, `batch/turn/${connectionId}/${object}`);
}

export const turnMs = 2 * minuteMs;

function listKey(list: "open-runs" | "closed-runs", accountId: AccountId, runId: RunId): ItemKey {
  return globalItem(`${list}/${shardOf(accountId)}`, runId);
}

async function everything(table: Table, pk: string, prefix?: string): Promise<TablePage["items"]> {
  const found: TablePage["items"][number][] = [];
  const range = prefix === undefined ? {} : { from: prefix, to: pastPrefix(prefix) };
  for (let cursor: string | undefined; ; ) {
    const page = await table.query({ pk, ...range, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.items);
    if (page.cursor === undefined) return found;
    cursor = page.cursor;
  }
}
