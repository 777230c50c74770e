import type { Receipt, Warehouse } from "../../destinations/destination.ts";
import { hasSelectedRows } from "../../engine/encode/encode-file.ts";
import { selectionCondition } from "../../engine/encode/selection-filter.ts";
import { SyncError } from "../../model/errors.ts";
import { comparePositions } from "../../model/log.ts";
import { filesAfter } from "../../model/plan-files.ts";
import type { Plan, SyncRecord } from "../../model/sync.ts";
import { dayMs } from "../../model/time.ts";
import { openWarehouse } from "../connections/open-warehouse.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { findRunRecord, outstandingCommit, outstandingItem, runWrites } from "../store/runs.ts";
import { syncWrites } from "../store/syncs.ts";
import { draftPlan, freezePlan } from "./freeze-plan.ts";
import { listLog } from "./list-log.ts";
import { firstState, type SyncState } from "./machine-state.ts";
import { followReceipts, recordSkip } from "./move-watermark.ts";
import { notingFailure } from "./note-failure.ts";
import { type AttemptRef, AttemptRequest, type OpenRun, openRun, planOf } from "./open-run.ts";

export const PlanRunRequest = AttemptRequest;

/**
 * Begins an attempt: follows the receipts that are there already, then freezes the run's plan if no earlier attempt
 * did. A run whose selection leaves nothing to send records that and wakes no warehouse.
 */
export async function planRun(deps: Deps, request: AttemptRequest, signal: AbortSignal): Promise<SyncState> {
  return notingFailure(deps, request, "plan", signal, async () => {
    const scope = await openRun(deps, request);
    const state = firstState(request);
    if (isHalted(scope.sync)) return { ...state, next: "finish", outcome: "paused" };
    const draft = await draftOf(deps, scope);
    const mayHaveReceipts = await hasOutstanding(deps, scope);
    if (!mayHaveReceipts && !(await hasAnythingToSend(deps, scope, draft, signal))) {
      await passEmpty(deps, request, scope, draft, signal);
      return { ...state, next: "finish" };
    }
    await catchUp(deps, request, signal);
    const planned = await plan(deps, request, signal);
    if (planned.isLeft) return { ...state, next: "stage" };
    await passEmpty(deps, request, await openRun(deps, request), planned.plan, signal);
    return { ...state, next: "finish" };
  });
}

/** Paused, or its connection disabled: the run stops at the next border of a batch. */
export function isHalted(sync: SyncRecord): boolean {
  return sync.pausedAt !== null || sync.disabledAt !== null;
}

/** The plan as frozen, or as it would be frozen now. */
async function draftOf(deps: Deps, scope: OpenRun): Promise<Plan> {
  if (scope.run.planKey !== null) return planOf(deps, scope.run);
  return draftPlan(scope, await listLog(deps, scope.sync), deps.clock.now());
}

/** Whether a statement of this sync was sent whose outcome is not known. */
async function hasOutstanding(deps: Deps, { sync }: Pick<OpenRun, "sync">): Promise<boolean> {
  const outstanding = await outstandingCommit(deps.table, sync.accountId, sync.connectionId, sync.object);
  return outstanding?.syncId === sync.id;
}

async function hasAnythingToSend(deps: Deps, scope: OpenRun, plan: Plan, signal: AbortSignal): Promise<boolean> {
  const files = filesAfter(plan.files, scope.sync.watermark);
  if (selectionCondition(plan.object, plan) === undefined) return files.length > 0;
  await using session = await deps.engine.open(signal);
  for (const file of files) {
    await using local = await deps.files.download(file.source.key, { signal });
    if (await hasSelectedRows(session, plan.object, local.path, plan)) return true;
  }
  return false;
}

/** Nothing to send: the stretch, if there is one, is passed by a recorded skip; the login is tried once a day. */
async function passEmpty(
  deps: Deps,
  request: AttemptRef,
  scope: OpenRun,
  draft: Plan,
  signal: AbortSignal,
): Promise<void> {
  const listed = await listLog(deps, scope.sync);
  const [first] = listed;
  if (first !== undefined && comparePositions(first.position, draft.to) <= 0)
    await recordSkip(deps, request, { first: first.position, last: draft.to });
  if (isLoginCheckDue(scope.sync, deps.clock.now())) await checkLogin(deps, request, scope, signal);
}

