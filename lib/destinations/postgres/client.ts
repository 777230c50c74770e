import { runCheck } from "../check-steps.ts";
import type { Batch, OpenOptions, StepName, Target, Warehouse } from "../destination.ts";
import { oneConnection } from "../pg-wire/one-connection.ts";
import { dialServer } from "../pg-wire/session.ts";
import { adoptTables, commitBatch, rehearseBatch } from "../sql/commit.ts";
import { receiptOf, receiptStatements } from "../sql/receipts.ts";
import { checkTasks } from "./check.ts";
import { logIn, type PostgresSession } from "./connection.ts";
import { postgresDialect } from "./dialect.ts";
import type { PostgresSettings } from "./settings.ts";
import { discardPlan, mergeBatch, type Place, stageFile } from "./staging.ts";
import { beginTransaction } from "./transaction.ts";

/** A session with the server: connects when first needed, and again after the connection broke. */
export function openPostgres(settings: PostgresSettings, target: Target, options: OpenOptions): Warehouse {
  const { onStep } = options;
  const dialect = postgresDialect(settings.schema);
  const place: Place = { dialect, stagingSchema: settings.stagingSchema, prefix: target.tablePrefix };
  const statements = receiptStatements(dialect, target);
  const connection = oneConnection(async () => logIn(settings, await dialServer(settings, options), options));
  const step = async <T>(name: StepName, work: () => Promise<T>): Promise<T> => {
    await onStep?.(name, "before");
    const result = await work();
    await onStep?.(name, "after");
    return result;
  };
  const partsOf = (session: PostgresSession) => ({
    ...{ dialect, target, session },
    ...(onStep === undefined ? {} : { onStep }),
    begin: () => beginTransaction(session),
    commit: () => session.run("COMMIT"),
    rollback: () => session.run("ROLLBACK"),
  });
  const merging = (session: PostgresSession, batch: Batch) => ({
    ...partsOf(session),
    merge: () => mergeBatch(session, place, batch),
  });
  return {
    check: () => runCheck(checkTasks(settings, target, place, options)),
    stage: (file) => connection.use((session) => step("stage", () => stageFile(session, place, file))),
    commit: (batch, fence) => connection.use((session) => commitBatch(merging(session, batch), batch, fence)),
    rehearse: (batch) => connection.use((session) => rehearseBatch(merging(session, batch), batch)),
    adopt: () => connection.use((session) => adoptTables(partsOf(session))),
    poll: () => Promise.reject(new TypeError("a commit ends within its call here: there is nothing to poll")),
    receipts: (syncId, object, after) =>
      connection.use(async (session) => (await session.query(statements.after(syncId, object, after))).map(receiptOf)),
    hasReceipt: (syncId, object, last) =>
      connection.use(async (session) => (await session.query(statements.at(syncId, object, last))).length > 0),
    heads: (object) =>
      connection.use(async (session) => {
        const [row] = await session.query(statements.heads(object));
        return { fence: Number(row?.["fence"]), seq: Number(row?.["seq"]) };
      }),
    discard: (planId) => connection.use((session) => step("discard", () => discardPlan(session, place, planId))),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
