import { hasCode, SyncError } from "../../../model/errors.ts";
import type { Batch, StagedFile } from "../../destination.ts";
import type { WireSession } from "../../pg-wire/session.ts";
import type { MergeCounts } from "../../sql/commit.ts";
import { columnList, stagedColumns, tableOf } from "../../sql/dialect.ts";
import { loadFailure } from "../load-errors.ts";
import { countRows, dropKnown, loadTable, makeTables, mergeRows, objectsOf, pickRows } from "../merge-statements.ts";
import type { Place } from "../place.ts";
import { copySource, copyStatement, rowsOf, urlsOf } from "../staging.ts";

/**
 * Loads a batch into temporary tables of the session, before the transaction: COPY may take minutes, in which nobody
 * else's commit has to wait for the receipts table.
 */
export async function loadBatch(session: WireSession, place: Place, batch: Batch): Promise<void> {
  for (const { object, files } of objectsOf(batch)) {
    for (const statement of makeTables(place, object)) await session.run(statement);
    await copyFiles(session, place, batch, { object, files, isTrial: false });
    const [found] = await session.run(`SELECT COUNT(*) AS "rows" FROM ${loadTable(object)}`);
    if (Number(found?.["rows"]) !== rowsOf(files)) {
      throw new SyncError("STAGED_GONE", {
        message: `${found?.["rows"]} rows lie staged, ${rowsOf(files)} were brought`,
      });
    }
    await session.run(pickRows(object, batch));
  }
}

async function copyFiles(
  session: WireSession,
  place: Place,
  batch: Batch,
  { object, files, isTrial }: { object: StagedFile["object"]; files: readonly StagedFile[]; isTrial: boolean },
): Promise<void> {
  const source = await copySource({ area: place.area(), settings: place.settings }, batch.planId, files);
  const columns = columnList(stagedColumns(tableOf(object)));
  try {
    await session.run(copyStatement(loadTable(object), columns, source, isTrial));
  } catch (error) {
    if (!hasCode(error, "ROW_REJECTED")) throw error;
    const locations = files.map(({ location }) => location);
    throw (await loadFailure(session, urlsOf(place.area(), locations), source.secrets)) ?? error;
  }
}

/** Merges what lies in the temporary tables, within the open transaction. */
export async function mergeLoaded(session: WireSession, place: Place, batch: Batch): Promise<MergeCounts> {
  let counts: MergeCounts = { inserted: 0, updated: 0 };
  for (const { object, files } of objectsOf(batch)) {
    await session.run(dropKnown(place, object, files));
    const [found] = await session.run(countRows(place, object));
    await session.run(mergeRows(place, object));
    if (object !== "metrics") counts = { inserted: Number(found?.["inserted"]), updated: Number(found?.["updated"]) };
  }
  return counts;
}

/** Has COPY read the staged files, and load nothing of them. */
export async function tryCopy(session: WireSession, place: Place, batch: Batch): Promise<void> {
  for (const { object, files } of objectsOf(batch)) {
    for (const statement of makeTables(place, object)) await session.run(statement);
    await copyFiles(session, place, batch, { object, files, isTrial: true });
  }
}
