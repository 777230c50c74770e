import { SyncError } from "../../model/errors.ts";
import type { Deps } from "../deps.ts";
import { requireImport, type StoredImport } from "../store/imports.ts";
import type { ImportAttempt } from "./requests.ts";

/** Reads an import whose attempt may still work; throws `ATTEMPT_CLOSED` for one that was closed. */
export async function openAttempt(deps: Pick<Deps, "table">, request: ImportAttempt): Promise<StoredImport> {
  const record = await requireImport(deps.table, request.accountId, request.importId);
  if (!isOpenAttempt(record, request.attempt)) throw attemptClosed(request);
  return record;
}

export function isOpenAttempt(record: StoredImport, attempt: number): boolean {
  return record.attemptOpen && record.attempt === attempt;
}

export function attemptClosed({ importId, attempt }: ImportAttempt): SyncError {
  return new SyncError("ATTEMPT_CLOSED", { message: `attempt ${attempt} of ${importId} was closed` });
}
