import type { ImportState } from "../../model/import.ts";
import type { Deps } from "../deps.ts";
import { editImport, type StoredImport } from "../store/imports.ts";
import { attemptClosed, isOpenAttempt } from "./open-attempt.ts";
import { putAway } from "./put-away.ts";
import type { ImportAttempt } from "./requests.ts";

/** How an import ends. */
export type ImportEnd = Partial<StoredImport> & { readonly state: Exclude<ImportState, "processing"> };

/** Ends an import for an attempt that is still open, then clears up after it. Throws `ATTEMPT_CLOSED`. */
export async function endImport(deps: Deps, request: ImportAttempt, end: ImportEnd): Promise<void> {
  const { accountId, importId, attempt } = request;
  const ended = await editImport(deps.table, accountId, importId, (record) =>
    isOpenAttempt(record, attempt) ? endOf(deps, end) : undefined,
  );
  if (ended === undefined) throw attemptClosed(request);
  await putAway(deps, ended);
}

/** The changes that end an import now. */
function endOf(deps: Pick<Deps, "clock">, end: ImportEnd): Partial<StoredImport> {
  return { totalIsEstimate: false, ...end, endedAt: deps.clock.now(), attemptOpen: false };
}
