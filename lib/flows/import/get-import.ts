import * as z from "zod";
import type { ImportRecord } from "../../model/import.ts";
import { accountIdSchema } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import { requireImport } from "../store/imports.ts";
import { withProgress } from "./import-progress.ts";
import { importIdSchema } from "./requests.ts";

export const GetImportRequest = z.strictObject({ accountId: accountIdSchema, importId: importIdSchema });

/** One import. Throws `NOT_FOUND`, also for one of another account. */
export async function getImport(
  deps: Pick<Deps, "table">,
  { accountId, importId }: z.infer<typeof GetImportRequest>,
  _signal: AbortSignal,
): Promise<ImportRecord> {
  return withProgress(deps, await requireImport(deps.table, accountId, importId));
}
