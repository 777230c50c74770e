import { type Instant, isoOf } from "../../model/time.ts";

/** An instant as answers show it, `2026-11-24T17:15:00.000Z`; null stays null. */
export function iso(instant: Instant): string;
export function iso(instant: Instant | null): string | null;
export function iso(instant: Instant | null): string | null {
  return instant === null ? null : isoOf(instant);
}
