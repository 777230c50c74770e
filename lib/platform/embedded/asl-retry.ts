import { minuteMs, secondMs } from "../../model/time.ts";
import { failureOf, type StateFailure } from "./asl-failure.ts";
import type { Retrier } from "./asl-machine.ts";

export interface RetryDeps {
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1, for full jitter. */
  readonly fraction: () => number;
}

/** Runs a state's work as its `Retry` field says: https://states-language.net/spec.html#errors */
export async function withRetries<T>(
  retriers: readonly Retrier[],
  deps: RetryDeps,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const triesBy = new Map<Retrier, number>();
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      const failure = failureOf(thrown);
      const retrier = retriers.find((each) => each.ErrorEquals.some((name) => matches(name, failure)));
      const tries = retrier === undefined ? 0 : (triesBy.get(retrier) ?? 0);
      if (retrier === undefined || tries >= (retrier.MaxAttempts ?? 3) || signal.aborted) throw failure;
      triesBy.set(retrier, tries + 1);
      await deps.wait(delayMs(retrier, tries, deps.fraction), signal);
    }
  }
}

function matches(name: string, failure: StateFailure): boolean {
  return name === failure.name || (name === "States.ALL" && failure.isCatchable);
}

function delayMs(retrier: Retrier, tries: number, fraction: () => number): number {
  const seconds = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** tries;
  const cappedMs = Math.min(seconds, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY, yearSeconds) * secondMs;
  return retrier.JitterStrategy === "FULL" ? cappedMs * fraction() : cappedMs;
}

const yearSeconds = (365 * 24 * 60 * minuteMs) / secondMs;
