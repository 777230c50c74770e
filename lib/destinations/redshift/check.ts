import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { hasCode, SyncError } from "../../model/errors.ts";
import type { RunId } from "../../model/ids.ts";
import { CheckFailure, type CheckTask } from "../check-steps.ts";
import type { Batch, Target } from "../destination.ts";
import { checkBatch, checkRow } from "../sql/check-row.ts";
import type { SqlSession } from "../sql/commit.ts";
import { receiptStatements } from "../sql/receipts.ts";
import { checkPrivileges, checkTableColumns, checkTables } from "./check-objects.ts";
import type { Place } from "./place.ts";
import { readingPolicy } from "./setup-script.ts";
import { discardPlan, stagedKey } from "./staging.ts";

/** How a transport is checked: step by step, each throwing what it met with. */
export interface CheckDoor extends AsyncDisposable {
  /** Answers what was reached. */
  reach(): Promise<string>;
  tls(): Promise<string>;
  /** From here on `session` may be used. */
  logIn(): Promise<void>;
  readonly session: SqlSession;
  /** COPY with NOLOAD: reads the staged files and loads nothing. */
  tryCopy(batch: Batch): Promise<void>;
  /** All of a commit short of lease and receipt, taken back. */
  rehearse(batch: Batch): Promise<void>;
}

/** The steps of a check. They make tables only where none is there and the user may. */
export async function* checkTasks(place: Place, openDoor: (place: Place) => CheckDoor): AsyncGenerator<CheckTask> {
  await using door = openDoor(place);
  yield {
    step: "reach",
    run: async () => {
      requireArea(place);
      return door.reach();
    },
  };
  yield { step: "tls", run: () => door.tls() };
  yield {
    step: "login",
    run: async () => {
      await door.logIn();
      return describeLogin(door.session);
    },
  };
  yield { step: "privileges", run: () => checkPrivileges(door.session, place) };
  yield { step: "tables", run: () => checkTables(door.session, place) };
  yield { step: "columns", run: () => checkTableColumns(door.session, place) };
  yield { step: "receipts", run: () => checkReceipts(door.session, place, place.target) };
  yield { step: "load", run: () => loadOneRow(door, place) };
}

function requireArea(place: Place): void {
  try {
    place.area();
  } catch (error) {
    throw new CheckFailure(
      "Fill in Staging bucket, its region and keys: batches lie there until Redshift has loaded them.",
      error,
    );
  }
}

async function describeLogin(session: SqlSession): Promise<string> {
  const [row] = await session.query({ sql: 'SELECT current_user AS "name", version() AS "version"', values: [] });
  const version = /Redshift\s+([\d.]+)/i.exec(String(row?.["version"]))?.[1];
  if (version === undefined) {
    throw new CheckFailure(
      "Name the endpoint of an Amazon Redshift cluster or workgroup; for PostgreSQL there is a destination of its own.",
      new SyncError("SETTINGS_INVALID", { message: "this server is not Amazon Redshift" }),
    );
  }
  return `as ${row?.["name"]}, Amazon Redshift ${version}`;
}

async function checkReceipts(session: SqlSession, place: Place, target: Target): Promise<string> {
  const [foreign] = await session.query(receiptStatements(place.dialect, target).foreign());
  if (foreign === undefined) return "no other log writes here";
  throw new SyncError("FOREIGN_RECEIPTS", { message: `the tables hold receipts of the log ${foreign["log_id"]}` });
}

/** Stages one row, has it read and merged, and takes everything back. */
async function loadOneRow(door: CheckDoor, place: Place): Promise<string> {
  const area = place.area();
  const planId = `check-${randomBytes(8).toString("hex")}` as RunId;
  const row = Object.fromEntries(checkRow("profile").map(({ name, text, type }) => [name, jsonValue(type, text)]));
  const body = gzipSync(`${JSON.stringify(row)}\n`);
  const about = { number: 1, object: "profiles" as const, rows: 1, bytes: body.length };
  const location = stagedKey(area, planId, about, body);
  try {
    await area.put(location, { bytes: body });
    const batch = { ...checkBatch({ ...about, location }), planId };
    await withFix(place, () => door.tryCopy(batch));
    await door.rehearse(batch);
  } finally {
    await discardPlan(area, planId).catch(() => undefined);
  }
  return "one row was read from the staging bucket, loaded, and taken back";
}

function jsonValue(type: string, text: string): unknown {
  return type === "json" || type === "bool" || type === "int64" ? JSON.parse(text) : text;
}

/** Where the cluster may not read what we staged, what lets it. */
async function withFix(place: Place, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { iamRole } = place.settings;
    if (iamRole === undefined || !hasCode(error, "PERMISSION_DENIED")) throw error;
    throw new CheckFailure(
      `Attach ${iamRole} to the cluster or workgroup, and give it the policy ${readingPolicy(place.area().address)}`,
      error,
    );
  }
}