/** With nothing to send, the warehouse is asked once a day whether it still lets us in. */
export function isLoginCheckDue(sync: SyncRecord, now: number): boolean {
  return sync.mode === "periodic" && now - (sync.loginCheckedAt ?? sync.cutAt) >= dayMs;
}

async function checkLogin(deps: Deps, request: AttemptRef, scope: OpenRun, signal: AbortSignal): Promise<void> {
  await using warehouse = await openWarehouse(deps, scope.connection, signal);
  for await (const step of warehouse.check()) {
    if (!step.ok)
      throw new SyncError(step.errorCode ?? "UNKNOWN", { message: step.detail, externalMessage: step.detail });
    if (step.step === "login") break;
  }
  await whileContended(async () => {
    const { sync } = await openRun(deps, request);
    await deps.table.transact(syncWrites(sync, { ...sync, loginCheckedAt: deps.clock.now() }));
  });
}

/** Follows receipts above the watermark, and makes sure that the last one we followed is still there. */
async function catchUp(deps: Deps, request: AttemptRef, signal: AbortSignal): Promise<void> {
  const { sync, connection } = await openRun(deps, request);
  await using warehouse = await openWarehouse(deps, connection, signal);
  await requireLastReceipt(warehouse, sync);
  const receipts = await warehouse.receipts(sync.id, sync.object, sync.watermark);
  if (receipts.length === 0) return;
  await requireOwnRuns(deps, sync, receipts);
  // The watermark passes a batch and its statement is forgotten at once, so what is outstanding is what these show.
  const isOwn = await hasOutstanding(deps, { sync });
  const also = isOwn ? [{ delete: outstandingItem(sync.accountId, sync.connectionId, sync.object) }] : [];
  await followReceipts(deps, request, receipts, { also });
}

/** A run is recorded before anything of it is sent. One that we do not know was forgotten by a table set back to an earlier moment, and its positions may since stand for other rows. */
async function requireOwnRuns(deps: Deps, sync: SyncRecord, receipts: readonly Receipt[]): Promise<void> {
  for (const planId of new Set(receipts.map((receipt) => receipt.planId))) {
    const run = await findRunRecord(deps.table, sync.accountId, planId);
    if (run?.syncId !== sync.id)
      throw new SyncError("RECEIPT_UNKNOWN", {
        message: `The warehouse holds a receipt of ${planId}, of which there is no record.`,
      });
  }
}

async function requireLastReceipt(warehouse: Warehouse, sync: SyncRecord): Promise<void> {
  if (sync.lastReceipt === null) return;
  const { position } = sync.lastReceipt;
  if (await warehouse.hasReceipt(sync.id, sync.object, position)) return;
  throw new SyncError("RECEIPT_GONE", {
    message: `The receipt of file ${position.seq}/${position.file} is no longer in the warehouse.`,
  });
}

/** Freezes the plan, where it is not, and answers it and whether anything of it is left to do. */
async function plan(deps: Deps, request: AttemptRef, signal: AbortSignal): Promise<{ plan: Plan; isLeft: boolean }> {
  const scope = await openRun(deps, request);
  const frozen = await freezePlan(deps, scope, await draftOf(deps, scope), signal);
  const left = filesAfter(frozen.plan.files, scope.sync.watermark);
  if (scope.run.planKey === null) {
    await whileContended(async () => {
      const { run } = await openRun(deps, request);
      const { plan, planKey } = frozen;
      const done = { filesDone: plan.files.length - left.length, filesTotal: plan.files.length, rowsTotal: plan.rows };
      await deps.table.transact(runWrites(run, { ...run, ...done, planKey }));
    });
  }
  return { plan: frozen.plan, isLeft: left.length > 0 };
}
