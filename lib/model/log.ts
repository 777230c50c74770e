import type { ImportId } from "./ids.ts";
import type { MetricRow } from "./metric.ts";
import type { Instant } from "./time.ts";

/** The two things we move. Each has a change log and a warehouse table of its own. */
export const dataObjects = ["profiles", "events"] as const;
export type DataObject = (typeof dataObjects)[number];

/** A whole file within a log: the entry's seq (1, 2, 3…) and the file's number within the entry (1, 2, 3…). */
export interface Position {
  readonly seq: number;
  readonly file: number;
}

/** Before every file of a log. */
export const logStart: Position = { seq: 0, file: 0 };

/** Negative when `a` comes first, zero when they are the same file. */
export function comparePositions(a: Position, b: Position): number {
  return a.seq - b.seq || a.file - b.file;
}

/** Intake rows of one import, in order. The row number of a line of the file is `firstRow + file_row_number`. */
export interface IntakeFile {
  readonly key: string;
  /** Number of the file's first row among the accepted rows of its import and object, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  readonly bytes: number;
}

/** The immutable list behind an intake entry. Files stand in row order. */
export interface IntakeList {
  readonly profiles: readonly IntakeFile[];
  readonly events: readonly IntakeFile[];
}

/** One accepted import (or run of API batches) in the intake log. */
export interface IntakeEntry {
  readonly seq: number;
  readonly importId: ImportId;
  /** Key of the `IntakeList`. */
  readonly listKey: string;
  readonly profileRows: number;
  readonly eventRows: number;
  readonly bytes: number;
  /** When it was published: the `created_at`, `updated_at` or `ingested_at` of what it brings. */
  readonly acceptedAt: Instant;
  /** When the oldest of its rows reached us (end of upload); freshness counts from here. */
  readonly acceptedAtMin: Instant;
}

/** One Parquet file of resolved rows, in the columns of the warehouse table less `_synced_at`. */
export interface ChangeFile {
  readonly key: string;
  /** Its number within the entry, from 1. */
  readonly file: number;
  readonly rows: number;
  readonly bytes: number;
  /** Of event files: the range of `event_at`. */
  readonly eventAtMin?: Instant;
  readonly eventAtMax?: Instant;
}

/** The immutable list behind a change entry. */
export interface ChangeList {
  readonly files: readonly ChangeFile[];
}

/** What one consolidation added to a change log. Every row of its files carries this `_seq`. */
export interface ChangeEntry {
  readonly object: DataObject;
  readonly seq: number;
  readonly listKey: string;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  readonly publishedAt: Instant;
  /** The smallest `acceptedAtMin` of the intake entries behind it. */
  readonly acceptedAtMin: Instant;
}

/** A Parquet file of one hash partition of the state. */
export interface StateFile {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Deltas override the base, and later deltas earlier ones (by `_seq`). */
export interface StatePartition {
  readonly base: StateFile | null;
  readonly deltas: readonly StateFile[];
  /** Rows that no later one overrides. */
  readonly live?: number;
}

/** Everything a consolidation reads and replaces at once; an immutable object in `Files`. */
export interface AccountState {
  readonly version: number;
  /** Intake entries up to and with this seq are consolidated. */
  readonly intakeSeq: number;
  readonly profilesSeq: number;
  readonly eventsSeq: number;
  /** Profile rows by partition of their id. */
  readonly profiles: readonly StatePartition[];
  /** (kind, value) → profile id, by partition of the value. */
  readonly identities: readonly StatePartition[];
  /** Hashes of event ids, by partition. */
  readonly eventIndex: readonly StatePartition[];
  readonly metrics: readonly MetricRow[];
  readonly profileCount: number;
  readonly eventCount: number;
}

/** The table item that names the current `AccountState`; swapped by compare-and-swap on `version`. */
export interface AccountPointer {
  readonly version: number;
  readonly stateKey: string;
  readonly intakeSeq: number;
  readonly profilesSeq: number;
  readonly eventsSeq: number;
}
