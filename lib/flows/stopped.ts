import { asSyncError, SyncError } from "../model/errors.ts";

/** What ended a step: what it threw, unless its signal had aborted; then our own timeout where that is the reason, else a stop from outside. */
export function endOfStep(thrown: unknown, signal: AbortSignal): SyncError {
  if (!signal.aborted) return asSyncError(thrown);
  return signal.reason instanceof SyncError ? signal.reason : new SyncError("ABORTED", { cause: thrown });
}
