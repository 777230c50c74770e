import type { Readable } from "node:stream";
import { hasCode, SyncError } from "../../model/errors.ts";
import type { Batch, EncodedFile, StagedFile } from "../destination.ts";
import type { MergeCounts } from "../sql/commit.ts";
import { type SqlDialect, tableOf } from "../sql/dialect.ts";
import type { PostgresSession } from "./connection.ts";
import { copyStaging, countStaged, createStaging, mergeStaged, quote, stagingName, stagingPrefix } from "./dialect.ts";
import { inTransaction } from "./transaction.ts";

/** Where batches are staged and merged. */
export interface Place {
  readonly dialect: SqlDialect;
  readonly stagingSchema: string;
  readonly prefix: string;
}

/** Loads one file into a staging table of its own; a repeat replaces what the first brought. */
export async function stageFile(session: PostgresSession, place: Place, file: EncodedFile): Promise<StagedFile> {
  const name = stagingName(file.planId, file);
  const rows = await inTransaction(session, "COMMIT", () => fill(session, place, name, file.object, file));
  if (rows !== file.rows) {
    throw new SyncError("INVARIANT_BROKEN", {
      message: `the server took ${rows} rows of file ${file.number}, not ${file.rows}`,
    });
  }
  const { number, object, bytes, eventAtMin, eventAtMax } = file;
  return {
    ...{ number, object, rows, bytes, location: `${place.stagingSchema}.${name}` },
    ...(eventAtMin === undefined ? {} : { eventAtMin }),
    ...(eventAtMax === undefined ? {} : { eventAtMax }),
  };
}

/** Makes a staging table within the open transaction and copies rows into it; answers how many. */
export async function fill(
  session: PostgresSession,
  place: Place,
  name: string,
  object: StagedFile["object"],
  source: { readonly path: string } | { readonly text: Readable },
): Promise<number> {
  const staging = stagingRef(place, name);
  await session.run(createStaging(place.dialect, staging, tableOf(object)));
  return session.copy(copyStaging(staging, tableOf(object)), source);
}

/** Merges a batch and its metrics within the open transaction. `nameOf` names a file's staging table. */
export async function mergeBatch(
  session: PostgresSession,
  place: Place,
  batch: Batch,
  nameOf = (file: StagedFile) => stagingName(batch.planId, file),
): Promise<MergeCounts> {
  const merge = async (files: readonly StagedFile[]): Promise<MergeCounts> => {
    const [first] = files;
    if (first === undefined) return { inserted: 0, updated: 0 };
    const stagings = files.map((file) => stagingRef(place, nameOf(file)));
    await checkStaged(session, files, stagings);
    const [counts] = await session.query({
      sql: mergeStaged(place.dialect, place.prefix, first.object, stagings),
      values: [new Date(batch.syncedAt).toISOString()],
    });
    return { inserted: Number(counts?.["inserted"]), updated: Number(counts?.["updated"]) };
  };
  if (batch.metricFile !== null) await merge([batch.metricFile]);
  return merge(batch.files);
}

/** A crash empties unlogged tables, and anyone may drop them: without all of its rows a batch must leave no receipt. */
async function checkStaged(
  session: PostgresSession,
  files: readonly StagedFile[],
  stagings: readonly string[],
): Promise<void> {
  const expected = files.reduce((sum, file) => sum + file.rows, 0);
  try {
    const [found] = await session.run(countStaged(stagings));
    if (Number(found?.["rows"]) === expected) return;
    throw new SyncError("STAGED_GONE", { message: `${found?.["rows"]} rows lie staged, ${expected} were brought` });
  } catch (error) {
    if (!hasCode(error, "OBJECT_MISSING")) throw error;
    throw new SyncError("STAGED_GONE", { message: "a staging table is gone", cause: error });
  }
}

/** Drops the staging tables of a plan, each by itself: many locks at once are more than a server may grant. */
export async function discardPlan(session: PostgresSession, place: Place, planId: string): Promise<void> {
  const found = await session.query({
    sql: "SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r' AND starts_with(c.relname, $2)",
    values: [place.stagingSchema, stagingPrefix(planId)],
  });
  for (const row of found) await session.run(`DROP TABLE IF EXISTS ${stagingRef(place, String(row["name"]))}`);
}

function stagingRef(place: Place, name: string): string {
  return `${quote(place.stagingSchema)}.${quote(name)}`;
}
