import type { AccountId } from "../../model/ids.ts";
import { importDeathsMax, rangeBytesMin } from "../../model/limits.ts";
import type { Deps } from "../deps.ts";
import { editImport, importExecution, type OpenImport, requireImport } from "../store/imports.ts";
import { failForGood } from "./fail-import.ts";
import { isOpenAttempt } from "./open-attempt.ts";
import { startAttempt } from "./start-attempt.ts";

/** Starts the next attempt at an import whose present one has failed, or was lost with its process. */
export async function reviveImport(deps: Deps, accountId: AccountId, open: OpenImport): Promise<void> {
  const record = await requireImport(deps.table, accountId, open.importId);
  if (record.endedAt !== null) return;
  const status = await deps.workflows.describe("import", importExecution(record));
  if (record.attemptOpen && status === "RUNNING") return;
  const deaths = record.deaths + (record.attemptOpen ? 1 : 0);
  const request = { accountId, importId: record.id, attempt: record.attempt, rangeBytesMin };
  if (deaths > importDeathsMax && record.attemptOpen && record.intakeSeq === null) {
    const message = "the process that read the file died again and again";
    return failForGood(deps, request, record, "TRIES_USED_UP", message);
  }
  const next = await editImport(deps.table, accountId, record.id, (fresh) =>
    fresh.endedAt === null && fresh.attempt === record.attempt && fresh.attemptOpen === record.attemptOpen
      ? { attempt: fresh.attempt + 1, attemptOpen: true, deaths }
      : undefined,
  );
  if (next !== undefined && isOpenAttempt(next, next.attempt)) await startAttempt(deps, next);
}
