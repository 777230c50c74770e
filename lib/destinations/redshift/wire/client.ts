import type { Batch, Warehouse } from "../../destination.ts";
import { earlierReceipt } from "../../earlier-receipt.ts";
import { oneConnection } from "../../pg-wire/one-connection.ts";
import { dialServer, type WireSession } from "../../pg-wire/session.ts";
import { adoptTables, commitBatch, rehearseBatch, type SqlSession } from "../../sql/commit.ts";
import { receiptOf, receiptStatements } from "../../sql/receipts.ts";
import { lockReceipts } from "../merge-statements.ts";
import type { Place } from "../place.ts";
import { loadBatch, mergeLoaded } from "./load.ts";
import { loginOf, openSession } from "./session.ts";

/** Commits and reads over PostgreSQL's protocol, on one connection. */
export interface WireClient
  extends AsyncDisposable,
    Required<Pick<Warehouse, "commit" | "rehearse" | "adopt" | "poll">> {
  /** Work with statements that each stand for themselves. */
  reading<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
}

/** A client that connects when it is first needed, and again after the connection broke. */
export function openWireClient(place: Place): WireClient {
  const { settings, target, options, dialect } = place;
  const connection = oneConnection(async () =>
    openSession(settings, await dialServer(loginOf(settings), options), options),
  );
  const statements = receiptStatements(dialect, target);
  const partsOf = (session: WireSession) => ({
    ...{ dialect, target, session },
    ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
    begin: () => session.run("BEGIN"),
    // The snapshot of a transaction is taken at its first statement: whoever has waited here sees what was committed before.
    lock: () => session.run(lockReceipts(place)),
    commit: () => session.run("COMMIT"),
    rollback: () => session.run("ROLLBACK"),
  });
  const merging = (session: WireSession, batch: Batch) => ({
    ...partsOf(session),
    merge: () => mergeLoaded(session, place, batch),
  });
  return {
    reading: (work) => connection.use(work),
    commit: (batch, fence) =>
      connection.use(async (session) => {
        const known = (await session.query(statements.lookUp(batch))).map(receiptOf);
        // A batch that is in already needs no files; the transaction itself finds its receipt.
        if (earlierReceipt(known, batch) === undefined) await loadBatch(session, place, batch);
        return commitBatch(merging(session, batch), batch, fence);
      }),
    rehearse: (batch) =>
      connection.use(async (session) => {
        await loadBatch(session, place, batch);
        await rehearseBatch(merging(session, batch), batch);
      }),
    adopt: () => connection.use((session) => adoptTables(partsOf(session))),
    poll: () => Promise.reject(new TypeError("a commit by password ends within its call: there is nothing to poll")),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
