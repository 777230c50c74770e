import * as z from "zod";
import { type ErrorCode, errorCodes } from "../../model/error-codes.ts";
import { SyncError } from "../../model/errors.ts";
import { importAttemptsMax } from "../../model/limits.ts";
import { errorOfCatch } from "../../model/wire-error.ts";
import type { Deps } from "../deps.ts";
import { editImport, requireImport, type StoredImport } from "../store/imports.ts";
import { endImport } from "./end-import.ts";
import { type NotedFailure, notedFailure } from "./note-failure.ts";
import { isOpenAttempt } from "./open-attempt.ts";
import { ImportAttempt } from "./requests.ts";
import { writeResults } from "./write-results.ts";

export const FailImportRequest = ImportAttempt.extend({
  error: z.object({ Error: z.string().optional(), Cause: z.string().optional() }).optional(),
});
type FailImportRequest = z.infer<typeof FailImportRequest>;

/**
 * Called when a step has failed for good. What is wrong with the file ends the import; what is wrong with us closes the
 * attempt, and the sweep starts the next one, up to `importAttemptsMax`.
 */
export async function failImport(deps: Deps, request: FailImportRequest, _signal: AbortSignal): Promise<void> {
  const record = await requireImport(deps.table, request.accountId, request.importId);
  if (!isOpenAttempt(record, request.attempt)) return;
  const failure = await failureOf(deps, request);
  if (failure === undefined) return closeAttempt(deps, request, { deaths: record.deaths + 1 });
  const isOfFile = errorCodes[failure.code].class === "input";
  if (isOfFile) return failForGood(deps, request, record, failure.code, failure.message);
  const failures = record.failures + 1;
  // Published rows stay: what is left to do is tried until it succeeds.
  if (failures < importAttemptsMax || record.intakeSeq !== null) return closeAttempt(deps, request, { failures });
  return failForGood(
    deps,
    request,
    record,
    "TRIES_USED_UP",
    `${errorCodes.TRIES_USED_UP.text} The last error: ${failure.message}`,
  );
}

/** Ends an import as failed: the file goes to the archive, the report says why. */
export async function failForGood(
  deps: Deps,
  request: ImportAttempt,
  record: StoredImport,
  code: ErrorCode,
  message: string,
): Promise<void> {
  await writeResults(deps, record, { code, message });
  await endImport(deps, request, { state: "failed", errorCode: code, errorMessage: message });
  deps.log("import-failed", { accountId: record.accountId, importId: record.id, code });
}

/** What a step noted; else what the machine says; undefined when the work was only stopped. */
async function failureOf(deps: Deps, request: FailImportRequest): Promise<NotedFailure | undefined> {
  const noted = await notedFailure(deps, request);
  if (noted !== undefined) return noted;
  const error = errorOfCatch(request.error);
  if (error === undefined) return undefined;
  if (!(error instanceof SyncError))
    return { code: "UNKNOWN", message: `${error.name}: ${error.message}`.slice(0, 1_000) };
  if (error.errorClass === "lost") return undefined;
  return { code: error.code, message: error.externalMessage ?? error.message };
}

async function closeAttempt(deps: Deps, request: ImportAttempt, counts: Partial<StoredImport>): Promise<void> {
  await editImport(deps.table, request.accountId, request.importId, (record) =>
    isOpenAttempt(record, request.attempt) ? { ...counts, attemptOpen: false } : undefined,
  );
}
