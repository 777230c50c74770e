import * as z from "zod";
import { AttemptRequest } from "./open-run.ts";

/** Batches that one execution commits before it hands over to the next, to keep its history short. */
export const batchesPerExecution = 100;

/** What the states of `sync.asl.json` hand on: references and counters, never rows. */
export const SyncState = AttemptRequest.extend({
  /** Where the machine goes next. */
  next: z.enum(["stage", "commit", "wait", "part", "finish", "fail"]).default("stage"),
  /** How the run ends, once `next` is `finish`. */
  outcome: z.enum(["completed", "paused"]).default("completed"),
  /** Batches committed by this execution. */
  batches: z.int().default(0),
  /** Waits in a row. */
  waits: z.int().default(0),
  waitSeconds: z.int().default(0),
  /** Number of the last file that this execution has staged, or tried to. */
  stagedThrough: z.int().default(0),
  /** How often staged files were found gone, and staged again. */
  restagings: z.int().default(0),
  /** Number of the file whose bad rows are being searched for, since the warehouse refused it at the commit. */
  refused: z.int().nullable().default(null),
  /** Key of the list of files to stage now. */
  itemsKey: z.string().default(""),
});
export type SyncState = z.infer<typeof SyncState>;

/** The state of an execution that has just begun. */
export function firstState(request: AttemptRequest): SyncState {
  const { accountId, runId, attempt, kind } = request;
  return SyncState.parse({ accountId, runId, attempt, kind });
}

/** Seconds before the next look, doubling from `first` to a minute. */
export function backoffSeconds(waits: number, first: number): number {
  return Math.min(60, first * 2 ** Math.min(waits, 10));
}
