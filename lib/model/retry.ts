import { errorClasses } from "./error-classes.ts";
import type { ErrorSummary, SyncRecord } from "./sync.ts";
import { after, hourMs, type Instant } from "./time.ts";

/** How long transient failures keep a sync `Errored` before it is `Failed`. */
const retryForMs = 72 * hourMs;

/** Every sync runs hourly, on the full hour in UTC. */
const cadenceMs = hourMs;

/** The next full hour after an instant. */
export function nextTick(now: Instant): Instant {
  return (Math.floor(now / cadenceMs) * cadenceMs + cadenceMs) as Instant;
}

/** What a failed attempt makes of its sync. */
export type Verdict =
  | { readonly is: "errored"; readonly nextRunAt: Instant; readonly erroredSince: Instant; readonly failures: number }
  | { readonly is: "failed"; readonly erroredSince: Instant; readonly failures: number }
  /** The work was stopped from outside: it is taken up again, and nothing is counted. */
  | { readonly is: "interrupted"; readonly nextRunAt: Instant };

/** Whether our place in the warehouse is lost for good: no check mends that, only a connection made anew. */
export function needsNewStart(error: Pick<ErrorSummary, "code"> | null): boolean {
  return error?.code === "RECEIPT_GONE" || error?.code === "RECEIPT_UNKNOWN";
}

/** Judges a failed attempt by the class of its error and what failed before it. */
export function judge(
  sync: Pick<SyncRecord, "erroredSince" | "failures" | "lastError">,
  error: ErrorSummary,
  now: Instant,
): Verdict {
  if (error.code === "ABORTED") return { is: "interrupted", nextRunAt: now };
  const erroredSince = sync.erroredSince ?? now;
  const failures = sync.failures + 1;
  const errored = { is: "errored", nextRunAt: nextTick(now), erroredSince, failures } as const;
  const failed = { is: "failed", erroredSince, failures } as const;
  if (needsNewStart(error)) return failed;
  // A younger writer that is not our own next attempt is a state of affairs, not a defect of this run: the next tick sees.
  if (error.class === "lost") return now - erroredSince >= retryForMs ? failed : errored;
  switch (errorClasses[error.class].retry) {
    case "never":
      return failed;
    case "twice":
      return failures >= 2 && isTriedTwice(sync.lastError) ? failed : errored;
    case "tick":
      return now - erroredSince >= retryForMs ? failed : errored;
  }
}

/** The second try counts only after a first that a person had to mend as well, not after a broken network. */
function isTriedTwice(last: ErrorSummary | null): boolean {
  return last !== null && errorClasses[last.class].retry === "twice";
}

/** When an errored sync gives up, for the dashboard. */
export function givesUpAt(erroredSince: Instant): Instant {
  return after(erroredSince, retryForMs);
}
