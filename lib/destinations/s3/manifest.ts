import * as z from "zod";
import type { LogId, RunId, SyncId } from "../../model/ids.ts";
import { comparePositions, type Position } from "../../model/log.ts";
import type { Instant } from "../../model/time.ts";
import type { Batch, Receipt } from "../destination.ts";

const count = z.int().nonnegative();
const instantText = z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);

/** A file of rows that a manifest makes part of a table. */
const NamedFile = z.object({
  /** The table that its rows belong to: metrics ride in the manifests of the events. */
  table_name: z.string(),
  object_key: z.string(),
  rows: count,
  bytes: count,
});
export type NamedFile = z.infer<typeof NamedFile>;

const chained = {
  /** Of this spelling. */
  format: z.literal(1),
  number: count,
  /** By it a writer knows its own work again. */
  id: z.string(),
  target_table: z.string(),
  /** The log that writes here; null until one does. */
  log_id: z.string().nullable(),
  /** Never falls along the chain. */
  fence: count,
  /** What all manifests up to this one come to, so that nobody has to read them all. */
  chain: z.object({
    seq: count,
    /** By sync: the number of its newest manifest, and the highest position that any of them reached. */
    syncs: z.record(z.string(), z.object({ number: count, seq: count, file: count })),
  }),
} as const;

/** The first of a chain: a table without rows. */
const Beginning = z.object({ ...chained, kind: z.literal("beginning") });
/** Raises the fence, and no more. */
const Lease = z.object({ ...chained, kind: z.literal("lease") });
/** A committed batch: its receipt, and the files that it adds. */
const BatchManifest = z.object({
  ...chained,
  kind: z.literal("batch"),
  log_id: z.string(),
  sync_id: z.string(),
  plan_id: z.string(),
  first_file: count,
  last_file: count,
  from_seq: count,
  to_seq: count,
  rows_staged: count,
  rows_inserted: count,
  rows_updated: count,
  rows_quarantined: count,
  committed_at: instantText,
  synced_at: instantText,
  files: z.array(NamedFile),
  /** The number of the same sync's manifest before this one. */
  previous: count.nullable(),
});
export type BatchManifest = z.infer<typeof BatchManifest>;

const Manifest = z.discriminatedUnion("kind", [Beginning, Lease, BatchManifest]);
export type Manifest = z.infer<typeof Manifest>;

/** A manifest from its text; undefined where it is none of ours. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    return Manifest.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** One line, so that whatever reads JSON line by line reads a manifest as a row. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest)}\n`;
}

export function beginning(table: string, id: string): Manifest {
  const chain = { seq: 0, syncs: {} };
  return { format: 1, kind: "beginning", number: 0, id, target_table: table, log_id: null, fence: 0, chain };
}

/** The manifest after `head` that raises the fence. */
export function leaseAfter(head: Manifest, claim: { id: string; logId: LogId; fence: number }): Manifest {
  const { target_table, chain } = head;
  const { id, fence } = claim;
  return { format: 1, kind: "lease", number: head.number + 1, id, target_table, log_id: claim.logId, fence, chain };
}

export interface BatchClaim {
  readonly id: string;
  readonly logId: LogId;
  readonly batch: Batch;
  readonly fence: number;
  readonly files: readonly NamedFile[];
  readonly committedAt: Instant;
}

/** The manifest after `head` that commits a batch. Rows are only ever added here, so all of them count as inserted. */
export function batchAfter(head: Manifest, claim: BatchClaim): BatchManifest {
  const { batch, fence, id, logId } = claim;
  const number = head.number + 1;
  const before = head.chain.syncs[batch.syncId];
  const reach = before !== undefined && comparePositions(before, batch.last) > 0 ? before : batch.last;
  const syncs = { ...head.chain.syncs, [batch.syncId]: { number, seq: reach.seq, file: reach.file } };
  return {
    format: 1,
    kind: "batch",
    ...{ number, id, target_table: head.target_table, log_id: logId, fence },
    sync_id: batch.syncId,
    plan_id: batch.planId,
    ...{ first_file: batch.first.file, last_file: batch.last.file, from_seq: batch.first.seq, to_seq: batch.last.seq },
    rows_staged: batch.rowsStaged,
    rows_inserted: batch.rowsStaged,
    rows_updated: 0,
    rows_quarantined: batch.rowsQuarantined,
    committed_at: instantOf(claim.committedAt),
    synced_at: instantOf(batch.syncedAt),
    files: [...claim.files],
    previous: before?.number ?? null,
    chain: { seq: Math.max(head.chain.seq, batch.last.seq), syncs },
  };
}

/** The receipt that a committed batch is. */
export function receiptOfManifest(manifest: BatchManifest): Receipt {
  return {
    logId: manifest.log_id as LogId,
    syncId: manifest.sync_id as SyncId,
    planId: manifest.plan_id as RunId,
    targetTable: manifest.target_table,
    first: { seq: manifest.from_seq, file: manifest.first_file },
    last: lastOf(manifest),
    rowsStaged: manifest.rows_staged,
    rowsInserted: manifest.rows_inserted,
    rowsUpdated: manifest.rows_updated,
    rowsQuarantined: manifest.rows_quarantined,
    fence: manifest.fence,
    committedAt: Date.parse(`${manifest.committed_at.replace(" ", "T")}Z`) as Instant,
  };
}

function lastOf(manifest: BatchManifest): Position {
  return { seq: manifest.to_seq, file: manifest.last_file };
}

/** `2026-11-24 18:00:00.000000`, as DuckDB and Athena read instants. */
function instantOf(instant: Instant): string {
  return `${new Date(instant).toISOString().replace("T", " ").slice(0, -1)}000`;
}
