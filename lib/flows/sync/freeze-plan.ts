import { stat } from "node:fs/promises";
import { writeMetrics } from "../../engine/encode/write-metrics.ts";
import { historyWindows } from "../../model/connection.ts";
import type { ChangeFile, StateFile } from "../../model/log.ts";
import { type ListedFile, planFiles } from "../../model/plan-files.ts";
import type { Plan } from "../../model/sync.ts";
import { after, type Instant } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { fileKeys } from "../store/keys.ts";
import { accountPointer, accountState } from "../store/log.ts";
import { readList, writeList } from "../store/records.ts";
import type { OpenRun } from "./open-run.ts";
import { randomName, scratchFile } from "./scratch.ts";

/** What a run would do if it were planned now. */
export function draftPlan(scope: OpenRun, listed: readonly ListedFile[], now: Instant): Plan {
  const { run, sync, connection } = scope;
  const { selection } = connection;
  const windowMs = sync.mode === "historical" && sync.object === "events" ? historyWindows[sync.history] : null;
  const eventAtFrom = windowMs === null ? null : after(now, -windowMs);
  const files = planFiles(listed, (file) => file.rows > 0 && isInWindow(file, eventAtFrom));
  return {
    id: run.id,
    syncId: sync.id,
    object: sync.object,
    mode: sync.mode,
    selectionVersion: selection.version,
    excludedIntegrations: sync.object === "events" ? selection.excludedIntegrations : [],
    metrics: sync.object === "events" ? selection.metrics : null,
    eventAtFrom,
    syncedAt: now,
    from: sync.watermark,
    to: listed.at(-1)?.position ?? sync.watermark,
    files,
    rows: files.reduce((rows, file) => rows + file.source.rows, 0),
    metricFile: null,
  };
}

/** Freezes a draft under the run's name; a plan that an earlier attempt froze stays, and is answered. */
export async function freezePlan(
  deps: Deps,
  scope: OpenRun,
  draft: Plan,
  signal: AbortSignal,
): Promise<{ plan: Plan; planKey: string }> {
  const { accountId, id } = scope.run;
  const planKey = fileKeys.plan(accountId, id, "plan.json");
  const frozen = await readList<Plan>(deps.files, planKey);
  if (frozen !== undefined) return { plan: frozen, planKey };
  const metricFile = draft.object === "events" && draft.files.length > 0 ? await putMetrics(deps, scope, signal) : null;
  await writeList(deps.files, planKey, { ...draft, metricFile });
  const plan = await readList<Plan>(deps.files, planKey);
  return { plan: plan ?? draft, planKey };
}

function isInWindow(file: ChangeFile, from: Instant | null): boolean {
  return from === null || file.eventAtMax === undefined || file.eventAtMax >= from;
}

/** All metrics known now ride along: they are few, and a newly selected one is then never without its name. */
async function putMetrics(deps: Deps, scope: OpenRun, signal: AbortSignal): Promise<StateFile | null> {
  const { accountId, id } = scope.run;
  const pointer = await accountPointer(deps.table, accountId);
  const { metrics } = await accountState(deps.files, pointer.stateKey);
  if (metrics.length === 0) return null;
  const key = fileKeys.plan(accountId, id, `metrics-${randomName(deps)}.parquet`);
  await using scratch = await scratchFile(deps, "parquet");
  await using session = await deps.engine.open(signal);
  await writeMetrics(session, metrics, scratch.path);
  await deps.files.putIfAbsent(key, { path: scratch.path });
  const { size: bytes } = await stat(scratch.path);
  return { key, rows: metrics.length, bytes };
}
