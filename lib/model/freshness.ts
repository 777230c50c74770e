import type { Instant } from "./time.ts";

/** How old the warehouse's picture is. `null` ages mean that nothing is waiting. */
export interface Freshness {
  readonly isUpToDate: boolean;
  /** When the oldest record reached us that is neither in the warehouse nor set aside; null when none is. */
  readonly oldestWaitingAt: Instant | null;
  readonly ageMs: number | null;
  /** When we last looked and found nothing to send, or sent the last of it. */
  readonly lastCheckedAt: Instant | null;
}

/** The places where a record can wait on its way; each names the oldest that waits there. */
export interface WaitingPlaces {
  readonly openImports: Instant | null;
  readonly intake: Instant | null;
  readonly changes: Instant | null;
}

/** Freshness may overstate the age of what is missing, never understate it: a clock that ran back counts as age zero. */
export function freshnessOf(places: WaitingPlaces, lastCheckedAt: Instant | null, now: Instant): Freshness {
  const waiting = [places.openImports, places.intake, places.changes].filter((at) => at !== null);
  if (waiting.length === 0) return { isUpToDate: true, oldestWaitingAt: null, ageMs: null, lastCheckedAt };
  const oldest = Math.min(...waiting) as Instant;
  return { isUpToDate: false, oldestWaitingAt: oldest, ageMs: Math.max(0, now - oldest), lastCheckedAt };
}
