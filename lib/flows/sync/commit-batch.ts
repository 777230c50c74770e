import type { Warehouse } from "../../destinations/destination.ts";
import { halved } from "../../model/batch-size.ts";
import { hasCode, SyncError } from "../../model/errors.ts";
import { filesAfter } from "../../model/plan-files.ts";
import type { OutstandingCommit, Plan, PlannedFile } from "../../model/sync.ts";
import { minuteMs } from "../../model/time.ts";
import { lazyWarehouse } from "../connections/open-warehouse.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { type Lease, releaseLease } from "../store/leases.ts";
import { outstandingCommit, outstandingItem, stagedItem } from "../store/runs.ts";
import { syncWrites } from "../store/syncs.ts";
import { assembleBatch, type StagedBatch } from "./assemble-batch.ts";
import { takeCommitLease, warehouseFence } from "./commit-lease.ts";
import { metricsNumber } from "./list-files.ts";
import { backoffSeconds, batchesPerExecution, SyncState } from "./machine-state.ts";
import { followReceipts, recordSkip } from "./move-watermark.ts";
import { narrowRefusal } from "./narrow-refusal.ts";
import { notingFailure } from "./note-failure.ts";
import { type OpenRun, openRun, planOf } from "./open-run.ts";
import { keepOutstanding, pollOutstanding } from "./outstanding.ts";
import { isHalted } from "./plan-run.ts";
import { searchRefused } from "./search-refused.ts";

export const CommitBatchRequest = SyncState;

/** A statement that cannot be polled may take this long: the task's 15 minutes less one. */
const commitTimeoutMs = 14 * minuteMs;

const restagingsMax = 2;

/** What one call of `commitBatch` works with. */
interface Commit {
  readonly deps: Deps;
  readonly state: SyncState;
  readonly scope: OpenRun;
  readonly plan: Plan;
  readonly lease: Lease;
  /** The statement on this table whose outcome is not recorded, of this sync or of another. */
  readonly outstanding: OutstandingCommit | undefined;
  readonly warehouse: () => Promise<Warehouse>;
  readonly signal: AbortSignal;
}

/**
 * Commits the next batch of the plan, or looks after the statement that is at work: one small step under the lease of
 * the table, to be repeated until the answer says otherwise. The watermark moves only to receipts that were read back.
 */
export async function commitBatch(deps: Deps, state: SyncState, signal: AbortSignal): Promise<SyncState> {
  return notingFailure(deps, state, "commit", signal, async () => {
    const scope = await openRun(deps, state);
    const plan = await planOf(deps, scope.run);
    const { sync, connection } = scope;
    const outstanding = await outstandingCommit(deps.table, sync.accountId, connection.id, sync.object);
    const isAtWork = outstanding?.syncId === sync.id && outstanding.token !== null;
    if (isHalted(sync) && !isAtWork) return { ...state, next: "finish", outcome: "paused" };
    if (filesAfter(plan.files, sync.watermark).length === 0 && !isAtWork) return { ...state, next: "finish" };
    const lease = await takeCommitLease(deps, scope);
    if (lease === undefined) return waiting(state, 1);
    return withinTime(signal, async (limited) => {
      await using warehouse = lazyWarehouse(deps, connection, limited);
      // Awaited here: the session closes when this block is left.
      return await underLease({
        deps,
        state,
        scope,
        plan,
        lease,
        outstanding,
        warehouse: () => warehouse.open(),
        signal: limited,
      });
    });
  });
}

/** Keeps the lease while a statement is at work, and gives it back in every other case. */
async function underLease(commit: Commit): Promise<SyncState> {
  const { deps, scope, lease } = commit;
  const isTokenOpen = commit.outstanding !== undefined && commit.outstanding.token !== null;
  let next: SyncState | undefined;
  try {
    next = isTokenOpen ? await lookAfter(commit, commit.outstanding) : await commitNext(commit);
  } finally {
    if (next?.next !== "wait") await releaseLease(deps, scope.run.accountId, lease);
  }
  return next;
}

/** Polls the statement at work; a forerunner's too is followed to its end before anything new begins. */
async function lookAfter(commit: Commit, outstanding: OutstandingCommit): Promise<SyncState> {
  const { deps, state, scope } = commit;
  const warehouse = await commit.warehouse();
  const isRunning = await halvingOnTimeout(commit, outstanding.files.length, () =>
    pollOutstanding(deps, scope, outstanding, warehouse).catch(ifRefused),
  );
  if (isRunning instanceof SyncError) return narrowRefusal(commit, outstanding.files, isRunning);
  if (isRunning) return waiting(state, 5);
  if (outstanding.syncId === scope.sync.id) await readBack(commit, warehouse);
  return { ...state, waits: 0, next: "commit" };
}

