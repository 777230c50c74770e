import { createHash } from "node:crypto";
import type { Batch, StagedFile } from "../../destination.ts";
import { columnList, stagedColumns, tableOf } from "../../sql/dialect.ts";
import { receiptStatements } from "../../sql/receipts.ts";
import { inlined, literal } from "../dialect.ts";
import {
  dropKnown,
  failUnless,
  inUtc,
  keepCount,
  keptCount,
  loadTable,
  lockReceipts,
  makeTables,
  mergeRows,
  objectsOf,
  pickRows,
} from "../merge-statements.ts";
import type { Place } from "../place.ts";
import { type CopySource, copySource, copyStatement, rowsOf } from "../staging.ts";

/** Why a transaction that cannot be asked ended by an error, by the number of the statement that raised it. */
export type Guard = "fence" | "receipt" | "staged" | "copy" | "end";

export interface Transaction {
  readonly statements: readonly string[];
  readonly guards: Readonly<Record<number, Guard>>;
  readonly secrets: readonly string[];
}

interface Part {
  readonly sql: string;
  readonly guard?: Guard;
}

/** Statements that bring a batch's files in; the same ones that a session by password runs before its transaction. */
async function loading(
  place: Place,
  batch: Batch,
): Promise<{ readonly parts: readonly Part[]; readonly sources: readonly CopySource[] }> {
  const parts: Part[] = [];
  const sources: CopySource[] = [];
  for (const { object, files } of objectsOf(batch)) {
    const source = await copySource({ area: place.area(), settings: place.settings }, batch.planId, files);
    sources.push(source);
    parts.push(
      ...makeTables(place, object).map((sql) => ({ sql })),
      { sql: copyOf(object, source), guard: "copy" },
      { sql: failUnless(`COUNT(*) = ${rowsOf(files)}`, loadTable(object)), guard: "staged" },
      { sql: pickRows(object, batch) },
    );
  }
  return { parts, sources };
}

function copyOf(object: StagedFile["object"], source: CopySource, isTrial = false): string {
  return copyStatement(loadTable(object), columnList(stagedColumns(tableOf(object))), source, isTrial);
}

function merging(place: Place, batch: Batch): readonly Part[] {
  return objectsOf(batch).flatMap(({ object, files }) => [
    { sql: dropKnown(place, object, files) },
    ...(object === "metrics" ? [] : keepCount(place, object).map((sql) => ({ sql }))),
    { sql: mergeRows(place, object) },
  ]);
}

/**
 * A whole commit. The Data API runs a batch as one transaction and tells nothing before its end, so where a session would
 * look and turn back, a statement divides by zero: the lease is not ours, the receipt is there, rows are missing.
 */
export async function commitTransaction(place: Place, batch: Batch, fence: number): Promise<Transaction> {
  const receipts = receiptStatements(place.dialect, place.target);
  const { parts, sources } = await loading(place, batch);
  return transactionOf(
    [
      ...opening(place),
      { sql: leaseGuard(place, batch, fence), guard: "fence" },
      { sql: receiptGuard(place, batch), guard: "receipt" },
      ...parts,
      ...merging(place, batch),
      { sql: inlined(receipts.insertCounted(batch, fence, keptCount)) },
    ],
    sources,
  );
}

function leaseGuard(place: Place, batch: Batch, fence: number): string {
  const lease = inlined(receiptStatements(place.dialect, place.target).readLease(batch.object));
  const isOurs = `log_id = ${literal(place.target.logId)} AND fence = ${fence}`;
  return failUnless("COUNT(*) = 1", `(${lease}) AS "lease" WHERE ${isOurs}`);
}

/** As `earlierReceipt` looks: receipts of the plan that begin before the batch ends and end after it begins. */
function receiptGuard(place: Place, batch: Batch): string {
  const { seq, file } = batch.last;
  const ending = inlined(receiptStatements(place.dialect, place.target).lookUp(batch));
  const isTouching = `from_seq < ${seq} OR (from_seq = ${seq} AND first_file <= ${file})`;
  return failUnless("COUNT(*) = 0", `(${ending}) AS "receipts" WHERE ${isTouching}`);
}

/** A commit short of lease and receipt, ended by an error on purpose. */
export async function rehearsal(place: Place, batch: Batch): Promise<Transaction> {
  const { parts, sources } = await loading(place, batch);
  const end: Part = { sql: "SELECT 1 / 0", guard: "end" };
  return transactionOf([...opening(place), ...parts, ...merging(place, batch), end], sources);
}

/** COPY with NOLOAD of a batch's files. */
export async function copyTrial(place: Place, batch: Batch): Promise<Transaction> {
  const parts: Part[] = [];
  const sources: CopySource[] = [];
  for (const { object, files } of objectsOf(batch)) {
    const source = await copySource({ area: place.area(), settings: place.settings }, batch.planId, files);
    sources.push(source);
    parts.push(...makeTables(place, object).map((sql) => ({ sql })), {
      sql: copyOf(object, source, true),
      guard: "copy",
    });
  }
  return transactionOf(parts, sources);
}

/** The first statement that looks at a table takes the snapshot, so it has to be the lock. */
function opening(place: Place): readonly Part[] {
  return [{ sql: inUtc }, { sql: lockReceipts(place) }];
}

function transactionOf(parts: readonly Part[], sources: readonly CopySource[]): Transaction {
  return {
    statements: parts.map(({ sql }) => sql),
    guards: Object.fromEntries(parts.flatMap(({ guard }, index) => (guard === undefined ? [] : [[index, guard]]))),
    secrets: sources.flatMap(({ secrets }) => secrets),
  };
}

/** The same for the same batch under the same fence, so that a repeated call starts nothing a second time. */
export function clientTokenOf(place: Place, batch: Batch, fence: number, tries: number): string {
  const { logId, tablePrefix } = place.target;
  const { syncId, planId, object, first, last, files } = batch;
  const name = {
    logId,
    tablePrefix,
    syncId,
    planId,
    object,
    first,
    last,
    files: files.map(({ location }) => location),
  };
  return createHash("sha256")
    .update(JSON.stringify({ ...name, fence, tries }))
    .digest("hex");
}
