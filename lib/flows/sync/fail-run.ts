import * as z from "zod";
import { errorCodes } from "../../model/error-codes.ts";
import { SyncError } from "../../model/errors.ts";
import { judge, type Verdict } from "../../model/retry.ts";
import type { ErrorRecord, ErrorSummary, RunRecord, SyncRecord } from "../../model/sync.ts";
import type { Instant } from "../../model/time.ts";
import { errorOfCatch } from "../../model/wire-error.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { errorWrites } from "../store/errors.ts";
import { getRunRecord, runWrites } from "../store/runs.ts";
import { syncWrites } from "../store/syncs.ts";
import { type NotedFailure, notedFailure } from "./note-failure.ts";
import { AttemptRef, isOpenAttempt, openRun } from "./open-run.ts";
import { removeStagingQuietly } from "./remove-staging.ts";

export const FailRunRequest = AttemptRef.extend({
  /** As the machine's `Catch` hands it over. */
  error: z.looseObject({ Error: z.string(), Cause: z.string().optional() }).optional(),
});
type FailRunRequest = z.infer<typeof FailRunRequest>;

/** Ends a failed attempt: records the error, and leaves the sync `Errored` with its next try or `Failed`, by the error's class. */
export async function failRun(deps: Deps, request: FailRunRequest, signal: AbortSignal): Promise<void> {
  const failure = await failureOf(deps, request);
  const isFailed = await whileContended(async () => {
    const { accountId, runId } = request;
    if (!isOpenAttempt(await getRunRecord(deps.table, accountId, runId), request.attempt)) return false;
    const { run, sync } = await openRun(deps, request);
    const now = deps.clock.now();
    const { class: errorClass } = errorCodes[failure.code];
    const error: ErrorSummary = { code: failure.code, class: errorClass, message: failure.message, at: now };
    const verdict = judge(sync, error, now);
    const next = applied(sync, run, error, verdict, now);
    await deps.table.transact([
      ...syncWrites(sync, next.sync),
      ...runWrites(run, next.run),
      ...(verdict.is === "interrupted" ? [] : errorWrites(errorRecord(sync, run, failure, error))),
    ]);
    return verdict.is === "failed";
  });
  if (!isFailed) return;
  deps.log("run-failed", { accountId: request.accountId, runId: request.runId, code: failure.code });
  // A run that will not go on leaves nothing behind.
  await removeStagingQuietly(deps, await getRunRecord(deps.table, request.accountId, request.runId), signal);
}

/** What a step noted where that is what the machine caught; else what the machine says. */
async function failureOf(deps: Deps, request: FailRunRequest): Promise<NotedFailure> {
  const noted = await notedFailure(deps, request);
  const caught = request.error;
  if (noted !== undefined && (caught === undefined || caught.Error === noted.name)) return noted;
  const error = errorOfCatch(caught);
  if (error instanceof SyncError) {
    const { name, code, message, externalMessage = null } = error;
    return { name, code, message, vendorCode: null, vendorRef: null, externalMessage, step: "execution" };
  }
  const words = caught === undefined ? null : `${caught.Error}: ${(caught.Cause ?? "").slice(0, 1_000)}`;
  return {
    name: caught?.Error ?? "",
    code: "WORKFLOW_DIED",
    message: errorCodes.WORKFLOW_DIED.text,
    vendorCode: null,
    vendorRef: null,
    externalMessage: words,
    step: "execution",
  };
}

function applied(
  sync: SyncRecord,
  run: RunRecord,
  error: ErrorSummary,
  verdict: Verdict,
  now: Instant,
): { sync: SyncRecord; run: RunRecord } {
  const rest = { ...run, attemptOpen: false };
  if (verdict.is === "interrupted") return { sync: due(sync, verdict.nextRunAt), run: rest };
  const { erroredSince, failures } = verdict;
  const marked = { ...sync, erroredSince, failures, lastError: error };
  if (verdict.is === "errored") return { sync: due(marked, verdict.nextRunAt), run: { ...rest, error } };
  return {
    sync: { ...marked, failedAt: now, runId: null, nextRunAt: null },
    run: { ...rest, error, state: "failed", endedAt: now },
  };
}

function due(sync: SyncRecord, nextRunAt: Instant): SyncRecord {
  return { ...sync, nextRunAt: sync.pausedAt === null && sync.disabledAt === null ? nextRunAt : null };
}

function errorRecord(sync: SyncRecord, run: RunRecord, failure: NotedFailure, error: ErrorSummary): ErrorRecord {
  return {
    id: `${run.id}-${run.attempt}`,
    accountId: sync.accountId,
    connectionId: sync.connectionId,
    syncId: sync.id,
    runId: run.id,
    attempt: run.attempt,
    step: failure.step,
    code: failure.code,
    class: error.class,
    summary: failure.message,
    externalMessage: failure.externalMessage,
    vendorCode: failure.vendorCode,
    vendorRef: failure.vendorRef,
    fix: errorCodes[failure.code].fix,
    at: error.at,
  };
}
