import type { ErrorCode } from "../../model/error-codes.ts";
import type { SyncError } from "../../model/errors.ts";
import { after, dayMs } from "../../model/time.ts";
import type { Deps } from "../deps.ts";
import { endOfStep } from "../stopped.ts";
import { failureItem } from "../store/errors.ts";
import { itemOf, recordOf } from "../store/records.ts";
import type { AttemptRef } from "./open-run.ts";

/** A failure as a step noted it. */
export interface NotedFailure {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly vendorCode: string | null;
  readonly vendorRef: string | null;
  readonly externalMessage: string | null;
  readonly step: string;
}

/** Runs a step of an attempt and notes its failure in full before throwing on: a `Catch` passes on only name and text. */
export async function notingFailure<T>(
  deps: Deps,
  request: AttemptRef,
  step: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = endOfStep(thrown, signal);
    const { accountId, runId, attempt } = request;
    const { code, message, externalMessage } = error;
    deps.log("sync-step-failed", { accountId, runId, attempt, step, code, message, externalMessage });
    if (error.code !== "ATTEMPT_CLOSED") await note(deps, request, step, error);
    throw error;
  }
}

/** The failure that a step of this attempt noted last. */
export async function notedFailure(deps: Deps, request: AttemptRef): Promise<NotedFailure | undefined> {
  const item = await deps.table.get(failureItem(request.accountId, request.runId, request.attempt));
  return item === undefined ? undefined : recordOf<NotedFailure>(item);
}

async function note(deps: Deps, request: AttemptRef, step: string, error: SyncError): Promise<void> {
  const failure: NotedFailure = {
    name: error.name,
    code: error.code,
    message: error.message,
    vendorCode: error.vendorCode ?? null,
    vendorRef: error.vendorRef ?? null,
    externalMessage: error.externalMessage ?? null,
    step,
  };
  const item = itemOf(failureItem(request.accountId, request.runId, request.attempt), failure);
  await deps.table.put({ ...item, expiresAt: after(deps.clock.now(), dayMs) });
}
