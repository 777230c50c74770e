import * as z from "zod";
import type { ImportRecord } from "../../model/import.ts";
import { accountIdSchema, pageFields } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import type { Page } from "../store/accounts.ts";
import { importsPage } from "../store/imports.ts";
import { withProgress } from "./import-progress.ts";

export const ListImportsRequest = z.strictObject({ accountId: accountIdSchema, ...pageFields });

/** Imports of an account, newest first, those at work with what they have done so far. */
export async function listImports(
  deps: Pick<Deps, "table">,
  { accountId, ...page }: z.infer<typeof ListImportsRequest>,
  _signal: AbortSignal,
): Promise<Page<ImportRecord>> {
  const found = await importsPage(deps.table, accountId, page);
  return { ...found, items: await Promise.all(found.items.map((record) => withProgress(deps, record))) };
}
