import type { HistoryWindow } from "./connection.ts";
import type { ErrorClass } from "./error-classes.ts";
import type { ErrorCode } from "./error-codes.ts";
import type { AccountId, ConnectionId, RunId, SyncId } from "./ids.ts";
import type { ChangeFile, DataObject, Position, StateFile } from "./log.ts";
import type { Instant } from "./time.ts";

export const syncModes = ["historical", "periodic", "backfill", "replay"] as const;
export type SyncMode = (typeof syncModes)[number];

/** The words of the dashboard. The reason is a second field, never a new status. */
export type SyncStatus = "Scheduled" | "In progress" | "Completed" | "Errored" | "Failed" | "Paused" | "Disabled";

/** Connection × object × mode: what the dashboard lists. */
export interface SyncRecord {
  readonly id: SyncId;
  readonly accountId: AccountId;
  readonly connectionId: ConnectionId;
  readonly object: DataObject;
  readonly mode: SyncMode;
  /** Change-log head at activation: periodic starts after it, historical covers up to it. */
  readonly cutSeq: number;
  /** Key of the `AccountState` at activation, pinned by the historical sync of profiles. */
  readonly cutStateKey: string | null;
  readonly cutAt: Instant;
  readonly history: HistoryWindow;
  /** The last file that the warehouse has shown a receipt for, or that a recorded skip passed. */
  readonly watermark: Position;
  /** The file the last receipt named; null when none was left yet. */
  readonly lastReceipt: { readonly planId: string; readonly position: Position } | null;
  /** The run that holds the slot. */
  readonly runId: RunId | null;
  readonly pausedAt: Instant | null;
  readonly disabledAt: Instant | null;
  readonly completedAt: Instant | null;
  readonly failedAt: Instant | null;
  /** Since when attempts fail without one succeeding between; null after a success. */
  readonly erroredSince: Instant | null;
  /** Ticks that failed in a row. */
  readonly failures: number;
  readonly lastError: ErrorSummary | null;
  readonly nextRunAt: Instant | null;
  readonly lastCheckedAt: Instant | null;
  readonly lastSyncedAt: Instant | null;
  /** When the warehouse last let us in; with nothing to send, it is asked once a day. */
  readonly loginCheckedAt: Instant | null;
  readonly rowsSent: number;
  /** When its first run was taken up. */
  readonly startedAt: Instant | null;
  /** Files per batch since a commit ran out of time; null takes what the destination can. */
  readonly filesPerBatch: number | null;
  /** Batches committed in a row since then; ten restore the full size. */
  readonly goodBatches: number;
  /** Of a replay: how many quarantines were asked for so far; they are the files of its log. */
  readonly replays?: number;
  readonly version: number;
}

export interface ErrorSummary {
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  readonly message: string;
  readonly at: Instant;
}

export type RunState = "running" | "completed" | "failed" | "paused" | "cancelled";

/** One planned piece of work of a sync; attempts are tries at it. */
export interface RunRecord {
  readonly id: RunId;
  readonly accountId: AccountId;
  readonly syncId: SyncId;
  readonly state: RunState;
  readonly attempt: number;
  /** True while an execution may work on the attempt; a publish requires it. */
  readonly attemptOpen: boolean;
  /** Key of the frozen `Plan`; null until planned. */
  readonly planKey: string | null;
  /** Executions in a row that ended without a word and without a batch committed. */
  readonly deaths: number;
  readonly dueAt: Instant;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly filesTotal: number;
  readonly filesDone: number;
  readonly rowsTotal: number;
  readonly rowsDone: number;
  readonly rowsQuarantined: number;
  readonly error: ErrorSummary | null;
  readonly version: number;
}

/** A file of a plan, with the position that its rows have in the log and in receipts. */
export interface PlannedFile {
  /** 1, 2, 3… within the plan. */
  readonly number: number;
  readonly position: Position;
  /** Where the range that this file stands for begins: earlier than `position` where the plan left files out before it. */
  readonly first: Position;
  /** Where that range ends: later than `position` only at the end of the plan. */
  readonly last: Position;
  readonly source: ChangeFile;
}

/** A stretch of the log that the selection left nothing of: passed without waking the warehouse. Receipts and skips tile the log. */
export interface SkipRecord {
  readonly syncId: SyncId;
  readonly runId: RunId;
  readonly first: Position;
  readonly last: Position;
  readonly at: Instant;
}

