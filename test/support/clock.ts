import type { Clock, Randomness } from "../../lib/flows/ports.ts";
import { after, type Instant } from "../../lib/model/time.ts";

/** A clock that stands still until it is wound. */
export interface WindableClock extends Clock {
  /** Moves the time and wakes the sleepers whose time has come, in the order of their hours. Back is allowed. */
  wind(ms: number): void;
  setTo(instant: Instant): void;
  /** How many sleep. */
  readonly sleepers: number;
}

/** 2026-11-24T12:00:00Z. */
export const noon = Date.UTC(2026, 10, 24, 12) as Instant;

export function windableClock(start: Instant = noon): WindableClock {
  let now = start;
  const sleeping = new Set<{ readonly until: Instant; readonly wake: () => void }>();
  const setTo = (instant: Instant) => {
    now = instant;
    const due = [...sleeping].filter(({ until }) => until <= now).sort((a, b) => a.until - b.until);
    for (const { wake } of due) wake();
  };
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      if (ms <= 0) return;
      await new Promise<void>((resolve, reject) => {
        const end = (finish: () => void) => {
          sleeping.delete(sleeper);
          signal?.removeEventListener("abort", abort);
          finish();
        };
        const abort = () => end(() => reject(signal?.reason));
        const sleeper = { until: after(now, ms), wake: () => end(resolve) };
        sleeping.add(sleeper);
        signal?.addEventListener("abort", abort, { once: true });
      });
    },
    wind: (ms) => setTo(after(now, ms)),
    setTo,
    get sleepers() {
      return sleeping.size;
    },
  };
}

/** The same bytes for the same seed; every draw differs from the last. */
export function seededRandomness(seed = 1): Randomness {
  let state = seed >>> 0;
  // mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(fraction() * 256)), fraction };
}
