import { Cron } from "croner";
import type { Deps } from "../flows/deps.ts";

export interface RhythmOptions {
  /** At each full hour, UTC. */
  readonly hourly: (signal: AbortSignal) => Promise<void>;
  /** At once, and then every 15 minutes. */
  readonly sweep: (signal: AbortSignal) => Promise<void>;
  readonly log: Deps["log"];
}

/** What beats while the system runs. */
export interface Rhythm {
  /** Starts nothing more, aborts what runs and waits for it. */
  stop(): Promise<void>;
}

/** Starts hour and sweep. A beat that takes longer than its interval skips the next; one that fails is logged, and tried at the next. */
export function startRhythm(options: RhythmOptions): Rhythm {
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  const beat = (name: string, work: (signal: AbortSignal) => Promise<void>) => async () => {
    const run = work(stop.signal).catch((error) => options.log("beat-failed", { name, error: String(error) }));
    running.add(run);
    await run;
    running.delete(run);
  };
  const sweep = beat("sweep", options.sweep);
  const jobs = [
    new Cron("0 * * * *", { timezone: "UTC", protect: true }, beat("hourly", options.hourly)),
    new Cron("*/15 * * * *", { timezone: "UTC", protect: true }, sweep),
  ];
  void sweep();
  return {
    stop: async () => {
      for (const job of jobs) job.stop();
      stop.abort();
      await Promise.all(running);
    },
  };
}