/** A statement sent to the warehouse whose outcome is not recorded yet; kept per (connection, table). */
export interface OutstandingCommit {
  readonly connectionId: ConnectionId;
  readonly object: DataObject;
  readonly syncId: SyncId;
  readonly runId: RunId;
  /** Numbers of the batch's files in the plan, so that a repeat has the same bounds. */
  readonly files: readonly number[];
  readonly fence: number;
  /** What to poll with; null while the warehouse has not answered. */
  readonly token: string | null;
  readonly startedAt: Instant;
}

/** A file of a plan once its rows are in or beside the warehouse, as kept for the commit. */
export interface StagedRecord {
  readonly number: number;
  readonly rows: number;
  readonly rowsQuarantined: number;
  /** The destination's own record of it; null when no row was left to send. */
  readonly staged: unknown;
  /** Numbers of the rows that the warehouse refused at staging, from 0. */
  readonly without?: readonly number[];
}

/** A stretch of a file's rows by their number from 0; the end is exclusive. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** A file that the warehouse took at staging and refused at the commit: how far the search for its bad rows has come. */
export interface RefusedFile {
  readonly number: number;
  /** Stretches that are still to be tried. */
  readonly waiting: readonly RowRange[];
  /** Rows found bad and not set aside yet. */
  readonly bad: readonly number[];
  /** Rows set aside, which the file is staged without from now on. */
  readonly setAside: readonly number[];
  /** How many rows of the file are in quarantine, for whatever reason. */
  readonly rowsSetAside: number;
  /** Rehearsals so far. */
  readonly trials: number;
  /** How often rows were set aside: each time the rest is staged anew, under a number of its own. */
  readonly rounds: number;
  readonly reason: RefusalReason;
}

/** Why rows were refused, in the vendor's words. */
export interface RefusalReason {
  readonly code: ErrorCode;
  readonly message: string;
  readonly externalMessage: string | null;
  readonly vendorCode: string | null;
  readonly vendorRef: string | null;
}

/** Rows of one file that a warehouse cannot hold, set aside with the reason. */
export interface QuarantineRecord {
  /** Begins with the milliseconds of `at`: they are part of where it is kept. */
  readonly id: string;
  readonly connectionId: ConnectionId;
  readonly syncId: SyncId;
  readonly runId: RunId;
  readonly object: DataObject | "metrics";
  /** Key of a Parquet file with the rows as they stand in the change log. */
  readonly fileKey: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of events: a range that their `event_at` is in. */
  readonly eventAtMin?: Instant;
  readonly eventAtMax?: Instant;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly at: Instant;
  /** When its rows were last sent again; absent while they never were. */
  readonly replayedAt?: Instant;
}

/** Quarantined rows that are to be sent again: a file of the log that a replay works through. */
export interface ReplayEntry {
  readonly position: Position;
  readonly quarantineId: string;
  readonly source: ChangeFile;
}

/** Frozen at the first attempt of a run: whatever is staged, and under which name, follows from it. */
export interface Plan {
  readonly id: RunId;
  readonly syncId: SyncId;
  readonly object: DataObject;
  readonly mode: SyncMode;
  readonly selectionVersion: number;
  readonly excludedIntegrations: readonly string[];
  readonly metrics: readonly string[] | null;
  /** Events before this are left out (historical); null sends all. */
  readonly eventAtFrom: Instant | null;
  readonly syncedAt: Instant;
  /** Where the plan begins (exclusive) and ends (inclusive). */
  readonly from: Position;
  readonly to: Position;
  readonly files: readonly PlannedFile[];
  readonly rows: number;
  /** Metrics that ride in an events batch: a Parquet file with the metric table's columns less `_synced_at`. */
  readonly metricFile: StateFile | null;
}

/** A failure kept for the dashboard: who, when, what, and how to mend it. */
export interface ErrorRecord {
  readonly id: string;
  readonly accountId: AccountId;
  readonly connectionId: ConnectionId | null;
  readonly syncId: SyncId | null;
  readonly runId: RunId | null;
  readonly attempt: number | null;
  readonly step: string;
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  readonly summary: string;
  readonly externalMessage: string | null;
  readonly vendorCode: string | null;
  /** The vendor's query, statement or job id. */
  readonly vendorRef: string | null;
  readonly fix: string;
  readonly at: Instant;
}
