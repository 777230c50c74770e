import type { Brand } from "./ids.ts";

/** Milliseconds since the Unix epoch, UTC. */
export type Instant = Brand<number, "Instant">;

export const secondMs = 1_000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** `2026-11-24T17:15:00.000Z`. */
export function isoOf(instant: Instant): string {
  return new Date(instant).toISOString();
}

/** An instant `ms` milliseconds after another (before it, when negative). */
export function after(instant: Instant, ms: number): Instant {
  return (instant + ms) as Instant;
}
