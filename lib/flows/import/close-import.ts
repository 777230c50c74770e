import type { Deps } from "../deps.ts";
import type { StoredImport } from "../store/imports.ts";
import { endImport, type ImportEnd } from "./end-import.ts";
import { readPlan } from "./import-files.ts";
import { notingFailure } from "./note-failure.ts";
import { openAttempt } from "./open-attempt.ts";
import { countsOf } from "./publish-outcome.ts";
import { ImportAttempt } from "./requests.ts";
import { type ImportOutcome, importOutcome } from "./slice-outcomes.ts";
import { type Summary, writeResults } from "./write-results.ts";

export const CloseImportRequest = ImportAttempt;

/** Leaves the results for the uploader and ends the import. */
export async function closeImport(deps: Deps, request: ImportAttempt, signal: AbortSignal): Promise<void> {
  return notingFailure(deps, request, "close", signal, async () => {
    const record = await openAttempt(deps, request);
    // The attempt that published may have been an earlier one: its files are the ones to report on.
    const reader = { ...request, attempt: record.publishedAttempt ?? request.attempt };
    const outcome = await importOutcome(deps, reader, signal);
    const plan = await readPlan(deps, reader);
    await writeResults(deps, record, summaryOf(record, outcome), { plan, outcome });
    await endImport(deps, request, {
      ...countsOf(outcome),
      mappingVersion: plan.mappingVersion,
      ...endOfRows(outcome),
    });
  });
}

function endOfRows({ accepted, rejected }: ImportOutcome): ImportEnd {
  if (rejected === 0) return { state: "completed" };
  if (accepted > 0) return { state: "completed with errors" };
  return { state: "failed", errorCode: "TOO_MANY_ERRORS", errorMessage: "every row of the file was rejected" };
}

function summaryOf({ appliedOutOfOrder }: StoredImport, { records, accepted, rejected }: ImportOutcome): Summary {
  const rows =
    records === 0 ? "the file has a header and no rows" : `${records} rows: ${accepted} accepted, ${rejected} rejected`;
  const late = appliedOutOfOrder ? "; applied after files that were uploaded later" : "";
  return { code: records > 0 && accepted === 0 ? "TOO_MANY_ERRORS" : null, message: `${rows}${late}` };
}
