import { SyncError } from "../../model/errors.ts";
import { dataObjects } from "../../model/log.ts";
import type { Batch, OpenOptions, Receipt, StepName, Target } from "../destination.ts";
import { earlierReceipt } from "../earlier-receipt.ts";
import type { SqlDialect } from "./dialect.ts";
import { receiptOf, receiptStatements, type SqlRow, type SqlStatement } from "./receipts.ts";

/** Statements on one connection, in order. */
export interface SqlSession {
  query(statement: SqlStatement): Promise<readonly SqlRow[]>;
}

/** What a kind adds to the transaction that all of them share. */
export interface CommitParts {
  readonly dialect: SqlDialect;
  readonly target: Target;
  readonly session: SqlSession;
  readonly onStep?: OpenOptions["onStep"];
  /** Begins a transaction in which a statement sees what was committed before it. */
  begin(): Promise<unknown>;
  /** Locks the receipts table, first of all within the transaction, where the engine locks no rows. */
  lock?(): Promise<unknown>;
  /** Ends it. When this throws, nobody knows whether the transaction holds. */
  commit(): Promise<unknown>;
  rollback(): Promise<unknown>;
  /** Merges the staged files and the metrics; answers the rows of the batch's object. Throws `STAGED_GONE`. */
  merge(batch: Batch): Promise<MergeCounts>;
}

export interface MergeCounts {
  readonly inserted: number;
  readonly updated: number;
}

/**
 * The one transaction of a commit: raise the lease row, look for the receipt, merge, leave the receipt; then read it
 * back. The same batch again answers the receipt that is there.
 */
export async function commitBatch(parts: CommitParts, batch: Batch, fence: number): Promise<Receipt> {
  const statements = receiptStatements(parts.dialect, parts.target);
  const found = await inTransaction(parts, async () => {
    await step(parts, "fence", async () => {
      await parts.lock?.();
      await raiseFence(parts, batch, fence);
    });
    const earlier = await step(parts, "look-up", () => lookUp(parts.session, statements.lookUp(batch), batch));
    if (earlier !== undefined) return earlier;
    const counts = await step(parts, "merge", () => parts.merge(batch));
    await step(parts, "receipt", () => parts.session.query(statements.insert(batch, fence, counts)));
    return undefined;
  });
  if (found !== undefined) return found;
  return step(parts, "read-back", async () => {
    const receipt = await lookUp(parts.session, statements.lookUp(batch), batch);
    if (receipt !== undefined) return receipt;
    throw new SyncError("RECEIPT_GONE", { message: "the receipt was committed and cannot be read back" });
  });
}

/** Merges a batch and takes that back: what the engine throws for its rows is thrown, and nothing stays. */
export async function rehearseBatch(parts: Omit<CommitParts, "commit">, batch: Batch): Promise<void> {
  await parts.begin();
  try {
    await parts.merge(batch);
  } finally {
    await parts.rollback().catch(() => undefined);
  }
}

/** Gives the lease rows of all tables to our log, in one transaction. */
export async function adoptTables(parts: Omit<CommitParts, "merge">): Promise<void> {
  const statements = receiptStatements(parts.dialect, parts.target);
  await parts.begin();
  try {
    await parts.lock?.();
    for (const object of dataObjects) {
      await parts.session.query(statements.makeLease(object));
      await parts.session.query(statements.adoptLease(object));
    }
    await parts.commit();
  } catch (error) {
    await parts.rollback().catch(() => undefined);
    throw error;
  }
}

async function inTransaction<T>(parts: CommitParts, work: () => Promise<T>): Promise<T> {
  await step(parts, "begin", () => parts.begin());
  try {
    const result = await work();
    await step(parts, "commit", () => parts.commit());
    return result;
  } catch (error) {
    await parts.rollback().catch(() => undefined);
    throw error;
  }
}

async function raiseFence(parts: CommitParts, batch: Batch, fence: number): Promise<void> {
  const statements = receiptStatements(parts.dialect, parts.target);
  await parts.session.query(statements.makeLease(batch.object));
  await parts.session.query(statements.raiseLease(batch.object, fence));
  const [lease] = await parts.session.query(statements.readLease(batch.object));
  requireLease(lease, parts.target, fence);
}

/** Throws `FOREIGN_RECEIPTS` or `FENCE_LOST` unless the lease row that was read is our log's, and its fence ours. */
export function requireLease(lease: SqlRow | undefined, { logId }: Pick<Target, "logId">, fence: number): void {
  if (lease?.["log_id"] !== logId) {
    throw new SyncError("FOREIGN_RECEIPTS", { message: `the table's lease belongs to the log ${lease?.["log_id"]}` });
  }
  const held = Number(lease["fence"]);
  if (held !== fence) throw new SyncError("FENCE_LOST", { message: `the table's fence is ${held}, ours is ${fence}` });
}

async function lookUp(session: SqlSession, statement: SqlStatement, batch: Batch): Promise<Receipt | undefined> {
  return earlierReceipt((await session.query(statement)).map(receiptOf), batch);
}

async function step<T>(parts: CommitParts, name: StepName, work: () => Promise<T>): Promise<T> {
  await parts.onStep?.(name, "before");
  const result = await work();
  await parts.onStep?.(name, "after");
  return result;
}
