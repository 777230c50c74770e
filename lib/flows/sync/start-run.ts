import { spellId } from "../../model/ids.ts";
import { nextTick } from "../../model/retry.ts";
import type { RunRecord, SyncRecord } from "../../model/sync.ts";
import type { Deps } from "../deps.ts";
import { getConnectionRecord } from "../store/connections.ts";
import { whileContended } from "../store/contention.ts";
import { getRunRecord, runWrites } from "../store/runs.ts";
import { getSyncRecord, syncWrites } from "../store/syncs.ts";
import { executionName } from "./open-run.ts";

/**
 * Fills the sync's slot with a new run, or takes up the run that is there with its next attempt, and starts its
 * execution. A slot whose attempt is at work is left as it is: a repeated trigger starts nothing.
 */
export async function startRun(deps: Deps, ref: Pick<SyncRecord, "accountId" | "id">): Promise<"started" | "at work"> {
  const run = await whileContended(async () => {
    const sync = await getSyncRecord(deps.table, ref.accountId, ref.id);
    if (!isStartable(sync)) return undefined;
    const held = sync.runId === null ? null : await getRunRecord(deps.table, ref.accountId, sync.runId);
    if (held?.attemptOpen === true) return undefined;
    const now = deps.clock.now();
    const next = held === null ? newRun(deps, sync) : takenUp(held);
    const nextRunAt = sync.mode === "periodic" ? nextTick(now) : null;
    await deps.table.transact([
      ...syncWrites(sync, { ...sync, runId: next.id, startedAt: sync.startedAt ?? now, nextRunAt }),
      ...runWrites(held, next),
    ]);
    return next;
  });
  if (run === undefined) return "at work";
  await startExecution(deps, run);
  return "started";
}

/** Starts the execution of a run's present attempt; one that was started before is left as it is. */
export async function startExecution(deps: Deps, run: RunRecord): Promise<void> {
  const { connectionId } = await getSyncRecord(deps.table, run.accountId, run.syncId);
  const { kind } = await getConnectionRecord(deps.table, run.accountId, connectionId);
  const input = { accountId: run.accountId, runId: run.id, attempt: run.attempt, kind };
  await deps.workflows.start("sync", executionName(run), input);
}

/** The run's next attempt, open. */
export function takenUp(run: RunRecord): RunRecord {
  return { ...run, state: "running", attempt: run.attempt + 1, attemptOpen: true };
}

function isStartable(sync: SyncRecord): boolean {
  return sync.pausedAt === null && sync.disabledAt === null && sync.failedAt === null && sync.completedAt === null;
}

function newRun(deps: Deps, sync: SyncRecord): RunRecord {
  const now = deps.clock.now();
  return {
    id: spellId("run", deps.randomness.bytes(16)),
    accountId: sync.accountId,
    syncId: sync.id,
    state: "running",
    attempt: 1,
    attemptOpen: true,
    planKey: null,
    deaths: 0,
    dueAt: sync.nextRunAt ?? now,
    startedAt: now,
    endedAt: null,
    filesTotal: 0,
    filesDone: 0,
    rowsTotal: 0,
    rowsDone: 0,
    rowsQuarantined: 0,
    error: null,
    version: 0,
  };
}
