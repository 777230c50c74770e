import { runCheck } from "../check-steps.ts";
import type { Batch, OpenOptions, StagedFile, Target, Warehouse } from "../destination.ts";
import { adoptTables, commitBatch, rehearseBatch } from "../sql/commit.ts";
import { receiptOf, receiptStatements } from "../sql/receipts.ts";
import { checkTasks } from "./check.ts";
import { type OpenDatabase, withDatabase } from "./database.ts";
import { duckdbDialect } from "./dialect.ts";
import { duckdbError } from "./errors.ts";
import { mergeBatch } from "./merge.ts";
import { discardPlan, stagedPath, stageFile } from "./staging.ts";

export interface DuckdbSettings {
  readonly file: string;
}

/** A session with the file. Nothing is held open between calls. */
export function openDuckdb(settings: DuckdbSettings, target: Target, options: OpenOptions): Warehouse {
  const { folder, signal, onStep } = options;
  const receipts = receiptStatements(duckdbDialect, target);
  const opened = <T>(work: (database: OpenDatabase) => Promise<T>, staged: readonly string[] = []) =>
    withDatabase({ folder, file: settings.file, staged }, signal, work);
  const pathIn = (batch: Batch) => (file: StagedFile) => stagedPath(folder, batch.planId, file);
  const partsOf = (session: OpenDatabase) => ({
    ...{ dialect: duckdbDialect, target, session },
    ...(onStep === undefined ? {} : { onStep }),
    begin: () => session.run("BEGIN TRANSACTION"),
    commit: () => session.run("COMMIT"),
    rollback: () => session.run("ROLLBACK"),
  });
  const merging = (session: OpenDatabase, batch: Batch) => ({
    ...partsOf(session),
    merge: () => mergeBatch(session, { prefix: target.tablePrefix, pathOf: pathIn(batch) }, batch),
  });
  return {
    check: () => runCheck(checkTasks({ folder, file: settings.file }, target, signal)),
    stage: async (file) => {
      await onStep?.("stage", "before");
      const staged = await stageFile(folder, file).catch((error: unknown) => Promise.reject(duckdbError(error)));
      await onStep?.("stage", "after");
      return staged;
    },
    commit: (batch, fence) =>
      opened((session) => commitBatch(merging(session, batch), batch, fence), batch.files.map(pathIn(batch))),
    rehearse: (batch) =>
      opened((session) => rehearseBatch(merging(session, batch), batch), batch.files.map(pathIn(batch))),
    adopt: () => opened((session) => adoptTables(partsOf(session))),
    poll: () => Promise.reject(new TypeError("a commit ends within its call here: there is nothing to poll")),
    receipts: (syncId, object, after) =>
      opened(async (session) => (await session.query(receipts.after(syncId, object, after))).map(receiptOf)),
    hasReceipt: (syncId, object, last) =>
      opened(async (session) => (await session.query(receipts.at(syncId, object, last))).length > 0),
    heads: (object) =>
      opened(async (session) => {
        const [row] = await session.query(receipts.heads(object));
        return { fence: Number(row?.["fence"]), seq: Number(row?.["seq"]) };
      }),
    discard: async (planId) => {
      await onStep?.("discard", "before");
      await discardPlan(folder, planId).catch((error: unknown) => Promise.reject(duckdbError(error)));
      await onStep?.("discard", "after");
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
