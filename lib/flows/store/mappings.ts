import type { AccountId } from "../../model/ids.ts";
import type { DataObject } from "../../model/log.ts";
import { emptyMapping, type FolderMapping } from "../../model/mapping.ts";
import type { Instant } from "../../model/time.ts";
import type { Table } from "../ports.ts";
import { accountItem } from "./keys.ts";
import { itemOf, recordOf, versionIs } from "./records.ts";

/** How the files of one folder are read. `version` grows with each saving and is 0 before the first. */
export interface SavedMapping {
  readonly object: DataObject;
  readonly mapping: FolderMapping;
  readonly version: number;
  readonly savedAt: Instant | null;
}

export async function mappingOf(table: Table, accountId: AccountId, object: DataObject): Promise<SavedMapping> {
  const item = await table.get(accountItem(accountId, `mapping/${object}`));
  return item === undefined
    ? { object, mapping: emptyMapping, version: 0, savedAt: null }
    : recordOf<SavedMapping>(item);
}

/** Throws `ConditionFailed` when another saving came between. */
export async function putMapping(table: Table, accountId: AccountId, saved: SavedMapping): Promise<void> {
  const item = itemOf(accountItem(accountId, `mapping/${saved.object}`), saved);
  await table.put(item, saved.version === 1 ? { item: "absent" } : versionIs(saved.version - 1));
}
