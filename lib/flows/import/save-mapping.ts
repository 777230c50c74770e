import * as z from "zod";
import { placeOf } from "../../model/column-plan.ts";
import { SyncError } from "../../model/errors.ts";
import { FolderMapping } from "../../model/mapping.ts";
import { accountIdSchema } from "../accounts/requests.ts";
import type { Deps } from "../deps.ts";
import { whileContended } from "../store/contention.ts";
import { mappingOf, putMapping, type SavedMapping } from "../store/mappings.ts";
import { folderSchema } from "./requests.ts";

export const SaveMappingRequest = z.strictObject({
  accountId: accountIdSchema,
  object: folderSchema,
  mapping: FolderMapping,
});
type SaveMappingRequest = z.infer<typeof SaveMappingRequest>;

/** Saves how the columns of a folder's files are read, from the next file on. Throws `REQUEST_INVALID` naming what does not fit. */
export async function saveMapping(
  deps: Pick<Deps, "table" | "clock" | "engine">,
  { accountId, object, mapping }: SaveMappingRequest,
  signal: AbortSignal,
): Promise<SavedMapping> {
  for (const [column, target] of Object.entries(mapping.columns)) {
    if (target === "ignore" || placeOf(object, target, column) !== undefined) continue;
    throw new SyncError("REQUEST_INVALID", {
      message: `columns.${column}: files of ${object} have no field ${target}`,
    });
  }
  if (mapping.dateFormat !== undefined) await tryFormat(deps, mapping.dateFormat, signal);
  return whileContended(async () => {
    const before = await mappingOf(deps.table, accountId, object);
    const saved: SavedMapping = { object, mapping, version: before.version + 1, savedAt: deps.clock.now() };
    await putMapping(deps.table, accountId, saved);
    return saved;
  });
}

async function tryFormat(deps: Pick<Deps, "engine">, format: string, signal: AbortSignal): Promise<void> {
  await using session = await deps.engine.open(signal);
  try {
    await session.rows("SELECT try_strptime('', $format::VARCHAR)", { format });
  } catch (cause) {
    throw new SyncError("REQUEST_INVALID", { message: `dateFormat: ${format} is no strptime format`, cause });
  }
}
