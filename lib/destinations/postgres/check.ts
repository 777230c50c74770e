import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { hasCode, SyncError } from "../../model/errors.ts";
import { CheckFailure, type CheckTask } from "../check-steps.ts";
import type { OpenOptions, StagedFile, Target } from "../destination.ts";
import { dialServer } from "../pg-wire/session.ts";
import { checkBatch, checkRow } from "../sql/check-row.ts";
import { receiptStatements } from "../sql/receipts.ts";
import { checkSchemas, checkTableColumns, checkTablePrivileges, checkTables } from "./check-objects.ts";
import { logIn, type PostgresSession } from "./connection.ts";
import type { PostgresSettings } from "./settings.ts";
import { fill, mergeBatch, type Place } from "./staging.ts";
import { inTransaction } from "./transaction.ts";

/** The steps of a check. They make schemas and tables only where none is there and the user may. */
export async function* checkTasks(
  settings: PostgresSettings,
  target: Target,
  place: Place,
  options: OpenOptions,
): AsyncGenerator<CheckTask> {
  let socket: Socket | undefined;
  let session: PostgresSession | undefined;
  let loginFailure: unknown;
  const within = (work: (open: PostgresSession) => Promise<string>) => async () => {
    if (session === undefined) throw loginFailure;
    return work(session);
  };
  const connectTls = async () => {
    if (socket === undefined) throw new SyncError("CONNECTION_LOST");
    session = await logIn(settings, socket, options).catch((error: unknown) => {
      // The driver does both at once; what is not about TLS is for the next step to tell.
      if (hasCode(error, "TLS_INVALID")) throw error;
      loginFailure = error;
      return undefined;
    });
    return settings.sslmode === "disable" ? "not encrypted: a private network" : "encrypted, certificate verified";
  };
  try {
    yield {
      step: "reach",
      run: async () => {
        socket = await dialServer(settings, options);
        return `${settings.host}:${settings.port} answers`;
      },
    };
    yield { step: "tls", run: connectTls };
    yield { step: "login", run: within((open) => describeLogin(open)) };
    yield {
      step: "privileges",
      run: within(async (open) => {
        await checkSchemas(open, settings);
        return checkTablePrivileges(open, settings, target.tablePrefix);
      }),
    };
    yield { step: "tables", run: within((open) => checkTables(open, settings, place)) };
    yield { step: "columns", run: within((open) => checkTableColumns(open, settings, place)) };
    yield { step: "receipts", run: within((open) => checkReceipts(open, target, place)) };
    yield { step: "load", run: within((open) => loadOneRow(open, place)) };
  } finally {
    await session?.[Symbol.asyncDispose]();
    socket?.destroy();
  }
}

async function describeLogin(session: PostgresSession): Promise<string> {
  const [row] = await session.run(
    "SELECT current_user AS name, current_setting('server_version') AS version, current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS replica",
  );
  if (row?.["encoding"] !== "UTF8") {
    throw new CheckFailure(
      "Name a database whose encoding is UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0;",
      new SyncError("SETTINGS_INVALID", { message: `the database's encoding is ${row?.["encoding"]}` }),
    );
  }
  if (row["replica"] === true) {
    throw new CheckFailure(
      "Name the primary server as host.",
      new SyncError("SETTINGS_INVALID", { message: "this server is a replica that cannot be written" }),
    );
  }
  return `as ${row["name"]}, PostgreSQL ${row["version"]}`;
}

async function checkReceipts(session: PostgresSession, target: Target, place: Place): Promise<string> {
  const [foreign] = await session.query(receiptStatements(place.dialect, target).foreign());
  if (foreign === undefined) return "no other log writes here";
  throw new SyncError("FOREIGN_RECEIPTS", { message: `the tables hold receipts of the log ${foreign["log_id"]}` });
}

/** Stages one row, merges it, and takes everything back. */
async function loadOneRow(session: PostgresSession, place: Place): Promise<string> {
  const name = `_ws_check_${randomBytes(8).toString("hex")}`;
  const line = checkRow("profile").map(({ text }) => `"${text.replaceAll('"', '""')}"`);
  const file: StagedFile = { number: 1, object: "profiles", rows: 1, bytes: 0, location: name };
  await inTransaction(session, "ROLLBACK", async () => {
    await fill(session, place, name, "profiles", { text: Readable.from([`${line.join(",")}\n`]) });
    const { inserted } = await mergeBatch(session, place, checkBatch(file), () => name);
    if (inserted !== 1) throw new SyncError("INVARIANT_BROKEN", { message: `${inserted} rows went in, not one` });
  });
  return "one row was loaded and taken back";
}
