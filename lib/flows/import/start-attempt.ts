import type { Deps } from "../deps.ts";
import { importExecution, type StoredImport } from "../store/imports.ts";

/** Starts the execution of an import's present attempt; one that was started before is left alone. */
export async function startAttempt(deps: Pick<Deps, "workflows">, record: StoredImport): Promise<void> {
  const { accountId, id: importId, attempt } = record;
  await deps.workflows.start("import", importExecution(record), { accountId, importId, attempt });
}
