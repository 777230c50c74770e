import { cutEvenly } from "../../engine/csv/cut-file.ts";
import { sniffCsv } from "../../engine/csv/sniff.ts";
import { planColumns } from "../../model/column-plan.ts";
import { SyncError } from "../../model/errors.ts";
import { headBytesMax, rangesMax } from "../../model/limits.ts";
import type { Deps } from "../deps.ts";
import type { StoredImport } from "../store/imports.ts";
import { mappingOf, type SavedMapping } from "../store/mappings.ts";
import { writeList } from "../store/records.ts";
import { endImport } from "./end-import.ts";
import { keepPlan, type ReadingPlan, workKey } from "./import-files.ts";
import { needlessState } from "./needless.ts";
import { notingFailure } from "./note-failure.ts";
import { openAttempt } from "./open-attempt.ts";
import { type ImportAnswer, ImportAttempt, type ImportSlice } from "./requests.ts";

export const PlanImportRequest = ImportAttempt;

/**
 * Begins an attempt: ends an import that would change nothing, else looks at the head of the file and decides how it is
 * read and cut. An import whose rows are published already only has to be closed.
 */
export async function planImport(deps: Deps, request: ImportAttempt, signal: AbortSignal): Promise<ImportAnswer> {
  return notingFailure(deps, request, "plan", signal, async () => {
    const record = await openAttempt(deps, request);
    if (record.intakeSeq !== null) return { ...request, next: "close", itemsKey: "" };
    const saved = await mappingOf(deps.table, record.accountId, record.object);
    const needless = await needlessState(deps, record, saved.version, signal);
    if (needless !== undefined) {
      await endImport(deps, request, { state: needless });
      return { ...request, next: "end", itemsKey: "" };
    }
    const plan = await keepPlan(deps, request, await readingPlan(deps, request, record, saved));
    return { ...request, ...(await itemsOf(deps, request, plan)) };
  });
}

async function readingPlan(
  deps: Deps,
  request: ImportAttempt,
  record: StoredImport,
  saved: SavedMapping,
): Promise<ReadingPlan> {
  const { inboxKey, version, object, bytes } = record;
  const head = await deps.files.get(inboxKey, { version, range: { start: 0, end: headBytesMax } });
  if (head === undefined) throw new SyncError("OBJECT_GONE");
  const shape = sniffCsv(head, head.length === bytes, saved.mapping.delimiter);
  return {
    delimiter: shape.delimiter,
    columns: planColumns(object, shape.headers, saved.mapping),
    mappingVersion: saved.version,
    bytes,
    linesBefore: shape.linesBefore,
    ranges: cutEvenly(shape.dataStart, bytes, request.rangeBytesMin, rangesMax),
  };
}

/** A file of one range needs no scan: its only slice is known. */
async function itemsOf(
  deps: Deps,
  request: ImportAttempt,
  plan: ReadingPlan,
): Promise<Pick<ImportAnswer, "next" | "itemsKey">> {
  const isOne = plan.ranges.length === 1;
  const itemsKey = workKey(request, isOne ? "slices.json" : "ranges.json");
  const items = plan.ranges.map(([start, end], index): ImportSlice | (ImportAttempt & { range: number }) =>
    isOne ? { ...request, number: 1, start, end, linesBefore: plan.linesBefore } : { ...request, range: index + 1 },
  );
  await writeList(deps.files, itemsKey, items);
  return { next: isOne ? "parse" : "scan", itemsKey };
}
