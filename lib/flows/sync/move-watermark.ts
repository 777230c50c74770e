import type { Receipt } from "../../destinations/destination.ts";
import { afterGoodBatch } from "../../model/batch-size.ts";
import { SyncError } from "../../model/errors.ts";
import { comparePositions, type Position } from "../../model/log.ts";
import { filesAfter } from "../../model/plan-files.ts";
import type { RunRecord, SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import type { TableWrite } from "../ports.ts";
import { whileContended } from "../store/contention.ts";
import { currentLease, type Lease, leaseIsHeld } from "../store/leases.ts";
import { runWrites, skipWrite } from "../store/runs.ts";
import { syncWrites } from "../store/syncs.ts";
import { type AttemptRef, type OpenRun, openRun, planOf } from "./open-run.ts";

interface MoveOptions {
  /** Held by the committer; the move fails without it. */
  readonly lease?: Lease;
  /** Written in the same transaction. */
  readonly also?: readonly TableWrite[];
}

/** Follows receipts that the warehouse showed: the only way, with a recorded skip, that the watermark moves. */
export async function followReceipts(
  deps: Deps,
  request: AttemptRef,
  receipts: readonly Receipt[],
  options: MoveOptions = {},
): Promise<void> {
  await move(deps, request, options, ({ sync, run }) => {
    const news = receipts
      .filter((receipt) => comparePositions(receipt.last, sync.watermark) > 0)
      .sort((a, b) => comparePositions(a.last, b.last));
    const latest = news.at(-1);
    if (latest === undefined) return { sync, run };
    const now = deps.clock.now();
    const sum = (count: (receipt: Receipt) => number) => news.reduce((total, receipt) => total + count(receipt), 0);
    return {
      sync: {
        ...sync,
        ...afterGoodBatch(sync),
        watermark: latest.last,
        lastReceipt: { planId: latest.planId, position: latest.last },
        rowsSent: sync.rowsSent + sum((receipt) => receipt.rowsStaged),
        lastSyncedAt: now,
        loginCheckedAt: now,
      },
      run: { ...run, deaths: 0, rowsQuarantined: run.rowsQuarantined + sum((receipt) => receipt.rowsQuarantined) },
    };
  });
}

/** Passes a stretch of log that the selection leaves nothing of, and records that. */
export async function recordSkip(
  deps: Deps,
  request: AttemptRef,
  stretch: { first: Position; last: Position; rowsQuarantined?: number },
  options: MoveOptions = {},
): Promise<void> {
  await move(deps, request, options, ({ sync, run }) => {
    if (comparePositions(stretch.last, sync.watermark) <= 0) return { sync, run };
    const { first, last, rowsQuarantined = 0 } = stretch;
    const skip = { syncId: sync.id, runId: run.id, first, last, at: deps.clock.now() };
    return {
      sync: { ...sync, watermark: stretch.last },
      run: { ...run, deaths: 0, rowsQuarantined: run.rowsQuarantined + rowsQuarantined },
      also: [skipWrite(sync.accountId, skip)],
    };
  });
}

async function move(
  deps: Deps,
  request: AttemptRef,
  options: MoveOptions,
  change: (scope: OpenRun) => { sync: SyncRecord; run: RunRecord; also?: readonly TableWrite[] },
): Promise<void> {
  await whileContended(async () => {
    const scope = await openRun(deps, request);
    if (options.lease !== undefined) await requireLease(deps, request, options.lease);
    const next = change(scope);
    const also = [...(options.also ?? []), ...(next.also ?? [])];
    if (next.sync === scope.sync && also.length === 0) return;
    await deps.table.transact([
      ...syncWrites(scope.sync, next.sync),
      ...runWrites(scope.run, { ...next.run, ...(await progressOf(deps, next.run, next.sync.watermark)) }),
      ...(options.lease === undefined ? [] : [leaseIsHeld(request.accountId, options.lease)]),
      ...also,
    ]);
  });
}

async function requireLease(deps: Deps, request: AttemptRef, lease: Lease): Promise<void> {
  const current = await currentLease(deps.table, request.accountId, lease.name);
  if (current?.fence !== lease.fence || current.holder !== lease.holder) throw new SyncError("LEASE_LOST");
}

/** How much of a run's plan lies below a watermark. */
async function progressOf(
  deps: Deps,
  run: RunRecord,
  watermark: Position,
): Promise<Pick<RunRecord, "filesDone" | "rowsDone">> {
  if (run.planKey === null) return { filesDone: run.filesDone, rowsDone: run.rowsDone };
  const plan = await planOf(deps, run);
  const left = filesAfter(plan.files, watermark);
  const rowsLeft = left.reduce((rows, file) => rows + file.source.rows, 0);
  return { filesDone: plan.files.length - left.length, rowsDone: plan.rows - rowsLeft };
}
