import { SyncError } from "../model/errors.ts";

/** What an aborted signal means: `TIMEOUT` where the time was up, `ABORTED` where somebody stopped the work. */
export function abortError(signal: AbortSignal): SyncError {
  const reason: unknown = signal.reason;
  if (reason instanceof SyncError) return reason;
  const isTimeout = reason instanceof Error && reason.name === "TimeoutError";
  return new SyncError(isTimeout ? "TIMEOUT" : "ABORTED", { cause: reason });
}
