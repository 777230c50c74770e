import { type PostgresSession, statementTimeoutMs } from "./connection.ts";

/** A writer that stalls within a transaction loses it after this, and with it the lease row that others wait for. */
const idleTimeoutMs = 120_000;
const lockTimeoutMs = 60_000;

/**
 * Settings hold for the transaction alone, so that a pooler between us and the server does no harm. A statement sees
 * what was committed before it (READ COMMITTED): the look-up after the lease row depends on it. Names resolve to the
 * server's own functions only. Where the server acknowledges commits before they are on disk, ours wait; where it can
 * notice that we are gone (14 and newer), it looks.
 */
const begin = [
  "BEGIN ISOLATION LEVEL READ COMMITTED",
  "SET LOCAL TimeZone = 'UTC'",
  "SET LOCAL DateStyle = 'ISO, YMD'",
  "SET LOCAL search_path = ''",
  `SET LOCAL statement_timeout = ${statementTimeoutMs}`,
  `SET LOCAL lock_timeout = ${lockTimeoutMs}`,
  `SET LOCAL idle_in_transaction_session_timeout = ${idleTimeoutMs}`,
  "SELECT set_config(name, 'on', true) FROM pg_catalog.pg_settings WHERE name = 'synchronous_commit' AND setting = 'off'",
  "SELECT set_config(name, '10000', true) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'",
].join("; ");

/** Begins a transaction of ours. */
export function beginTransaction(session: PostgresSession): Promise<unknown> {
  return session.run(begin);
}

/** Does the work in one transaction, kept or taken back as a whole. */
export async function inTransaction<T>(
  session: PostgresSession,
  end: "COMMIT" | "ROLLBACK",
  work: () => Promise<T>,
): Promise<T> {
  await beginTransaction(session);
  try {
    const result = await work();
    await session.run(end);
    return result;
  } catch (error) {
    await session.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
}
