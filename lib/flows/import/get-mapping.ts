import * as z from "zod";
import { accountIdSchema } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import { mappingOf, type SavedMapping } from "../store/mappings.ts";
import { folderSchema } from "./requests.ts";

export const GetMappingRequest = z.strictObject({ accountId: accountIdSchema, object: folderSchema });

/** How the columns of a folder's files are read. */
export async function getMapping(
  deps: Pick<Deps, "table">,
  { accountId, object }: z.infer<typeof GetMappingRequest>,
  _signal: AbortSignal,
): Promise<SavedMapping> {
  return mappingOf(deps.table, accountId, object);
}
