import * as z from "zod";
import { nextTick } from "../../model/retry.ts";
import type { SyncRecord } from "../../model/sync.ts";
import { accountIdSchema } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { outstandingCommit } from "../store/runs.ts";
import { getSyncRecord, syncsOf, syncWrites } from "../store/syncs.ts";
import { hasNews } from "../sync/list-log.ts";
import { isLoginCheckDue } from "../sync/plan-run.ts";
import { startRun } from "../sync/start-run.ts";

/** Other fields may come along: the consolidate machine hands over its own state. */
export const StartDueSyncsRequest = z.object({ accountId: accountIdSchema });
type StartDueSyncsRequest = z.infer<typeof StartDueSyncsRequest>;

/** Starts every sync of an account that is due. One with nothing above its watermark is noted as up to date instead, and wakes nothing. */
export async function startDueSyncs(
  deps: Deps,
  request: StartDueSyncsRequest,
  _signal: AbortSignal,
): Promise<{ accountId: string; started: number }> {
  const now = deps.clock.now();
  const due = (await syncsOf(deps.table, request.accountId)).filter(
    (sync) => sync.nextRunAt !== null && sync.nextRunAt <= now,
  );
  let started = 0;
  for (const sync of due) {
    if (await isWorthARun(deps, sync)) {
      if ((await startRun(deps, sync)) === "started") started += 1;
      else await letPass(deps, sync);
    } else await letPass(deps, sync);
  }
  return { accountId: request.accountId, started };
}

async function isWorthARun(deps: Deps, sync: SyncRecord): Promise<boolean> {
  if (sync.runId !== null || (await hasNews(deps, sync))) return true;
  if (isLoginCheckDue(sync, deps.clock.now())) return true;
  const sent = await outstandingCommit(deps.table, sync.accountId, sync.connectionId, sync.object);
  return sent?.syncId === sync.id;
}

/** The hour passes without a new run: nothing is there to send, or the last run is still at work and will take it along next time. */
async function letPass(deps: Deps, seen: SyncRecord): Promise<void> {
  await whileContended(async () => {
    const sync = await getSyncRecord(deps.table, seen.accountId, seen.id);
    const now = deps.clock.now();
    if (sync.nextRunAt === null || sync.nextRunAt > now) return;
    const nextRunAt = sync.mode === "periodic" ? nextTick(now) : null;
    const lastCheckedAt = sync.runId === null ? now : sync.lastCheckedAt;
    await deps.table.transact(syncWrites(sync, { ...sync, nextRunAt, lastCheckedAt }));
  });
}