async function commitNext(commit: Commit): Promise<SyncState> {
  const { deps, state, lease, plan } = commit;
  const own = commit.outstanding?.syncId === commit.scope.sync.id ? commit.outstanding : undefined;
  // A statement was sent and its answer never recorded: what it left behind decides what comes next.
  if (own !== undefined) await readBack(commit, await commit.warehouse());
  const scope = await openRun(deps, state);
  if (state.refused !== null) return searchRefused({ ...commit, scope }, state.refused);
  const batch = await assembleBatch(deps, scope, plan, own, state);
  if (batch === "finished") return { ...state, next: "finish" };
  // Why a file could not be staged was noted where it happened; trying the commit again would not stage it.
  if (batch === "staging failed") return { ...state, next: "fail" };
  if (batch === "not staged") return { ...state, next: "stage" };
  if (batch.isEmpty) {
    const also = own === undefined ? [] : [forget(commit)];
    const { first, last, rowsQuarantined } = batch.batch;
    await recordSkip(deps, state, { first, last, rowsQuarantined }, { lease, also });
    return following(state, plan, batch.files);
  }
  const fence = warehouseFence(scope.connection, lease);
  const outstanding = await keepOutstanding(deps, scope, lease, { files: batch.files, fence, token: null });
  const warehouse = await commit.warehouse();
  const answer = await halvingOnTimeout(commit, batch.files.length, () =>
    warehouse
      .commit(batch.batch, fence)
      .catch((error: unknown) => ifStagedGone(error, state))
      .catch(ifRefused),
  );
  if (answer instanceof SyncError) return narrowRefusal({ ...commit, scope }, outstanding.files, answer);
  if (answer === "staged gone") return stageAgain(commit, batch);
  if ("token" in answer) {
    await keepOutstanding(deps, scope, lease, { ...outstanding, files: batch.files, token: answer.token });
    return waiting(state, 5);
  }
  await readBack(commit, warehouse, batch);
  return following(state, plan, batch.files);
}

/** Somebody emptied the staging: once or twice that is made good, then it is a failure. */
function ifStagedGone(error: unknown, state: SyncState): "staged gone" {
  if (hasCode(error, "STAGED_GONE") && state.restagings < restagingsMax) return "staged gone";
  throw error;
}

/** A refusal for the data is answered, so that it can be narrowed; everything else is thrown on. */
function ifRefused(error: unknown): SyncError {
  if (hasCode(error, "ROW_REJECTED")) return error;
  throw error;
}

async function stageAgain(commit: Commit, batch: StagedBatch): Promise<SyncState> {
  const { deps, state } = commit;
  for (const number of [metricsNumber, ...batch.files.map((file) => file.number)])
    await deps.table.delete(stagedItem(state.accountId, state.runId, number));
  return { ...state, next: "stage", stagedThrough: 0, restagings: state.restagings + 1 };
}

/** Reads the receipts above the watermark and follows them; a batch that was just acknowledged must be among them. */
async function readBack(commit: Commit, warehouse: Warehouse, batch?: StagedBatch): Promise<void> {
  const { deps, state, lease } = commit;
  const { sync } = await openRun(deps, state);
  const receipts = await warehouse.receipts(sync.id, sync.object, sync.watermark);
  if (batch !== undefined && receipts.length === 0)
    throw new SyncError("INVARIANT_BROKEN", { message: "the warehouse took a batch and shows no receipt of it" });
  if (receipts.length > 0) await followReceipts(deps, state, receipts, { lease, also: [forget(commit)] });
}

function forget(commit: Commit) {
  const { accountId, connectionId, object } = commit.scope.sync;
  return { delete: outstandingItem(accountId, connectionId, object) };
}

/** A batch that takes too long, or more memory than there is, is tried again with half as many files. */
async function halvingOnTimeout<T>(commit: Commit, files: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isTooMuch = error instanceof SyncError && (error.code === "TIMEOUT" || error.errorClass === "capacity");
    if (!isTooMuch) throw error;
    await whileContended(async () => {
      const { sync } = await openRun(commit.deps, commit.state);
      await commit.deps.table.transact(syncWrites(sync, { ...sync, ...halved(files) }));
    });
    throw error;
  }
}

async function withinTime<T>(signal: AbortSignal, work: (limited: AbortSignal) => Promise<T>): Promise<T> {
  const limit = AbortSignal.timeout(commitTimeoutMs);
  try {
    return await work(AbortSignal.any([signal, limit]));
  } catch (error) {
    if (limit.aborted && !signal.aborted && !hasCode(error, "TIMEOUT"))
      throw new SyncError("TIMEOUT", { cause: error });
    throw error;
  }
}

function waiting(state: SyncState, firstSeconds: number): SyncState {
  return { ...state, next: "wait", waits: state.waits + 1, waitSeconds: backoffSeconds(state.waits, firstSeconds) };
}

function following(state: SyncState, plan: Plan, done: readonly PlannedFile[]): SyncState {
  const counted = { ...state, batches: state.batches + 1, waits: 0 };
  if (done.at(-1)?.number === plan.files.length) return { ...counted, next: "finish" };
  return { ...counted, next: counted.batches >= batchesPerExecution ? "part" : "commit" };
}
