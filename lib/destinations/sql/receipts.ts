import type { LogId, RunId, SyncId } from "../../model/ids.ts";
import type { DataObject, Position } from "../../model/log.ts";
import type { Instant } from "../../model/time.ts";
import type { Batch, Receipt, Target } from "../destination.ts";
import { bareName, type SqlDialect, tableOf, tableRef } from "./dialect.ts";

type SqlValue = string | number;
export type SqlRow = Readonly<Record<string, unknown>>;
export interface SqlStatement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** `sync_id` and `plan_id` of the one row per table that holds its fence. */
const leaseMark = "lease";

/** The columns that make a `Receipt`, numbers as numbers and the instant in milliseconds. */
function receiptColumns(dialect: SqlDialect): string {
  return `log_id, target_table, sync_id, plan_id, first_file, last_file, from_seq, to_seq, rows_staged, rows_inserted, rows_updated, rows_quarantined, fence, ${dialect.epochMs("committed_at")} AS committed_ms`;
}

/** A row of the receipts table as the domain has it. */
export function receiptOf(row: SqlRow): Receipt {
  const text = (name: string) => String(row[name]);
  const number = (name: string) => Number(row[name] ?? 0);
  return {
    logId: text("log_id") as LogId,
    syncId: text("sync_id") as SyncId,
    planId: text("plan_id") as RunId,
    targetTable: text("target_table"),
    first: { seq: number("from_seq"), file: number("first_file") },
    last: { seq: number("to_seq"), file: number("last_file") },
    rowsStaged: number("rows_staged"),
    rowsInserted: number("rows_inserted"),
    rowsUpdated: number("rows_updated"),
    rowsQuarantined: number("rows_quarantined"),
    fence: number("fence"),
    committedAt: number("committed_ms") as Instant,
  };
}

/** The statements over one receipts table, bound to a log. Values are bound as `$1`, `$2`, … */
export function receiptStatements(dialect: SqlDialect, target: Target) {
  const table = tableRef(dialect, target.tablePrefix, "sync_receipt");
  const targetTable = (object: DataObject) => bareName(target.tablePrefix, tableOf(object));
  const select = `SELECT ${receiptColumns(dialect)} FROM ${table}`;
  const mine = "log_id = $1 AND target_table = $2 AND sync_id = $3";
  const inOrder = "ORDER BY to_seq, last_file";
  const lease = `target_table = $1 AND sync_id = '${leaseMark}'`;
  const written =
    "log_id, target_table, sync_id, plan_id, first_file, last_file, from_seq, to_seq, rows_staged, rows_quarantined, fence, rows_inserted, rows_updated, committed_at";
  const batchValues = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11";
  const valuesOf = (batch: Batch, fence: number): readonly SqlValue[] => [
    ...[target.logId, targetTable(batch.object), batch.syncId, batch.planId],
    ...[batch.first.file, batch.last.file, batch.first.seq, batch.last.seq],
    ...[batch.rowsStaged, batch.rowsQuarantined, fence],
  ];
  const leaseValues = `$1, $2, '${leaseMark}', '${leaseMark}', 0, 0, 0, 0, 0, 0, ${dialect.now}`;
  return {
    /** Makes the lease row where there is none yet. Without an enforced key, the table has to be locked already. */
    makeLease: (object: DataObject): SqlStatement => ({
      sql: `INSERT INTO ${table} (log_id, target_table, sync_id, plan_id, first_file, last_file, from_seq, to_seq, rows_staged, fence, committed_at) ${
        dialect.keyedTables.includes("sync_receipt")
          ? `VALUES (${leaseValues}) ON CONFLICT DO NOTHING`
          : `SELECT ${leaseValues} WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE target_table = $2 AND sync_id = '${leaseMark}')`
      }`,
      values: [target.logId, targetTable(object)],
    }),
    /** Raises the lease row, and locks it till the end of the transaction; leaves a higher one as it is. */
    raiseLease: (object: DataObject, fence: number): SqlStatement => ({
      sql: `UPDATE ${table} SET fence = $2, committed_at = ${dialect.now} WHERE ${lease} AND fence <= $2 AND log_id = $3`,
      values: [targetTable(object), fence, target.logId],
    }),
    /** Gives the lease row to our log, whose ever it was; its fence stays. */
    adoptLease: (object: DataObject): SqlStatement => ({
      sql: `UPDATE ${table} SET log_id = $2, committed_at = ${dialect.now} WHERE ${lease}`,
      values: [targetTable(object), target.logId],
    }),
    readLease: (object: DataObject): SqlStatement => ({
      sql: `SELECT log_id, fence FROM ${table} WHERE ${lease}`,
      values: [targetTable(object)],
    }),
    /** Receipts of the batch's plan that end within or after the batch. */
    lookUp: (batch: Batch): SqlStatement => ({
      sql: `${select} WHERE ${mine} AND plan_id = $4 AND (to_seq > $5 OR (to_seq = $5 AND last_file >= $6)) ${inOrder}`,
      values: [target.logId, targetTable(batch.object), batch.syncId, batch.planId, batch.first.seq, batch.first.file],
    }),
    insert: (batch: Batch, fence: number, counts: { inserted: number; updated: number }): SqlStatement => ({
      sql: `INSERT INTO ${table} (${written}) VALUES (${batchValues}, $12, $13, ${dialect.now})`,
      values: [...valuesOf(batch, fence), counts.inserted, counts.updated],
    }),
    /** The same with counts that a query knows, for transactions that nobody can ask in between. */
    insertCounted: (
      batch: Batch,
      fence: number,
      counts: { inserted: string; updated: string; from: string },
    ): SqlStatement => ({
      sql: `INSERT INTO ${table} (${written}) SELECT ${batchValues}, ${counts.inserted}, ${counts.updated}, ${dialect.now} FROM ${counts.from}`,
      values: valuesOf(batch, fence),
    }),
    after: (syncId: SyncId, object: DataObject, position: Position): SqlStatement => ({
      sql: `${select} WHERE ${mine} AND (to_seq > $4 OR (to_seq = $4 AND last_file > $5)) ${inOrder}`,
      values: [target.logId, targetTable(object), syncId, position.seq, position.file],
    }),
    at: (syncId: SyncId, object: DataObject, position: Position): SqlStatement => ({
      sql: `${select} WHERE ${mine} AND to_seq = $4 AND last_file = $5 ${inOrder}`,
      values: [target.logId, targetTable(object), syncId, position.seq, position.file],
    }),
    /** One row: the highest fence and position that the table shows, by whichever sync. */
    heads: (object: DataObject): SqlStatement => ({
      sql: `SELECT coalesce(max(fence), 0) AS fence, coalesce(max(to_seq), 0) AS seq FROM ${table} WHERE target_table = $1`,
      values: [targetTable(object)],
    }),
    /** Logs other than ours that left rows about our tables, at most one. Tables whose lease is ours were adopted. */
    foreign: (): SqlStatement => ({
      sql: `SELECT log_id FROM ${table} WHERE log_id <> $1 AND target_table IN ($2, $3) AND target_table NOT IN (SELECT target_table FROM ${table} WHERE sync_id = '${leaseMark}' AND log_id = $1) LIMIT 1`,
      values: [target.logId, targetTable("profiles"), targetTable("events")],
    }),
  };
}
